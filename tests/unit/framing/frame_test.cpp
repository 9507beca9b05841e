// SPDX-License-Identifier: MIT
#include "framing/frame.h"
#include "support.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace landfall::framing;

TEST_CASE("framing/frame: the 32-bit check has published values") {
    CHECK(crc32(from_hex("313233343536373839")) == 0x51693C0C);
    CHECK(crc32(from_hex("ffffffff")) == 0x71800472);
    CHECK(crc32(from_hex("deadbeef")) == 0x4440D14C);
    CHECK(fecf32_fits(from_hex("deadbeef4440d14c")));
    CHECK_FALSE(fecf32_fits(from_hex("deadbeef4440d14d")));
    CHECK_FALSE(fecf32_fits(from_hex("00000000")));
}

TEST_CASE("framing/frame: the CRC-32 of any length is what a register leaves bit by bit") {
    std::vector<std::uint8_t> octets;
    for (unsigned length = 0; length < 40; ++length) {
        std::uint32_t value = 0;
        for (std::size_t bit = 0; bit < 8 * octets.size(); ++bit) {
            const std::uint32_t in = octets[bit / 8] >> (7 - bit % 8) & 1U;
            value = value << 1U ^ (in != value >> 31U ? 0x00A0'0805U : 0U);
        }
        CHECK(crc32(octets) == value);
        octets.push_back(static_cast<std::uint8_t>(171 * length + 89));
    }
}

TEST_CASE("framing/frame: the 16-bit check fits its own octets and no damaged ones") {
    const octet_vector good = from_hex("31323334353637383929b1");
    CHECK(fecf16_fits(good));
    for_each_flip(good, good.size() * 8,
                  [](const octet_vector& flipped) { CHECK_FALSE(fecf16_fits(flipped)); });
    CHECK_FALSE(fecf16_fits(from_hex("ffff")));
}

TEST_CASE("framing/frame: errors have names of their own") {
    std::map<std::string, int> names;
    for (std::size_t i = 0; i < frame_error_count; ++i) {
        ++names[name(static_cast<frame_error>(i))];
    }
    CHECK(names.size() == frame_error_count);
    CHECK(names.count("unknown") == 0);
}
