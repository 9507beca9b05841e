// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "crypto/replay_window.h"

#include <doctest/doctest.h>

#include <memory>
#include <set>

using landfall::crypto::replay_window;

TEST_CASE("crypto/replay_window: counter 0 is good once") {
    replay_window window;
    CHECK(window.take(0));
    CHECK_FALSE(window.take(0));
    replay_window late; // after others as well
    CHECK(late.take(5));
    CHECK(late.take(0));
    CHECK_FALSE(late.take(0));
    CHECK_FALSE(late.take(5));
}

TEST_CASE("crypto/replay_window: what is 8128 behind is too old, what is less is good") {
    replay_window window;
    CHECK(window.take(100'000));
    CHECK_FALSE(window.take(100'000 - replay_window::span));
    CHECK(window.take(100'000 - replay_window::span + 1));
    CHECK_FALSE(window.take(100'000 - replay_window::span + 1));
    CHECK(window.greatest() == 100'000);
}

TEST_CASE("crypto/replay_window: a jump of any size forgets what it must, and no more") {
    for (const std::uint64_t jump :
         {1U, 63U, 64U, 65U, 8127U, 8128U, 8191U, 8192U, 8193U, 100'000U}) {
        CAPTURE(jump);
        replay_window window;
        for (std::uint64_t i = 0; i < 9000; ++i) {
            REQUIRE(window.take(i));
        }
        REQUIRE(window.take(8999 + jump));
        for (std::uint64_t i = 0; i < 9000; ++i) {
            REQUIRE_FALSE(window.take(i));
        }
        for (std::uint64_t i = 9000; i < 8999 + jump; ++i) {
            REQUIRE(window.take(i) == (8999 + jump - i < replay_window::span));
        }
    }
}

TEST_CASE("crypto/replay_window: the greatest counters work") {
    replay_window window;
    const std::uint64_t most = ~std::uint64_t{0};
    CHECK(window.take(most));
    CHECK_FALSE(window.take(most));
    CHECK(window.take(most - 1));
    CHECK_FALSE(window.take(0));
}

TEST_CASE("crypto/replay_window: agrees with a plain set on any order") {
    landfall::base::random_source random(5);
    for (int round = 0; round < 20; ++round) {
        replay_window window;
        std::set<std::uint64_t> seen;
        std::uint64_t greatest = 0;
        std::uint64_t at = 0;
        for (int i = 0; i < 20'000; ++i) {
            at += random.below(round % 2 == 0 ? 3 : 40);
            const std::uint64_t back = random.below(4) == 0 ? random.below(9000) : random.below(70);
            const std::uint64_t counter = at > back ? at - back : 0;
            const bool expected =
                !(greatest > counter && greatest - counter >= replay_window::span) &&
                !seen.contains(counter);
            REQUIRE(window.take(counter) == expected);
            seen.insert(counter);
            greatest = std::max(greatest, counter);
        }
    }
}
