// SPDX-License-Identifier: MIT
// How the frequency of an FSK or GMSK carrier moves with one bit.
#pragma once

#include "dsp/waveform.h"

namespace landfall::dsp {

/// A symbol's frequency deviation over time, of unit area: rectangular, or that rectangle through a
/// Gaussian filter of bandwidth BT.
class frequency_pulse {
  public:
    /// Symbols to either side of the centre, beyond which nothing is left (1e-4 at BT 0.3).
    static constexpr double reach_symbols = 2.5;

    explicit frequency_pulse(const waveform& wave) noexcept;

    /// Part of the area up to `time_symbols` from the centre: 0 to 1.
    [[nodiscard]] double area(double time_symbols) const noexcept;

  private:
    double deviation_ = 0.0; ///< of the Gaussian, in symbols; 0: none
};

} // namespace landfall::dsp
