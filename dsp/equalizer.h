// SPDX-License-Identifier: MIT
// An adaptive filter behind the matched filter, two taps a symbol, for multipath and slopes of
// filters: blind at first, by the points' constant modulus, then by decisions.
#pragma once

#include "base/sample.h"
#include "dsp/waveform.h"

#include <array>
#include <cstddef>
#include <span>

namespace landfall::dsp {

/// BPSK, QPSK and 8PSK. Allocates nothing.
class equalizer {
  public:
    /// Symbols by which the output is late.
    static constexpr std::size_t delay_symbols = 5;

    explicit equalizer(modulation kind) noexcept : kind_(kind) { reset(1.0, 2.0); }

    /// Begins anew, without effect on what passes: a rail has that amplitude and that power, noise
    /// included.
    void reset(double rail_amplitude, double rail_power) noexcept;

    struct rails {
        std::span<base::cf32> value; ///< of the matched filter, and its derivative
        std::span<base::cf32> slope;
    };
    /// Filters a block in place, and learns from each symbol: `on_time` at the symbols' instants,
    /// `late` half a symbol later. Its gain follows the input's power alone, so that it does not
    /// run against the one behind it, which has divided both by `amplitude`. `certainty` is a
    /// rail's power over its noise.
    void run(rails on_time, rails late, float amplitude, float certainty) noexcept;

  private:
    static constexpr std::size_t taps = 4 * delay_symbols + 1;

    [[nodiscard]] base::cf32 error_of(base::cf32 y, float certainty) const noexcept;

    modulation kind_;
    std::array<base::cf32, taps> tap_{};   ///< the latest half symbol first
    std::array<base::cf32, taps> value_{}; ///< scaled
    std::array<base::cf32, taps> slope_{};
    float reference_ = 1.0F; ///< root of the input's power over a rail's amplitude
    float power_ = 2.0F;     ///< of the input
    float unit_ = 1.0F;      ///< of the output: a rail's amplitude at the beginning
    std::size_t symbols_ = 0;
};

} // namespace landfall::dsp
