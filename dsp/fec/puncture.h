// SPDX-License-Identifier: MIT
// Which coded bits are sent: CCSDS 131.0-B, table 3-2 (the same patterns as EN 300 421, table 2).
#pragma once

#include "dsp/fec/coding.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace landfall::fec {

/// One period of the code: `bits` information bits become `sent` channel bits.
struct puncture_pattern {
    std::size_t bits = 1;
    std::size_t sent = 1;
    std::uint8_t c1 = 1; ///< bit i set: C1 of the period's i-th information bit is sent
    std::uint8_t c2 = 0;
    /// Channel bits of the period before the i-th information bit's first.
    std::array<std::uint8_t, 7> offset{};

    [[nodiscard]] constexpr bool sends_c1(std::size_t i) const noexcept {
        return (c1 >> i & 1) != 0;
    }
    [[nodiscard]] constexpr bool sends_c2(std::size_t i) const noexcept {
        return (c2 >> i & 1) != 0;
    }
};

namespace detail {
constexpr puncture_pattern make_pattern(std::size_t bits, std::uint8_t c1, std::uint8_t c2) {
    puncture_pattern pattern{bits, 0, c1, c2, {}};
    for (std::size_t i = 0; i < bits; ++i) {
        pattern.offset[i] = static_cast<std::uint8_t>(pattern.sent);
        pattern.sent += (pattern.sends_c1(i) ? 1U : 0U) + (pattern.sends_c2(i) ? 1U : 0U);
    }
    return pattern;
}
} // namespace detail

/// `none` is one channel bit for each bit. The masks read right to left: bit 0 is sent first.
[[nodiscard]] constexpr puncture_pattern pattern_of(code_rate rate) noexcept {
    switch (rate) {
    case code_rate::none:
        return detail::make_pattern(1, 0b1, 0b0);
    case code_rate::r1_2:
        return detail::make_pattern(1, 0b1, 0b1);
    case code_rate::r2_3:
        return detail::make_pattern(2, 0b01, 0b11);
    case code_rate::r3_4:
        return detail::make_pattern(3, 0b101, 0b011);
    case code_rate::r5_6:
        return detail::make_pattern(5, 0b10101, 0b01011);
    case code_rate::r7_8:
        return detail::make_pattern(7, 0b1010001, 0b0101111);
    }
    return {};
}

} // namespace landfall::fec
