// SPDX-License-Identifier: MIT
// The field of the Reed-Solomon codes (CCSDS 131.0-B, 4.3): GF(256) over x^8+x^7+x^2+x+1, and the
// table of a multiplication, which is linear in the bits of the factor: one half for each nibble.
#pragma once

#include <array>
#include <cstdint>

namespace landfall::fec::gf256 {

constexpr std::uint8_t multiply(unsigned a, unsigned b) noexcept {
    unsigned product = 0;
    for (; b != 0; b >>= 1U) {
        product ^= (b & 1U) != 0 ? a : 0U;
        a = (a << 1U) ^ ((a & 0x80U) != 0 ? 0x187U : 0U);
    }
    return static_cast<std::uint8_t>(product);
}

namespace detail {
constexpr std::array<std::uint8_t, 255> make_beta_powers() {
    std::array<std::uint8_t, 255> powers{};
    unsigned beta = 1;
    for (int i = 0; i < 11; ++i) {
        beta = multiply(beta, 2);
    }
    unsigned power = 1;
    for (std::uint8_t& one : powers) {
        one = static_cast<std::uint8_t>(power);
        power = multiply(power, beta);
    }
    return powers;
}
inline constexpr auto beta_powers = make_beta_powers();
} // namespace detail

/// beta = alpha^11, of order 255, whose powers are the generator's roots.
constexpr std::uint8_t beta(unsigned exponent) noexcept {
    return detail::beta_powers[exponent % 255];
}

/// A linear map of octets: f(x) = low[x mod 16] + high[x / 16].
struct alignas(32) nibble_table {
    std::array<std::uint8_t, 16> low;
    std::array<std::uint8_t, 16> high;

    constexpr std::uint8_t operator()(unsigned octet) const noexcept {
        return static_cast<std::uint8_t>(low[octet & 15U] ^ high[octet >> 4U]);
    }
};

/// `map` is linear.
constexpr nibble_table nibble_table_of(const auto& map) {
    nibble_table table{};
    for (unsigned nibble = 0; nibble < 16; ++nibble) {
        table.low[nibble] = map(nibble);
        table.high[nibble] = map(nibble << 4U);
    }
    return table;
}

namespace detail {
constexpr std::array<nibble_table, 256> make_times() {
    std::array<nibble_table, 256> times{};
    for (unsigned factor = 0; factor < 256; ++factor) {
        times[factor] = nibble_table_of([=](unsigned x) { return multiply(x, factor); });
    }
    return times;
}
constexpr std::array<std::uint8_t, 256> make_inverse() {
    std::array<std::uint8_t, 256> inverse{};
    for (unsigned i = 0; i < 255; ++i) {
        inverse[beta(i)] = beta(255 - i);
    }
    return inverse;
}
} // namespace detail

/// times[a](b) is the product; inverse[0] is 0.
inline constexpr auto times = detail::make_times();
inline constexpr auto inverse = detail::make_inverse();

} // namespace landfall::fec::gf256
