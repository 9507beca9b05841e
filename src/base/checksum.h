// SPDX-License-Identifier: MIT
// The Internet checksum (RFC 1071), fast enough for every octet that is delivered.
#pragma once

#include "base/bytes.h"

#include <bit>

namespace landfall::base {

/// Adds to a one's-complement sum whose octet order is the machine's (RFC 1071, section 2 (B)).
/// Of several pieces only the last may have an odd number of octets. Up to 2^32 words in all.
[[nodiscard]] inline std::uint64_t add_words(std::uint64_t sum, octets data) noexcept {
    const std::size_t words = data.size() / 4;
    for (std::size_t i = 0; i < words; ++i) {
        std::uint32_t word = 0;
        std::memcpy(&word, data.data() + 4 * i, 4);
        sum += word;
    }
    std::uint32_t rest = 0;
    if (data.size() % 4 != 0) {
        std::memcpy(&rest, data.data() + 4 * words, data.size() % 4);
    }
    return sum + rest;
}

/// The same, and copies the data to where there is room for as much, elsewhere: faster than one
/// after the other.
[[nodiscard]] inline std::uint64_t add_and_copy_words(std::uint64_t sum, octets data,
                                                      std::uint8_t* __restrict to) noexcept {
    const std::uint8_t* __restrict const from = data.data();
    const std::size_t words = data.size() / 8;
    std::uint64_t low = 0;
    std::uint64_t high = 0;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < words; ++i) {
        std::uint64_t word = 0;
        std::memcpy(&word, from + 8 * i, 8);
        std::memcpy(to + 8 * i, &word, 8);
        low += word & 0xFFFF'FFFFU;
        high += word >> 32U;
    }
    std::size_t at = 8 * words;
    if (data.size() - at >= 4) {
        std::memcpy(to + at, from + at, 4);
        sum = add_words(sum, data.subspan(at, 4));
        at += 4;
    }
    for (std::size_t rest = at; rest < data.size(); ++rest) {
        to[rest] = from[rest];
    }
    return add_words(sum + low + high, data.subspan(at));
}

/// Adds a number that is sent as four octets, big-endian.
[[nodiscard]] inline std::uint64_t add_u32(std::uint64_t sum, std::uint32_t value) noexcept {
    return sum + (std::endian::native == std::endian::little ? std::byteswap(value) : value);
}

/// The sum folded and complemented: what goes into the field as a big-endian number, and 0 for data
/// that includes a checksum which fits.
[[nodiscard]] inline std::uint16_t checksum_of(std::uint64_t sum) noexcept {
    while (sum >> 16U != 0) {
        sum = (sum & 0xFFFFU) + (sum >> 16U);
    }
    const auto folded = static_cast<std::uint16_t>(~sum);
    if constexpr (std::endian::native == std::endian::little) {
        return static_cast<std::uint16_t>(folded << 8U | folded >> 8U);
    }
    return folded;
}

/// A header checksum after one 16-bit word of the header changed (RFC 1624, equation 3).
[[nodiscard]] inline std::uint16_t updated_checksum(std::uint16_t checksum, std::uint16_t old_word,
                                                    std::uint16_t new_word) noexcept {
    std::uint32_t sum = (~checksum & 0xFFFFU) + (~old_word & 0xFFFFU) + new_word;
    sum = (sum & 0xFFFFU) + (sum >> 16U);
    sum = (sum & 0xFFFFU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
}

} // namespace landfall::base
