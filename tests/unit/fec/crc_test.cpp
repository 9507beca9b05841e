// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "dsp/fec/crc.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <vector>

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

TEST_CASE("fec/crc: of every length, what a register that shifts bit by bit leaves") {
    base::random_source random(1);
    std::vector<std::uint8_t> data;
    for (std::size_t length = 0; length < 100; ++length) {
        unsigned remainder = 0xFFFF;
        for (std::size_t bit = 0; bit < 8 * length; ++bit) {
            const unsigned in = data[bit / 8] >> (7 - bit % 8) & 1U;
            const unsigned out = remainder >> 15U;
            remainder = (remainder << 1U & 0xFFFFU) ^ (in != out ? 0x1021U : 0U);
        }
        CHECK(fec::crc16(data) == remainder);
        data.push_back(static_cast<std::uint8_t>(random.bits() >> 56U));
    }
}
