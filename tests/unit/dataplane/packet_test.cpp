// SPDX-License-Identifier: MIT
#include "dataplane/ring.h"
#include "end.h"

#include <array>
#include <atomic>
#include <thread>

using namespace landfall;
using namespace landfall::dataplane;

TEST_CASE("dataplane/packet: grows and shrinks at both ends, within its buffer") {
    const auto pool = make_pool();
    packet_burst burst;
    REQUIRE(pool->allocate(burst, 2));
    const packet one = burst[0];
    CHECK(one.data().empty());
    CHECK(one.headroom() == headroom_octets);
    CHECK(one.tailroom() == pool->data_octets());
    CHECK(one.append(100).size() == 100);
    one.data()[0] = 7;
    CHECK(one.prepend(28).size() == 28);
    CHECK(one.data().size() == 128);
    CHECK(one.data()[28] == 7);
    CHECK(one.headroom() == 100);
    CHECK(one.prepend(101).empty());
    CHECK(one.append(pool->data_octets() - 99).empty());
    CHECK(one.trim_front(28));
    CHECK(one.data()[0] == 7);
    CHECK(one.trim_back(99));
    CHECK(one.data().size() == 1);
    CHECK_FALSE(one.trim_back(2));
    CHECK_FALSE(one.trim_front(2));
    CHECK_FALSE(one.trim_front(65537));
    one.set_word(0x0123456789abcdefU);
    burst[1].set_word(2);
    CHECK(one.word() == 0x0123456789abcdefU);
}

TEST_CASE("dataplane/packet: a burst frees what nobody took") {
    const auto pool = make_pool();
    const std::size_t all = pool->available();
    CHECK(all == pool->capacity());
    packet_burst kept;
    {
        packet_burst burst;
        REQUIRE(pool->allocate(burst, 5));
        CHECK_FALSE(pool->allocate(burst, burst_packets - 4)); // all or none
        CHECK(burst.size() == 5);
        CHECK(kept.push(burst.take(1)));
        CHECK(kept.push(burst.take(3)));
        CHECK(pool->available() == all - 5);
        CHECK(burst.packets().size() == 3);
    }
    CHECK(pool->available() == all - 2);
    kept.clear();
    CHECK(pool->available() == all);
    REQUIRE(pool->allocate(kept, burst_packets));
    CHECK_FALSE(kept.push(kept[0]));
}

TEST_CASE("dataplane/packet: a pool that is empty says so, a pool that is impossible as well") {
    const auto pool = make_pool(1500, 64);
    packet_burst one;
    packet_burst two;
    packet_burst three;
    CHECK(pool->allocate(one, 32));
    CHECK(pool->allocate(two, 32));
    CHECK_FALSE(pool->allocate(three, 1));
    CHECK(pool->available() == 0);
    CHECK_FALSE(packet_pool::create({"huge", 1'000'000, 9216}));
    CHECK_FALSE(packet_pool::create({"wide", 1000, 65536}));
}

TEST_CASE("dataplane/ring: hands bursts on in order; what does not fit is freed and counted") {
    const auto pool = make_pool();
    {
        const auto ring = must(packet_ring::create("test", 60));
        CHECK(ring->capacity() == 64);
        std::uint64_t sent = 0;
        for (int i = 0; i < 3; ++i) {
            packet_burst burst;
            REQUIRE(pool->allocate(burst, 30));
            for (std::size_t j = 0; j < 30; ++j) {
                burst[j].set_word(sent++);
            }
            ring->enqueue(burst);
            CHECK(burst.empty());
        }
        CHECK(ring->used() == 64);
        CHECK(ring->dropped() == 26);
        CHECK(pool->available() == pool->capacity() - 64);
        packet_burst got;
        CHECK(ring->dequeue(got) == burst_packets);
        CHECK(ring->dequeue(got) == 0); // no room in the burst
        for (std::size_t j = 0; j < got.size(); ++j) {
            CHECK(got[j].word() == j);
        }
        static_cast<void>(got.take(3));
        ring->enqueue(got); // with a hole
        CHECK(ring->used() == 63);
        CHECK_FALSE(packet_ring::create("test", 60)); // the name is taken
    }
    CHECK(pool->available() == pool->capacity() - 1); // the one that the test took
}

TEST_CASE("dataplane/ring: of several producers each keeps its order, and nothing is lost unseen") {
    constexpr std::uint64_t bursts = 3000;
    const auto pool = make_pool(1500, 4095);
    std::uint64_t dropped = 0;
    {
        const auto ring = must(packet_ring::create("several", 256, producers::several));
        std::atomic<unsigned> ended{0};
        std::array<std::uint64_t, 2> refused{};
        const auto produce = [&](std::uint64_t number) {
            const registered_thread registered;
            std::uint64_t sent = 0;
            for (std::uint64_t i = 0; i < bursts; ++i) {
                packet_burst burst;
                while (ring->used() > 192 || !pool->allocate(burst, 1 + i % burst_packets)) {
                    std::this_thread::yield();
                }
                for (std::size_t j = 0; j < burst.size(); ++j) {
                    burst[j].set_word(sent++ << 1U | number);
                }
                refused[number] += ring->enqueue(burst);
            }
            ++ended;
        };
        std::thread first(produce, 0);
        std::thread second(produce, 1);
        std::array<std::uint64_t, 2> next{};
        std::array<std::uint64_t, 2> got{};
        bool in_order = true;
        for (bool last = false; !last;) {
            last = ended == 2;
            packet_burst burst;
            while (ring->dequeue(burst) != 0) {
                for (std::size_t j = 0; j < burst.size(); ++j) {
                    const std::uint64_t from = burst[j].word() & 1U;
                    in_order = in_order && burst[j].word() >> 1U >= next[from];
                    next[from] = (burst[j].word() >> 1U) + 1;
                    ++got[from];
                }
                burst.clear();
            }
        }
        first.join();
        second.join();
        CHECK(in_order);
        CHECK(got[0] > 0);
        CHECK(got[1] > 0);
        dropped = refused[0] + refused[1];
        CHECK(ring->dropped() == dropped);
    }
    CHECK(pool->available() == pool->capacity());
}
