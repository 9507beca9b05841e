// SPDX-License-Identifier: MIT
#include "base/fixed_queue.h"
#include "base/published.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <thread>

TEST_CASE("base/published: a reader never sees half of one value and half of another") {
    struct numbers {
        std::array<std::uint64_t, 40> all;
    };
    landfall::base::published<numbers> shared;
    std::atomic<bool> done = false;
    std::thread writer([&] {
        numbers next{};
        for (std::uint64_t i = 1; i <= 100'000; ++i) {
            next.all.fill(i);
            shared.set(next);
        }
        done = true;
    });
    std::uint64_t torn = 0;
    std::uint64_t backward = 0;
    std::uint64_t last = 0;
    while (!done) {
        const numbers seen = shared.value();
        for (const std::uint64_t one : seen.all) {
            torn += one == seen.all[0] ? 0U : 1U;
        }
        backward += seen.all[0] < last ? 1U : 0U;
        last = seen.all[0];
    }
    writer.join();
    CHECK(torn == 0);
    CHECK(backward == 0);
    CHECK(shared.value().all[39] == 100'000);
}

TEST_CASE("base/fixed_queue: the oldest leaves first, round and round") {
    landfall::base::fixed_queue<int> queue(3);
    int next = 0;
    int oldest = 0;
    for (int round = 0; round < 10; ++round) {
        while (!queue.full()) {
            queue.push_back(next++);
        }
        CHECK(queue.size() == 3);
        CHECK(queue[0] == oldest);
        CHECK(queue[2] == oldest + 2);
        CHECK(queue.back() == oldest + 2);
        queue.pop_front(2);
        oldest += 2;
        CHECK(queue.front() == oldest);
    }
    queue.clear();
    CHECK(queue.empty());
}
