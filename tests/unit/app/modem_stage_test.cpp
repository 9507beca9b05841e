// SPDX-License-Identifier: MIT
#include "../dataplane/eal_main.h"
#include "app/modem_stage.h"
#include "carrier_signal.h"

#include <algorithm>
#include <string>

namespace landfall::app {
namespace {

constexpr dataplane::time_ns step_ns = 5'000'000;

std::unique_ptr<dataplane::packet_pool> make_pool(std::size_t packets) {
    static int number = 0;
    return dataplane::packet_pool::create(
               {.name = "modem" + std::to_string(number++), .packets = packets})
        .value();
}

std::unique_ptr<dataplane::packet_ring> make_ring(std::size_t capacity) {
    static int number = 0;
    return dataplane::packet_ring::create("modem" + std::to_string(number++), capacity).value();
}

/// A modem lcore with one carrier, its rings and its control thread.
struct bench {
    explicit bench(std::size_t out_capacity = 2048)
        : rx(make_pool(2047)), tx(make_pool(1023)), in(make_ring(1024)),
          out(make_ring(out_capacity)),
          modem({{.carrier = &stage, .in = in.get()}}, {}, tx.get(), out.get()) {}

    /// Into the carrier's ring, as an io lcore does.
    void enqueue(const std::vector<std::uint8_t>& datagram) {
        dataplane::packet_burst burst;
        REQUIRE(rx->allocate(burst, 1));
        const auto room = burst[0].append(datagram.size());
        REQUIRE(room.size() == datagram.size());
        std::copy(datagram.begin(), datagram.end(), room.begin());
        in->enqueue(burst);
    }
    std::size_t step() {
        now += step_ns;
        return modem.step(now);
    }
    /// All that is in the ring, and packets for the tunnel counted.
    void run() {
        for (int idle = 0; idle < 30;) {
            idle = step() == 0 && stage.ready() ? idle + 1 : 0;
            stage.serve();
            take();
        }
    }
    void take() {
        dataplane::packet_burst burst;
        while (out->dequeue(burst) > 0) {
            sent += burst.size();
            burst.clear();
        }
    }

    config::carrier_settings settings = [] {
        auto made = carrier_of();
        made.stream_id = 7;
        return made;
    }();
    std::unique_ptr<dataplane::packet_pool> rx;
    std::unique_ptr<dataplane::packet_pool> tx;
    std::unique_ptr<dataplane::packet_ring> in;
    std::unique_ptr<dataplane::packet_ring> out;
    carrier_stage stage{settings, frames_out()};
    modem_stage modem;
    dataplane::time_ns now = 1'000'000'000;
    std::size_t sent = 0;
};

} // namespace

TEST_CASE("app/modem_stage: keeps a carrier's packets while it waits for its receiver") {
    bench it;
    const auto packets = signal_of(it.settings.mission, {.seconds = 0.25});
    for (const auto& packet : packets) {
        it.enqueue(packet);
    }
    const std::size_t all = it.in->used();
    while (it.stage.ready()) {
        it.step();
    }
    for (int i = 0; i < 100; ++i) {
        CHECK(it.step() == 0);
    }
    CHECK(it.in->used() >= all - dataplane::burst_packets);
    CHECK(it.modem.left_of(it.stage) > 0);
    it.run();
    CHECK(it.modem.left_of(it.stage) == 0);
    CHECK(it.in->dropped() == 0);
    CHECK(it.stage.view().iq.packets == packets.size());
    CHECK(it.stage.view().iq.lost_packets == 0);
}

TEST_CASE("app/modem_stage: a full ring to the tunnel counts what it drops") {
    bench it(16);
    for (const auto& packet : signal_of(it.settings.mission, {.seconds = 0.5})) {
        it.enqueue(packet);
        it.step();
        it.stage.serve();
    }
    CHECK(it.out->used() == 16);
    const auto counts = it.stage.counters(0).datagrams.value();
    CHECK(counts > 16);
    CHECK(it.out->dropped() == counts - 16);
    it.take();
    CHECK(it.tx->available() == it.tx->capacity()); // nothing is leaked
}

TEST_CASE("app/modem_stage: without packets for the tunnel the routes count their drops") {
    bench it;
    dataplane::packet_burst hoard;
    std::vector<std::unique_ptr<dataplane::packet_burst>> hoards;
    while (it.tx->available() >= dataplane::burst_packets) {
        hoards.push_back(std::make_unique<dataplane::packet_burst>());
        REQUIRE(it.tx->allocate(*hoards.back(), dataplane::burst_packets));
    }
    REQUIRE(it.tx->allocate(hoard, it.tx->available()));
    for (const auto& packet : signal_of(it.settings.mission, {.seconds = 0.5})) {
        it.enqueue(packet);
        it.step();
        it.stage.serve();
    }
    const auto& counts = it.stage.counters(0);
    CHECK(counts.datagrams.value() == 0);
    CHECK(counts.drops[static_cast<std::size_t>(delivery::drop::no_buffer)].value() > 10);
}

TEST_CASE("app/modem_stage: drained once all in its rings is delivered, not before") {
    bench it;
    const auto packets = signal_of(it.settings.mission, {.seconds = 0.25});
    for (const auto& packet : packets) {
        it.enqueue(packet);
    }
    it.modem.request_drain();
    while (it.stage.ready()) {
        it.step();
    }
    for (int i = 0; i < 10; ++i) {
        it.step();
        CHECK_FALSE(it.modem.drained()); // a receiver is wanted
    }
    for (int i = 0; i < 1000 && !it.modem.drained(); ++i) {
        it.stage.serve();
        it.step();
    }
    CHECK(it.modem.drained());
    it.take();
    CHECK(it.sent > 10);
    CHECK(it.in->used() == 0);
    // What comes too late stays where it is, to be counted.
    it.enqueue(packets[5]);
    CHECK(it.in->used() + it.modem.left_of(it.stage) == 1);
}

} // namespace landfall::app
