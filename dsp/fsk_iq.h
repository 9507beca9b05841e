// SPDX-License-Identifier: MIT
// FSK and GMSK in complex baseband: near the loss-free limit without a carrier loop.
#pragma once

#include "base/random.h"
#include "dsp/fft.h"
#include "dsp/fsk_detector.h"
#include "dsp/fsk_trellis.h"
#include "dsp/symbol_sampler.h"
#include "dsp/waveform.h"

#include <array>
#include <vector>

namespace landfall::dsp {

struct fsk_iq_config {
    waveform wave;
    double samples_per_symbol = 0.0; ///< 2 to 16
    double frequency_hint = 0.0;     ///< cycles per sample
    double search_range = 0.0;       ///< ± cycles per sample around the hint
};

class fsk_iq final : public fsk_detector {
  public:
    explicit fsk_iq(const fsk_iq_config& config);

    std::optional<carrier_state> search(std::span<const base::cf32> window) override;
    void start(const carrier_state& at) override;
    [[nodiscard]] std::ptrdiff_t end_sample() const noexcept override;
    void step(std::span<const base::cf32> buffer, fsk_step& out) override;
    [[nodiscard]] const carrier_state& state() const noexcept override { return state_; }
    void rebase(double samples) noexcept override { state_.position -= samples; }
    [[nodiscard]] std::size_t reach() const noexcept override { return sampler_.reach(); }

  private:
    static constexpr std::size_t ahead_symbols = 24;

    struct correction {
        double timing = 0.0; ///< symbols
        double turn = 0.0;   ///< radians per symbol
    };

    void spectrum_of(std::span<const base::cf32> samples, std::vector<double>& power);
    double coarse_frequency(std::span<const base::cf32> window);
    [[nodiscard]] double metric_of(const fsk_block& seen, std::size_t symbols) const noexcept;
    static correction errors_of(const fsk_block& seen, const fsk_trellis& by) noexcept;
    fsk_block look(std::span<const base::cf32> window, const carrier_state& at, std::size_t count,
                   fsk_trellis& trellis);
    static void move(carrier_state& at, const correction& by, double share) noexcept;
    carrier_state strongest_start(std::span<const base::cf32> window, double frequency);
    carrier_state signal_start(std::span<const base::cf32> window, const carrier_state& at,
                               std::size_t symbols);
    void calibrate();

    fsk_iq_config config_;
    symbol_sampler sampler_;
    fsk_trellis trellis_;  ///< that follows
    fsk_trellis explorer_; ///< that searches, with a short memory
    fsk_trellis checker_;  ///< as trellis_, of the search
    fft transform_;
    std::vector<float> taper_;
    std::vector<double> template_; ///< the signal's spectrum, without its mean
    std::vector<double> power_;
    std::vector<float> soft_;
    double clean_power_ = 1.0;  ///< that the filter leaves of a signal of power 1
    double clean_signal_ = 1.0; ///< and as the trellis measures it
    double noise_metric_ = 0.0;
    double threshold_ = 0.0;
    carrier_state state_;
    double soft_mean_ = 0.0;
    double amplitude_ = 0.0;
    double power_mean_ = 0.0;
    std::size_t steps_ = 0;
};

} // namespace landfall::dsp
