// SPDX-License-Identifier: MIT
// What one modem lcore can do in real time.
#pragma once

#include "dsp/waveform.h"

namespace landfall::app {

/// Symbols a second that one core follows, demodulation and decoding, rounded down from what
/// `landfall bench` tells of common servers; of FSK, what it searches while there is no signal.
/// Only for a warning before anything is started.
[[nodiscard]] constexpr double followed_symbols_per_s(const dsp::waveform& wave) noexcept {
    switch (wave.kind) {
    case dsp::modulation::fsk:
    case dsp::modulation::gmsk:
        return 0.5e6;
    case dsp::modulation::psk8:
        return 5e6;
    case dsp::modulation::bpsk:
    case dsp::modulation::qpsk:
    case dsp::modulation::oqpsk:
        break;
    }
    return wave.equalize ? 5e6 : 50e6;
}

} // namespace landfall::app
