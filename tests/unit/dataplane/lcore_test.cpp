// SPDX-License-Identifier: MIT
#include "dataplane/cable.h"
#include "dataplane/lcore.h"
#include "end.h"

#include <sched.h>

#include <chrono>
#include <thread>

using namespace landfall;
using namespace landfall::dataplane;

namespace {

struct worker {
    std::atomic<std::uint64_t> steps{0};
    std::atomic<bool> busy{false};
    std::atomic<bool> backwards{false};
    std::atomic<int> cpu{-1};
    time_ns last = 0;

    static std::size_t step(void* context, time_ns now) noexcept {
        auto& self = *static_cast<worker*>(context);
        self.cpu = sched_getcpu();
        if (now < self.last) {
            self.backwards = true;
        }
        self.last = now;
        ++self.steps;
        return self.busy ? 1 : 0;
    }
};

/// Waits, for long if need be, until it holds.
template <class Condition>
bool eventually(Condition&& holds) {
    for (int i = 0; i < 10'000 && !holds(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return holds();
}

} // namespace

TEST_CASE("dataplane/lcore: polls on its CPU until it is told to stop, in either idle mode") {
    for (const idle_mode idle : {idle_mode::backoff, idle_mode::spin}) {
        worker work;
        lcore_loop loop(the_eal().modem()[0], {worker::step, &work}, idle);
        REQUIRE(loop.launch());
        CHECK(eventually([&] { return loop.heartbeat() > 500; }));
        CHECK(work.cpu == static_cast<int>(loop.on().cpu));
        CHECK(loop.busy_cycles() == 0);
        CHECK(loop.total_cycles() > 0);
        work.busy = true;
        CHECK(eventually([&] { return loop.busy_cycles() > 0; }));
        CHECK(loop.busy_cycles() <= loop.total_cycles());
        CHECK(loop.take_longest_gap_ns() > 0);
        work.busy = false;
        const std::uint64_t before = loop.heartbeat();
        CHECK(eventually([&] { return loop.heartbeat() > before + 500; }));
        loop.request_stop();
        loop.join();
        const std::uint64_t after = work.steps;
        CHECK(after == loop.heartbeat());
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        CHECK(work.steps == after);
        CHECK_FALSE(work.backwards);
    }
}

TEST_CASE("dataplane/lcore: one that is running cannot be started twice") {
    worker work;
    lcore_loop one(the_eal().io()[0], {worker::step, &work}, idle_mode::backoff);
    lcore_loop two(the_eal().io()[0], {worker::step, &work}, idle_mode::backoff);
    REQUIRE(one.launch());
    const auto again = two.launch();
    REQUIRE_FALSE(again);
    CHECK(again.error().message.find("lcore 1") != std::string::npos);
}

TEST_CASE("dataplane/lcore: from a thread over a cable and through a ring, every packet is "
          "accounted for") {
    const auto wire = must(cable::create("busy", 512));
    end sky({.name = "sky", .device = wire->device(0)},
            {.address = {*base::parse_prefix("192.0.2.1/24")}});
    const auto pool = make_pool();
    const auto device = must(port::open({.name = "ground", .device = wire->device(1)}, *pool));
    stack protocols({.address = {*base::parse_prefix("192.0.2.10/24")}, .flows = {{4991, {}}}},
                    *device, *pool);
    const auto ring = must(packet_ring::create("busy", 256));
    io_loop loop({{device.get(), &protocols, {into_ring(*ring)}}});
    lcore_loop ground(the_eal().io()[0], loop.as_step(), idle_mode::backoff);
    REQUIRE(ground.launch());

    constexpr std::uint64_t bursts = 2000;
    const base::udp_endpoint to{us4, 4991};
    std::atomic<std::uint64_t> offered{0};
    std::thread satellite([&] {
        const registered_thread registered;
        while (sky.protocols.neighbours_reachable() == 0) { // else packets would wait for it
            packet_burst first;
            if (sky.pool->allocate(first, 1)) {
                ++offered;
                sky.protocols.send(first, 4000, to, time_now());
            }
            sky.step(time_now());
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        for (std::uint64_t i = 0; i < bursts; ++i) {
            packet_burst burst;
            if (sky.pool->allocate(burst, burst_packets)) {
                for (std::size_t j = 0; j < burst_packets; ++j) {
                    burst[j].append(100)[0] = static_cast<std::uint8_t>(j);
                }
                offered += burst_packets;
                sky.protocols.send(burst, 4000, to, time_now());
                sky.protocols.flush();
            }
        }
    });
    std::uint64_t taken = 0;
    const auto accounted = [&] {
        packet_burst burst;
        taken += ring->dequeue(burst);
        return taken + ring->dropped() + sky.protocols.dropped(tx_drop::port_full) +
                   sky.protocols.dropped(tx_drop::waiting_full) >=
               offered;
    };
    satellite.join();
    CHECK(eventually(accounted));
    CHECK(taken + ring->dropped() == protocols.datagrams_received());
    CHECK(taken > 0);
    ground.request_stop();
    ground.join();
    CHECK(sky.pool->available() == sky.pool->capacity());
    sky.step(time_now()); // what the ground still had to say
    CHECK(pool->available() == pool->capacity());
}

TEST_CASE("dataplane/eal: starts once, without hugepages and without a warning when told so") {
    CHECK_FALSE(the_eal().hugepages());
    CHECK(the_eal().warnings().empty());
    CHECK_FALSE(the_eal().io().empty());
    CHECK_FALSE(the_eal().modem().empty());
    const auto again = eal::start({});
    REQUIRE_FALSE(again);
    CHECK(again.error().message.find("DPDK does not start") == 0);
    const auto nowhere = eal::start({.cpus = {.io = {4000}, .modem = {}}, .log = {}});
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().code == base::exit_code::bad_configuration);
}
