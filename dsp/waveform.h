// SPDX-License-Identifier: MIT
// What is known of a carrier's waveform before it is received.
#pragma once

#include <cstdint>

namespace landfall::dsp {

enum class modulation : std::uint8_t { bpsk, qpsk, oqpsk, psk8, fsk, gmsk };

/// Of receivers: `automatic` takes the one that loses least and costs least, which is the block
/// engine for all that there is.
enum class engine : std::uint8_t { automatic, block, liquid };

struct waveform {
    modulation kind = modulation::qpsk;
    double symbol_rate_hz = 1e6;    ///< 1 ksym/s to 250 Msym/s
    double roll_off = 0.5;          ///< of PSK's root-raised-cosine pulse, 0.2 to 0.6
    bool spectrum_inverted = false; ///< the received spectrum is mirrored: conjugate it
    bool iq_swapped = false;        ///< I and Q are exchanged in the samples
    /// Of FSK and GMSK: distance of the two frequencies over the symbol rate, 0.5 to 1.
    double modulation_index = 0.5;
    double gaussian_bt = 0.5; ///< of GMSK's frequency pulse, 0.3 to 1; FSK's is rectangular
    bool equalize = false;    ///< BPSK, QPSK and 8PSK go through an adaptive equaliser
};

/// The carrier's phase is continuous and carries the data by its frequency, a one by the higher.
[[nodiscard]] constexpr bool is_frequency_modulated(modulation kind) noexcept {
    return kind == modulation::fsk || kind == modulation::gmsk;
}

/// Soft bits per channel symbol: BPSK, FSK and GMSK 1; QPSK and OQPSK 2 (I, then Q); 8PSK 3.
[[nodiscard]] constexpr unsigned bits_per_symbol(modulation kind) noexcept {
    return kind == modulation::psk8                                ? 3
           : kind == modulation::qpsk || kind == modulation::oqpsk ? 2
                                                                   : 1;
}

} // namespace landfall::dsp
