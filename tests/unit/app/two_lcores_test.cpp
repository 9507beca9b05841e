// SPDX-License-Identifier: MIT
// A carrier's two halves on two threads give what one thread gives, to the bit.
#include "carrier_signal.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <thread>

namespace landfall::app {
namespace {

using fec::code_rate;
using fec::rs_code;

/// The packets that come out, with their routes' headers: count, time and Es/N0 of each frame.
struct collector {
    std::vector<std::vector<std::uint8_t>> packets;
    std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(4096);

    template <class Run>
    void run(Run&& what) {
        auto take = [&](std::size_t size) { return std::span(buffer).first(size); };
        auto commit = [&](std::uint32_t, std::size_t size) {
            packets.emplace_back(buffer.begin(),
                                 buffer.begin() + static_cast<std::ptrdiff_t>(size));
        };
        what(delivery::output{.take = take, .commit = commit});
    }
};

delivery::router_config routes_of() {
    auto routes = frames_out();
    routes.routes[0].header = true;
    routes.routes[0].to[0].mtu_octets = 1500;
    routes.routes[0].fill = true;
    routes.routes.push_back(routes.routes[0]);
    routes.routes[1].as = delivery::form::iq;
    routes.routes.push_back(routes.routes[0]);
    routes.routes[2].as = delivery::form::packets;
    return routes;
}

/// Pushes all, losing some in the middle, with a silence after.
void feed(carrier_stage& stage, const datagrams& packets, collector& to) {
    std::int64_t now = 1'000'000'000;
    const auto turn = [&] {
        do {
            stage.serve();
            to.run([&](const delivery::output& out) { stage.poll(now, out); });
            std::this_thread::yield();
        } while (!stage.ready());
    };
    for (std::size_t i = 0; i < packets.size(); ++i) {
        if (i == packets.size() / 2) {
            i += 3;
        }
        to.run([&](const delivery::output& out) { stage.push(packets[i], now, out); });
        now += 300'000;
        turn();
    }
    to.run([&](const delivery::output& out) { stage.finish(now, out); });
    turn();
}

void compare(const config::carrier_settings& settings, const datagrams& packets) {
    collector one;
    carrier_stage whole(settings, routes_of());
    feed(whole, packets, one);

    collector first;
    collector second;
    carrier_stage halves(settings, routes_of());
    halves.frames().put_behind_ring();
    std::atomic<bool> fed = false;
    bool was_full = false;
    {
        const std::jthread decoder([&] {
            while (halves.frames().has_room() && !fed) { // late, so that the first half has to wait
                std::this_thread::yield();
            }
            was_full = !halves.frames().has_room();
            while (!halves.frames().done()) {
                second.run([&](const delivery::output& out) {
                    if (halves.frames().step(out) == 0) {
                        std::this_thread::yield();
                    }
                });
            }
        });
        feed(halves, packets, first);
        fed = true;
        halves.frames().close();
    }
    // Of one thread, DIFI packets and frames are mixed.
    std::erase_if(one.packets, [&](const auto& packet) {
        return std::find(first.packets.begin(), first.packets.end(), packet) != first.packets.end();
    });
    CHECK(first.packets.size() == halves.counters(1).datagrams.value());
    CHECK(whole.counters(1).datagrams.value() == halves.counters(1).datagrams.value());
    CHECK(second.packets.size() > 10);
    CHECK(one.packets == second.packets);
    CHECK(halves.frames().dropped() == 0);
    CHECK(was_full);
}

} // namespace

TEST_CASE("app/carrier_stage: results on two lcores are those on one, for every coding") {
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        for (const auto rate : {code_rate::none, code_rate::r1_2, code_rate::r2_3, code_rate::r3_4,
                                code_rate::r5_6, code_rate::r7_8}) {
            CAPTURE(static_cast<int>(kind));
            CAPTURE(static_cast<int>(rate));
            auto settings = carrier_of(kind);
            settings.mission.coding.convolutional = rate;
            compare(settings, signal_of(settings.mission, {.seconds = 0.25, .es_n0_db = 10.0}));
        }
    }
}

TEST_CASE("app/carrier_stage: results on two lcores are those on one, for 8PSK and FSK") {
    for (const auto kind : {dsp::modulation::psk8, dsp::modulation::fsk, dsp::modulation::gmsk}) {
        CAPTURE(static_cast<int>(kind));
        auto settings = carrier_of(kind);
        settings.mission.coding.convolutional = code_rate::none;
        compare(settings, signal_of(settings.mission, {.seconds = 0.25, .es_n0_db = 16.0}));
    }
}

TEST_CASE("app/carrier_stage: results on two lcores are those on one, for every outer code") {
    for (const auto code : {rs_code::rs223, rs_code::rs239, rs_code::none}) {
        for (const unsigned interleave : {1U, 5U}) {
            CAPTURE(static_cast<int>(code));
            CAPTURE(interleave);
            auto settings = carrier_of();
            settings.mission.coding.reed_solomon = code;
            settings.mission.coding.rs_interleave = interleave;
            settings.mission.coding.frame_octets = interleave * (255 - fec::rs_parity_octets(code));
            if (code == rs_code::none) {
                settings.mission.framing.fecf = framing::error_control::present;
            }
            compare(settings, signal_of(settings.mission, {.seconds = 0.25, .es_n0_db = 10.0}));
        }
    }
}

} // namespace landfall::app
