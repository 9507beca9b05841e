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

std::unique_ptr<carrier_input> make_input(std::size_t capacity) {
    static int number = 0;
    return carrier_input::create("input" + std::to_string(number++), capacity).value();
}

std::unique_ptr<dataplane::packet_ring> make_ring(std::size_t capacity) {
    static int number = 0;
    return dataplane::packet_ring::create("modem" + std::to_string(number++), capacity).value();
}

/// A modem lcore with one carrier, its rings and its control thread.
struct bench {
    explicit bench(std::size_t out_capacity = 2048)
        : rx(make_pool(2047)), tx(make_pool(1023)), in(make_input(1024)),
          out(make_ring(out_capacity)),
          modem({{.carrier = &stage, .in = &in->ring()}}, {}, tx.get(), out.get()) {}

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
    std::unique_ptr<carrier_input> in;
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
    const std::size_t all = it.in->ring().used();
    while (it.stage.ready()) {
        it.step();
    }
    for (int i = 0; i < 100; ++i) {
        CHECK(it.step() == 0);
    }
    CHECK(it.in->ring().used() >= all - dataplane::burst_packets);
    CHECK(it.modem.left_of(it.stage) > 0);
    it.run();
    CHECK(it.modem.left_of(it.stage) == 0);
    CHECK(it.in->ring().dropped() == 0);
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
    CHECK(it.in->ring().used() == 0);
    // What comes too late stays where it is, to be counted.
    it.enqueue(packets[5]);
    CHECK(it.in->ring().used() + it.modem.left_of(it.stage) == 1);
}

TEST_CASE("app/carrier_input: a carrier that falls behind loses a whole stretch, counted") {
    const auto pool = make_pool(511);
    const auto input = make_input(128);
    const auto give = [&](std::uint8_t number) {
        dataplane::packet_burst burst;
        REQUIRE(pool->allocate(burst, 8));
        for (std::size_t i = 0; i < burst.size(); ++i) {
            burst[i].append(1)[0] = number;
            burst[i].set_word(~std::uint64_t{0}); // as it may come from a port
        }
        input->enqueue(burst);
    };
    const auto take = [&](std::size_t bursts) {
        std::vector<std::uint8_t> after; ///< numbers of the packets that tell of a loss
        for (; bursts > 0; --bursts) {
            dataplane::packet_burst burst;
            input->ring().dequeue(burst);
            for (std::size_t i = 0; i < burst.size(); ++i) {
                if (carrier_input::after_loss(burst[i])) {
                    after.push_back(burst[i].data()[0]);
                }
            }
        }
        return after;
    };
    for (std::uint8_t i = 0; i < 16; ++i) {
        give(i);
    }
    CHECK_FALSE(input->is_behind());
    give(16); // full
    CHECK(input->is_behind());
    CHECK(input->behind() == 8);
    CHECK(take(1).empty()); // 96 left: more than half
    give(17);
    CHECK(input->behind() == 16);
    CHECK(take(2).empty()); // 32 left
    give(18);
    CHECK_FALSE(input->is_behind());
    give(19);
    CHECK(input->behind() == 16);
    CHECK(input->ring().dropped() == 0);
    CHECK(take(3) == std::vector<std::uint8_t>{18}); // of its eight, the first
    input->close();
    give(20);
    CHECK(input->refused() == 8);
    CHECK(input->ring().used() == 0);
    CHECK(pool->available() == pool->capacity());
}

TEST_CASE("app/carrier_input: of two lcores each tells of its own losses, and both are counted") {
    const auto pool = make_pool(511);
    const auto input = carrier_input::create("two", 128, 2).value();
    const std::array sinks{input->sink(0), input->sink(1)};
    const auto give = [&](std::size_t lcore, std::uint8_t number) {
        dataplane::packet_burst burst;
        REQUIRE(pool->allocate(burst, 8));
        for (std::size_t i = 0; i < burst.size(); ++i) {
            burst[i].append(1)[0] = number;
        }
        sinks[lcore].take(sinks[lcore].context, burst, 0);
    };
    for (std::uint8_t i = 0; i < 16; ++i) {
        give(i % 2, i);
    }
    give(0, 16); // full
    give(1, 17);
    give(1, 18);
    CHECK(input->behind() == 24);
    CHECK(input->is_behind());
    dataplane::packet_burst burst;
    for (int i = 0; i < 4; ++i) {
        burst.clear();
        CHECK(input->ring().dequeue(burst) == burst.room() + burst.size());
    }
    burst.clear();
    give(1, 19);
    CHECK(input->is_behind()); // the other has not looked
    give(0, 20);
    CHECK_FALSE(input->is_behind());
    give(1, 21);
    input->ring().dequeue(burst);
    REQUIRE(burst.size() == 24);
    for (std::size_t i = 0; i < burst.size(); ++i) {
        CHECK(carrier_input::after_loss(burst[i]) == (i == 0 || i == 8));
    }
    input->close();
    give(0, 22);
    give(1, 23);
    CHECK(input->refused() == 16);
    burst.clear();
    CHECK(pool->available() == pool->capacity());
}

TEST_CASE("app/modem_stage: what was dropped at the input is not worked through") {
    bench it;
    const auto packets = signal_of(it.settings.mission, {.seconds = 1.0});
    const auto push = [&](std::size_t from, std::size_t to) {
        for (std::size_t i = from; i < to; ++i) {
            it.enqueue(packets[i]);
            it.step();
            it.stage.serve();
        }
        it.run();
    };
    push(0, 800);
    // The input drops what does not fit: 100 ms.
    const std::size_t all = it.in->ring().capacity();
    for (std::size_t i = 0; i <= all; ++i) {
        it.enqueue(packets[800]); // the same again and again: duplicates
    }
    CHECK(it.in->behind() == 1);
    it.run();
    push(1150, 1600);
    const auto view = it.stage.view();
    CHECK(view.status.receiver.acquisitions == 2);
    CHECK(view.status.samples < 1600 * 1000);
    CHECK(view.iq.lost_packets > 300);
}

TEST_CASE("app/modem_stage: a carrier's second half runs on another lcore, and is drained last") {
    bench it;
    it.stage.frames().put_behind_ring();
    modem_stage other({}, {&it.stage.frames()}, it.tx.get(), it.out.get());
    for (const auto& packet : signal_of(it.settings.mission, {.seconds = 0.15})) {
        it.enqueue(packet);
    }
    for (int i = 0; i < 200; ++i) {
        it.step();
        it.stage.serve();
    }
    CHECK(it.in->ring().used() == 0);
    CHECK(it.sent == 0);
    CHECK(it.stage.frames().used() > 0);
    it.modem.request_drain();
    other.request_drain();
    CHECK(other.step(it.now) > 0);
    CHECK_FALSE(other.drained());
    for (int i = 0; i < 10; ++i) {
        it.step();
    }
    CHECK(it.modem.drained());
    for (int i = 0; i < 100; ++i) {
        other.step(it.now += step_ns);
        it.take();
    }
    CHECK(other.drained());
    CHECK(it.sent > 5);
    CHECK(it.stage.view().status.frames.good == it.sent);
}

} // namespace landfall::app
