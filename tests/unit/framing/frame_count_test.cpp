// SPDX-License-Identifier: MIT
#include "framing/frame_count.h"

#include <doctest/doctest.h>

#include <array>

using namespace landfall;
using namespace landfall::framing;

namespace {
count_step after(std::uint64_t first, std::uint64_t second, unsigned bits,
                 std::optional<std::uint64_t> room = std::nullopt) {
    frame_count count;
    count.advance({first, bits, first, std::nullopt});
    return count.advance({second, bits, second, room});
}
} // namespace

TEST_CASE("framing/frame_count: counts step across their wrap") {
    for (const unsigned bits : {8U, 16U, 24U, 28U, 32U, 56U}) {
        const std::uint64_t last = (std::uint64_t{1} << bits) - 1;
        CHECK(after(last, 0, bits).contiguous);
        CHECK(after(last - 1, 1, bits).missing == 2);
        CHECK(after(last, 100, bits).missing == 100);
        CHECK(after(5, 6, bits).contiguous);
        CHECK(after(5, 6, bits).missing == 0);
    }
}

TEST_CASE("framing/frame_count: an eight-bit count always means what is missing modulo 256") {
    CHECK(after(10, 9, 8).missing == 254);
    CHECK(after(10, 200, 8).missing == 189);
    CHECK_FALSE(after(10, 9, 8).restart);
}

TEST_CASE("framing/frame_count: a jump back or too far is a restart of a longer count") {
    CHECK(after(1106, 0, 24).restart);
    CHECK(after(1106, 0, 24).missing == 0);
    CHECK(after(0, longest_gap_frames + 1, 24).missing == longest_gap_frames);
    CHECK(after(0, longest_gap_frames + 2, 24).restart);
    CHECK(after(0, 32767, 16).missing == 32766);
    CHECK(after(0, 32770, 16).restart);
}

TEST_CASE("framing/frame_count: with times, what does not fit in the time is a restart") {
    CHECK(after(10, 200, 8, 1000).missing == 189);
    CHECK(after(10, 200, 8, 20).restart);
    CHECK(after(0, 5'000'001, 24, 6'000'000).missing == 5'000'000);
    CHECK(after(0, 100, 24, 20).restart);
}

TEST_CASE("framing/frame_count: the same frame again is a duplicate, another one a whole turn") {
    frame_count count;
    count.advance({7, 8, 1111, std::nullopt});
    CHECK(count.advance({7, 8, 1111, std::nullopt}).duplicate);
    CHECK(count.advance({8, 8, 2222, std::nullopt}).contiguous);
    CHECK(count.advance({8, 8, 3333, std::nullopt}).restart);
    CHECK(count.advance({8, 8, 4444, 300}).missing == 255);
}

TEST_CASE("framing/frame_count: a format without counts is always contiguous") {
    frame_count count;
    CHECK(count.advance({0, 0, 1, std::nullopt}).contiguous);
    CHECK(count.advance({0, 0, 2, std::nullopt}).contiguous);
    CHECK_FALSE(count.advance({9, 16, 3, std::nullopt}).contiguous);
    CHECK(count.advance({9, 24, 4, std::nullopt}).restart);
}

TEST_CASE("framing/frame_count: the period is found between outages and bounds what is missing") {
    frame_period period;
    const base::timestamp start{1000, 0};
    CHECK_FALSE(period.room(start, start).has_value());
    double at_s = 0;
    for (int i = 0; i < 40; ++i) {
        at_s += i % 5 == 4 ? 3.7 : 0.1;
        period.observe(start.plus_seconds(at_s));
        if (i < 5) {
            CHECK_FALSE(period.room(start, start.plus_seconds(1)).has_value());
        }
    }
    const auto room = period.room(start, start.plus_seconds(1));
    REQUIRE(room.has_value());
    CHECK(*room >= 10);
    CHECK(*room <= 13);
    CHECK_FALSE(period.room(start.plus_seconds(1), start).has_value());
}

TEST_CASE("framing/frame_count: fingerprints tell frames apart by one bit and by length") {
    std::array<std::uint8_t, 100> frame{};
    const std::uint64_t plain = fingerprint(frame.data(), frame.size());
    CHECK(plain == fingerprint(frame.data(), frame.size()));
    CHECK(plain != fingerprint(frame.data(), frame.size() - 1));
    for (std::size_t bit = 0; bit < 800; ++bit) {
        frame[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK(plain != fingerprint(frame.data(), frame.size()));
        frame[bit / 8] = 0;
    }
}
