// SPDX-License-Identifier: MIT
// What a carrier loop's ambiguity does to the stream of soft bits. Half-turns only invert all bits,
// which the code and the sync marker's two polarities resolve; what is left of the quarter-turns:
//
// QPSK: (I, Q) turns into (-Q, I), pair by pair.
// OQPSK: Q is sent half a symbol after I. After a quarter-turn the receiver finds its first rail
// half a symbol later, on what was Q, and pairs it with the next I: (-Q[k], I[k+1]). As a serial
// stream: shifted by one bit, the bits of one rail inverted. The shift is found as code phase or by
// the marker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::fec {

/// `i_negated` also is a mirrored spectrum, or a C2 of the other polarity; `swapped` is that turned
/// by a quarter.
enum class rail_map : std::uint8_t { as_received, quarter_turn, i_negated, swapped };

/// Maps soft bits whose first is an I bit (`soft.size()` even, except for `as_received`).
inline void map_rails(rail_map map, std::span<const std::int8_t> soft, std::int8_t* out) noexcept {
    const auto negative = [](std::int8_t value) {
        return static_cast<std::int8_t>(value == -128 ? 127 : -value);
    };
    switch (map) {
    case rail_map::as_received:
        for (std::size_t i = 0; i < soft.size(); ++i) {
            out[i] = soft[i];
        }
        return;
    case rail_map::quarter_turn:
        for (std::size_t i = 0; i + 1 < soft.size(); i += 2) {
            out[i] = negative(soft[i + 1]);
            out[i + 1] = soft[i];
        }
        return;
    case rail_map::swapped:
        for (std::size_t i = 0; i + 1 < soft.size(); i += 2) {
            out[i] = soft[i + 1];
            out[i + 1] = soft[i];
        }
        return;
    case rail_map::i_negated:
        for (std::size_t i = 0; i + 1 < soft.size(); i += 2) {
            out[i] = negative(soft[i]);
            out[i + 1] = soft[i + 1];
        }
        return;
    }
}

} // namespace landfall::fec
