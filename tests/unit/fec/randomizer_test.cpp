// SPDX-License-Identifier: MIT
#include "dsp/fec/randomizer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

using namespace landfall::fec;

TEST_CASE("fec/randomizer: the 255-bit sequence begins as published and repeats after 255 bits") {
    constexpr std::array<std::uint8_t, 24> published{
        0xFF, 0x48, 0x0E, 0xC0, 0x9A, 0x0D, 0x70, 0xBC, 0x8E, 0x2C, 0x93, 0xAD,
        0xA7, 0xB7, 0x46, 0xCE, 0x5A, 0x97, 0x7D, 0xCC, 0x32, 0xA2, 0xBF, 0x3E};
    std::vector<std::uint8_t> made(510);
    random_sequence(randomizer::pn255, made);
    CHECK(std::ranges::equal(published, std::span(made).first(published.size())));
    CHECK(std::equal(made.begin(), made.begin() + 255, made.begin() + 255));
}

TEST_CASE("fec/randomizer: the 131071-bit sequence begins as published") {
    constexpr std::array<std::uint8_t, 20> published{0x1C, 0x71, 0xB9, 0x1B, 0xA9, 0xBA, 0x84,
                                                     0x57, 0xB4, 0xBC, 0x50, 0x54, 0xBF, 0xD0,
                                                     0x55, 0x40, 0x2F, 0x49, 0x31, 0x96};
    std::array<std::uint8_t, 20> made{};
    random_sequence(randomizer::pn131071, made);
    CHECK(made == published);
}

TEST_CASE("fec/randomizer: the long sequence's period is 131071 bits") {
    std::vector<std::uint8_t> made(2 * 131071);
    random_sequence(randomizer::pn131071, made);
    CHECK(std::equal(made.begin(), made.begin() + 131071, made.begin() + 131071));
    std::size_t ones = 0;
    for (std::size_t bit = 0; bit < 131071; ++bit) {
        ones += made[bit / 8] >> (7 - bit % 8) & 1U;
    }
    CHECK(ones == 65536);
}

TEST_CASE("fec/randomizer: without a randomizer nothing changes; with one, twice is nothing") {
    const std::vector<std::uint8_t> block(300, 0xA5);
    for (const randomizer kind : {randomizer::none, randomizer::pn255, randomizer::pn131071}) {
        const sequence_randomizer sequence(kind, block.size());
        std::vector<std::uint8_t> changed = block;
        sequence.apply(changed);
        CHECK((changed == block) == (kind == randomizer::none));
        sequence.apply(changed);
        CHECK(changed == block);
    }
}
