// SPDX-License-Identifier: MIT
#include "base/counter.h"
#include "base/spsc_ring.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <thread>

using landfall::base::spsc_ring;

TEST_CASE("base/spsc_ring: a full ring refuses and keeps what it has") {
    spsc_ring<int> ring(3);
    REQUIRE(ring.capacity() == 4);
    for (int i = 0; i < 4; ++i) {
        CHECK(ring.push(i));
    }
    CHECK_FALSE(ring.push(4));
    int value = -1;
    for (int i = 0; i < 4; ++i) {
        REQUIRE(ring.pop(value));
        CHECK(value == i);
    }
    CHECK_FALSE(ring.pop(value));
    CHECK(ring.push(5));
    CHECK(ring.size() == 1);
}

TEST_CASE("base/spsc_ring: messages are written and read in place") {
    spsc_ring<int> ring(2);
    CHECK(ring.front() == nullptr);
    for (int i = 0; i < 2; ++i) {
        CHECK(ring.has_room(static_cast<std::size_t>(2 - i)));
        CHECK_FALSE(ring.has_room(static_cast<std::size_t>(3 - i)));
        if (int* const slot = ring.back()) {
            *slot = i;
            ring.push_back();
        }
    }
    CHECK(ring.back() == nullptr);
    for (int i = 0; i < 2; ++i) {
        if (const int* const first = ring.front()) {
            CHECK(*first == i);
            ring.pop_front();
        }
        CHECK(ring.has_room(static_cast<std::size_t>(i + 1)));
    }
    CHECK(ring.front() == nullptr);
}

TEST_CASE("base/spsc_ring: two threads lose, double and disorder nothing") {
    constexpr std::uint64_t count = 200'000;
    spsc_ring<std::uint64_t> ring(64);
    landfall::base::counter popped;
    std::uint64_t wrong = 0;
    std::thread reader([&] {
        for (std::uint64_t expected = 0, value = 0; expected < count;) {
            if (!ring.pop(value)) {
                std::this_thread::yield();
                continue;
            }
            wrong += value == expected ? 0 : 1;
            ++expected;
            popped.add();
        }
    });
    for (std::uint64_t i = 0; i < count;) {
        if (ring.push(i)) {
            ++i;
        } else {
            std::this_thread::yield();
        }
    }
    reader.join();
    CHECK(wrong == 0);
    CHECK(popped.value() == count);
}
