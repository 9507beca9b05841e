// SPDX-License-Identifier: MIT
#include "dsp/fec/crc.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>

using namespace landfall;

TEST_CASE("fec/crc: the check value of the nine digits is 29B1") {
    const std::array<std::uint8_t, 9> digits{'1', '2', '3', '4', '5', '6', '7', '8', '9'};
    CHECK(fec::crc16(digits) == 0x29B1);
    CHECK(fec::crc16({}) == 0xFFFF);
}

TEST_CASE("fec/crc: data with its CRC appended leave nothing, and any flipped bit shows") {
    std::array<std::uint8_t, 11> data{'1', '2', '3', '4', '5', '6', '7', '8', '9', 0x29, 0xB1};
    CHECK(fec::crc16(data) == 0);
    for (std::size_t bit = 0; bit < 8 * data.size(); ++bit) {
        data[bit / 8] = static_cast<std::uint8_t>(data[bit / 8] ^ 1U << bit % 8);
        CHECK(fec::crc16(data) != 0);
        data[bit / 8] = static_cast<std::uint8_t>(data[bit / 8] ^ 1U << bit % 8);
    }
}
