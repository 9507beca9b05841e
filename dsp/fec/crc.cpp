// SPDX-License-Identifier: MIT
#include "dsp/fec/crc.h"

#include <array>

namespace landfall::fec {
namespace {

/// Row n: what an octet with n octets behind it leaves.
constexpr std::array<std::array<std::uint16_t, 256>, 8> make_tables() {
    std::array<std::array<std::uint16_t, 256>, 8> tables{};
    for (unsigned octet = 0; octet < 256; ++octet) {
        unsigned remainder = octet << 8U;
        for (std::size_t behind = 0; behind < tables.size(); ++behind) {
            for (int bit = 0; bit < 8; ++bit) {
                remainder = (remainder << 1U) ^ ((remainder & 0x8000U) != 0 ? 0x11021U : 0U);
            }
            tables[behind][octet] = static_cast<std::uint16_t>(remainder);
        }
    }
    return tables;
}

constexpr auto tables = make_tables();

} // namespace

std::uint16_t crc16(base::octets data) noexcept {
    unsigned remainder = 0xFFFF;
    while (data.size() >= 8) {
        const unsigned first = data[0] ^ remainder >> 8U;
        const unsigned second = data[1] ^ (remainder & 0xFFU);
        const unsigned front = tables[7][first] ^ tables[6][second];
        const unsigned middle = tables[5][data[2]] ^ tables[4][data[3]] ^ tables[3][data[4]];
        const unsigned back = tables[2][data[5]] ^ tables[1][data[6]] ^ tables[0][data[7]];
        remainder = front ^ middle ^ back;
        data = data.subspan(8);
    }
    for (const std::uint8_t octet : data) {
        remainder = (remainder << 8U & 0xFFFFU) ^ tables[0][(remainder >> 8U) ^ octet];
    }
    return static_cast<std::uint16_t>(remainder);
}

} // namespace landfall::fec
