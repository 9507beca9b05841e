// SPDX-License-Identifier: MIT
// What a carrier loop's ambiguity does to the stream of soft bits. Half-turns only invert all bits,
// which the code and the sync marker's two polarities resolve; what is left of the quarter-turns:
//
// QPSK: (I, Q) turns into (-Q, I), pair by pair.
// OQPSK: Q is sent half a symbol after I. After a quarter-turn the receiver finds its first rail
// half a symbol later, on what was Q, and pairs it with the next I: (-Q[k], I[k+1]). As a serial
// stream: shifted by one bit, the bits of one rail inverted. The shift is found as code phase or by
// the marker.
// 8PSK: a turn by 45° moves the point to the next of its circle. The three soft bits tell the
// point's coordinates but for a factor (dsp/psk8.h); turned, they give the soft bits of the turned
// point.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::fec {

/// `i_negated` also is a mirrored spectrum, or a C2 of the other polarity; `swapped` is that turned
/// by a quarter.
enum class rail_map : std::uint8_t {
    as_received,
    quarter_turn,
    i_negated,
    swapped,
    eighth_turn, ///< 8PSK, and so on counterclockwise
    two_eighths,
    three_eighths,
    four_eighths,
    five_eighths,
    six_eighths,
    seven_eighths
};

/// Soft bits of a symbol, to which a map's pieces are aligned.
[[nodiscard]] constexpr std::size_t map_width(rail_map map) noexcept {
    return map == rail_map::as_received ? 1 : map < rail_map::eighth_turn ? 2 : 3;
}

/// One 8PSK symbol, turned `eighths` times.
inline void turn_psk8(unsigned eighths, const std::int8_t* soft, std::int8_t* out) noexcept {
    constexpr float inner = 0.765367F; // the slopes of dsp/psk8.cpp
    constexpr float outer = 0.541196F;
    constexpr float half_root = 0.707107F;
    const auto first = static_cast<float>(soft[0]);
    const auto second = static_cast<float>(soft[1]);
    const auto third = static_cast<float>(soft[2]);
    const float size_x = std::max(std::abs(second) - std::max(third, 0.0F), 0.0F) / inner;
    const float size_y = std::max(std::abs(first) - std::max(-third, 0.0F), 0.0F) / inner;
    float x = std::copysign(size_x, second);
    float y = std::copysign(size_y, first);
    for (unsigned i = 0; i < eighths / 2; ++i) {
        const float before = x;
        x = -y;
        y = before;
    }
    if (eighths % 2 != 0) {
        const float before = x;
        x = half_root * (x - y);
        y = half_root * (before + y);
    }
    const float difference = std::abs(x) - std::abs(y);
    const auto rounded = [](float value) {
        return static_cast<std::int8_t>(std::lrint(std::clamp(value, -127.0F, 127.0F)));
    };
    out[0] = rounded(std::copysign(inner * std::abs(y) + outer * std::max(-difference, 0.0F), y));
    out[1] = rounded(std::copysign(inner * std::abs(x) + outer * std::max(difference, 0.0F), x));
    out[2] = rounded(outer * difference);
}

/// Maps soft bits whose first is a symbol's first; whole symbols, except for `as_received`.
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
    case rail_map::eighth_turn:
    case rail_map::two_eighths:
    case rail_map::three_eighths:
    case rail_map::four_eighths:
    case rail_map::five_eighths:
    case rail_map::six_eighths:
    case rail_map::seven_eighths:
        for (std::size_t i = 0; i + 2 < soft.size(); i += 3) {
            turn_psk8(static_cast<unsigned>(map) - static_cast<unsigned>(rail_map::three_eighths) +
                          3,
                      &soft[i], out + i);
        }
        return;
    }
}

} // namespace landfall::fec
