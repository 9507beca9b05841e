// SPDX-License-Identifier: MIT
// What is known of a carrier's waveform before it is received.
#pragma once

#include <cstdint>

namespace landfall::dsp {

enum class modulation : std::uint8_t { bpsk, qpsk, oqpsk };

struct waveform {
    modulation kind = modulation::qpsk;
    double symbol_rate_hz = 1e6;    ///< 1 ksym/s to 250 Msym/s
    double roll_off = 0.5;          ///< of the root-raised-cosine pulse, 0.2 to 0.6
    bool spectrum_inverted = false; ///< the received spectrum is mirrored: conjugate it
    bool iq_swapped = false;        ///< I and Q are exchanged in the samples
};

/// Soft bits per channel symbol: BPSK 1; QPSK and OQPSK 2 (I, then Q).
[[nodiscard]] constexpr unsigned bits_per_symbol(modulation kind) noexcept {
    return kind == modulation::bpsk ? 1 : 2;
}

} // namespace landfall::dsp
