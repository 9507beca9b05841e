// SPDX-License-Identifier: MIT
// What one modem lcore can do in real time.
#pragma once

#include "dsp/waveform.h"

namespace landfall::app {

/// Symbols a second that one core follows, demodulation and decoding, rounded down from what
/// `landfall bench` tells of common servers. Only for a warning before anything is started.
[[nodiscard]] constexpr double followed_symbols_per_s(dsp::modulation kind) noexcept {
    return kind == dsp::modulation::oqpsk ? 5e6 : 10e6;
}

} // namespace landfall::app
