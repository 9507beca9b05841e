// SPDX-License-Identifier: MIT
// FSK and GMSK in the audio of an FM receiver, whose samples are the carrier's frequency already:
// only their real part counts.
#pragma once

#include "dsp/fsk_detector.h"
#include "dsp/symbol_sampler.h"

#include <array>

namespace landfall::dsp {

class fsk_audio final : public fsk_detector {
  public:
    /// 2 to 16 samples per symbol.
    explicit fsk_audio(double samples_per_symbol);

    std::optional<carrier_state> search(std::span<const base::cf32> window) override;
    void start(const carrier_state& at) override;
    [[nodiscard]] std::ptrdiff_t end_sample() const noexcept override;
    void step(std::span<const base::cf32> buffer, fsk_step& out) override;
    [[nodiscard]] const carrier_state& state() const noexcept override { return state_; }
    void rebase(double samples) noexcept override { state_.position -= samples; }
    [[nodiscard]] std::size_t reach() const noexcept override { return sampler_.reach(); }

  private:
    /// The two levels that a block's symbols lie around.
    struct levels {
        double middle = 0.0;
        double amplitude = 0.0; ///< half their distance
        double noise = 0.0;     ///< mean square around them
        double metric = 0.0;    ///< contrast of symbols and what is between them
    };

    void integrate(std::span<const base::cf32> buffer, const carrier_state& at, std::size_t count);
    [[nodiscard]] levels levels_of(std::size_t symbol_count) const noexcept;
    [[nodiscard]] double timing_of(const levels& seen, std::size_t count) const noexcept;
    carrier_state clock_at_end(std::span<const base::cf32> window);

    double samples_per_symbol_;
    symbol_sampler sampler_;
    std::array<float, symbol_sampler::most_symbols> whole_{}; ///< integrals over symbols
    std::array<float, symbol_sampler::most_symbols> half_{};  ///< half a symbol later
    carrier_state state_;
    levels known_;
    std::size_t steps_ = 0;
};

} // namespace landfall::dsp
