// SPDX-License-Identifier: MIT
// Samples at places that are set by the symbol clock, whatever the sample rate: for detectors that
// look at whole symbols.
#pragma once

#include "base/sample.h"
#include "dsp/matched_filter.h"

#include <cstddef>
#include <span>
#include <vector>

namespace landfall::dsp {

/// Mixes a carrier to the centre, takes out what lies beyond a low-pass filter's band, and gives
/// four samples per symbol, centred in the symbol's quarters.
class symbol_sampler {
  public:
    static constexpr std::size_t per_symbol = 4;
    static constexpr std::size_t most_symbols = 512; ///< at once

    /// `cutoff_symbol_rates`: half the band's width, of the symbol rate. At least 2 samples per
    /// symbol.
    symbol_sampler(double samples_per_symbol, double cutoff_symbol_rates);

    /// One past the last sample that `count` symbols from `at` on need.
    [[nodiscard]] std::ptrdiff_t end_sample(const carrier_state& at,
                                            std::size_t count) const noexcept;
    /// Samples before a symbol's centre that it needs.
    [[nodiscard]] std::size_t reach() const noexcept;

    /// `count` symbols, the first one centred on `at.position`; samples outside `buffer` count as
    /// zero. Valid until the next call.
    std::span<const base::cf32> run(std::span<const base::cf32> buffer, const carrier_state& at,
                                    std::size_t count);

    /// Power of the output for white noise of unit power at the input.
    [[nodiscard]] double noise_gain() const noexcept { return noise_gain_; }

  private:
    std::size_t half_taps_;
    double samples_per_symbol_;
    std::vector<float> bank_; ///< rows of 2 half_taps_, each tap twice
    double noise_gain_ = 0.0;
    std::vector<base::cf32> mixed_;
    std::vector<base::cf32> out_;
};

} // namespace landfall::dsp
