// SPDX-License-Identifier: MIT
#include "base/octet_ring.h"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <thread>
#include <vector>

using namespace landfall;

namespace {

std::vector<std::uint8_t> message(std::size_t length, std::size_t number) {
    std::vector<std::uint8_t> made(length);
    for (std::size_t i = 0; i < length; ++i) {
        made[i] = static_cast<std::uint8_t>(number * 31 + i);
    }
    return made;
}

} // namespace

TEST_CASE("base/octet_ring: messages of any length come out whole, in order") {
    base::octet_ring ring(1000);
    CHECK(ring.capacity() == 1024);
    CHECK(ring.front().empty());
    std::mt19937 random(1);
    std::deque<std::vector<std::uint8_t>> inside;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < 20'000; ++i) {
        const auto one = message(1 + random() % 400, i);
        const std::size_t cut = random() % one.size();
        const bool fits = ring.push({base::octets(one).first(cut), base::octets(one).subspan(cut)});
        refused += fits ? 0U : 1U;
        if (fits) {
            inside.push_back(one);
        } else {
            CHECK_FALSE(inside.empty());
        }
        while (!inside.empty() && random() % 3 == 0) {
            const base::octets out = ring.front();
            CHECK(std::vector(out.begin(), out.end()) == inside.front());
            inside.pop_front();
            ring.pop();
        }
    }
    CHECK(refused > 100);
    CHECK(ring.size() > 0);
}

TEST_CASE("base/octet_ring: half of an empty ring fits wherever it stands, too long never does") {
    base::octet_ring ring(4096);
    const auto half = message(2048 - 8, 1);
    const auto all = message(4096 - 8, 2);
    for (std::size_t i = 0; i < 300; ++i) {
        REQUIRE(ring.push({message(i % 90, i)}));
        static_cast<void>(ring.front());
        ring.pop();
        REQUIRE(ring.push({half}));
        CHECK(ring.front().size() == half.size());
        ring.pop();
        CHECK_FALSE(ring.push({all, all}));
    }
}

TEST_CASE("base/octet_ring: two threads lose, double and reorder nothing") {
    base::octet_ring ring(1U << 12U);
    constexpr std::size_t count = 100'000;
    std::jthread pushing([&] {
        for (std::size_t i = 0; i < count; ++i) {
            const auto one = message(1 + i % 211, i);
            while (!ring.push({one})) {
                std::this_thread::yield();
            }
        }
    });
    bool same = true;
    for (std::size_t i = 0; i < count; ++i) {
        base::octets out = ring.front();
        for (; out.empty(); out = ring.front()) {
            std::this_thread::yield();
        }
        const auto expected = message(1 + i % 211, i);
        same = same && std::vector(out.begin(), out.end()) == expected;
        ring.pop();
    }
    CHECK(same);
}
