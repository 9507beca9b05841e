// SPDX-License-Identifier: MIT
#include "dsp/fec/crc.h"

#include <array>

namespace landfall::fec {
namespace {

constexpr std::array<std::uint16_t, 256> make_table() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned octet = 0; octet < 256; ++octet) {
        unsigned remainder = octet << 8U;
        for (int bit = 0; bit < 8; ++bit) {
            remainder = (remainder << 1U) ^ ((remainder & 0x8000U) != 0 ? 0x1021U : 0U);
        }
        table[octet] = static_cast<std::uint16_t>(remainder);
    }
    return table;
}

constexpr auto table = make_table();

} // namespace

std::uint16_t crc16(base::octets data) noexcept {
    unsigned remainder = 0xFFFF;
    for (const std::uint8_t octet : data) {
        remainder = (remainder << 8U & 0xFFFFU) ^ table[(remainder >> 8U) ^ octet];
    }
    return static_cast<std::uint16_t>(remainder);
}

} // namespace landfall::fec
