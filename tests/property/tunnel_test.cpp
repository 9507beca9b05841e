// SPDX-License-Identifier: MIT
// Two tunnels in memory, through hours of rekeys, over a network that loses, doubles, delays and
// damages: nothing is accepted twice, nothing forged is accepted, and both recover.
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <thread>

using namespace landfall;
using namespace landfall::crypto;
using namespace landfall::test;

namespace {

struct weather {
    double loss = 0.0;
    double doubled = 0.0;
    double damaged = 0.0; ///< a damaged copy comes as well
    std::int64_t most_delay_ns = 0;
};

/// A world with weather, in which both nodes talk, and a record of who got what.
struct stormy : world {
    explicit stormy(std::uint64_t seed) : world(2, true, seed), random(seed) {
        filter = [this](flight& one) { return blow(one); };
    }

    bool blow(flight& one) {
        if (random.uniform() < now.loss) {
            return false;
        }
        const auto delay = [this] {
            return now.most_delay_ns == 0 ? std::int64_t{0}
                                          : static_cast<std::int64_t>(random.below(
                                                static_cast<std::uint64_t>(now.most_delay_ns)));
        };
        one.delay_ns = delay();
        if (random.uniform() < now.doubled) {
            air.emplace(at.now_ns + delay(), one);
        }
        if (random.uniform() < now.damaged) {
            flight bad = one;
            const std::uint64_t bit = random.below(8 * bad.octets.size());
            bad.octets[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            air.emplace(at.now_ns + delay(), bad);
        }
        return true;
    }

    /// Both nodes send, on and off; true where each got something new in the meantime.
    bool talk(std::int64_t duration_ns, std::int64_t interval_ns) {
        const std::array<std::size_t, 2> before{got[0].size(), got[1].size()};
        for (const std::int64_t until = at.now_ns + duration_ns; at.now_ns < until;) {
            for (const std::size_t from : {std::size_t{0}, std::size_t{1}}) {
                const auto number = static_cast<std::uint32_t>(sent[from].size());
                const std::size_t length = 24 + random.below(300);
                if (send_to(from, 1 - from, number, length) == encrypt_status::sent) {
                    sent[from].push_back(length);
                } else {
                    ++waited;
                }
            }
            run(interval_ns, 50 * ms);
            collect();
        }
        return got[0].size() > before[0] && got[1].size() > before[1];
    }

    void collect() {
        for (const std::size_t to : {std::size_t{0}, std::size_t{1}}) {
            for (const message& packet : nodes[to].received) {
                const std::uint32_t number = number_of(packet);
                REQUIRE(number < sent[1 - to].size());
                REQUIRE(packet == inner_packet(nodes[1 - to].inner, nodes[to].inner,
                                               sent[1 - to][number], number));
                REQUIRE(got[to].insert(number).second); // not twice
            }
            nodes[to].received.clear();
        }
    }

    weather now;
    base::random_source random;
    std::array<std::vector<std::size_t>, 2> sent; ///< lengths, by number
    std::array<std::set<std::uint32_t>, 2> got;
    std::size_t waited = 0;
};

} // namespace

TEST_CASE("property/tunnel: in fair weather nothing is lost in three hours of rekeys") {
    stormy w(1);
    w.talk(3 * 3600 * s, s);
    w.run(s);
    w.collect();
    CHECK(w.waited == 2); // the first of each
    CHECK(w.got[0].size() == w.sent[1].size());
    CHECK(w.got[1].size() == w.sent[0].size());
    CHECK(w.nodes[0].numbers().handshakes_completed.value() >= 85);
    CHECK(w.nodes[0].numbers().handshakes_failed.value() == 0);
    CHECK(w.nodes[0].numbers().handshakes_completed.value() < 95);
}

TEST_CASE("property/tunnel: in foul weather nothing comes twice or changed, and most comes") {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        stormy w(seed);
        w.now = {.loss = 0.2, .doubled = 0.2, .damaged = 0.1, .most_delay_ns = 400 * ms};
        w.talk(1800 * s, 200 * ms);
        CHECK(static_cast<double>(w.got[1].size()) >= 0.75 * static_cast<double>(w.sent[0].size()));
        CHECK(static_cast<double>(w.got[0].size()) >= 0.75 * static_cast<double>(w.sent[1].size()));
        CHECK(w.waited < 300);
    }
}

TEST_CASE("property/tunnel: after any silence both talk again soon") {
    for (const std::int64_t silence :
         {5 * s, 14 * s, 90 * s, 179 * s, 200 * s, 600 * s, 3600 * s}) {
        for (const bool talking : {false, true}) {
            CAPTURE(silence);
            CAPTURE(talking);
            stormy w(static_cast<std::uint64_t>(silence));
            REQUIRE(w.talk(30 * s, s));
            w.now.loss = 1.0;
            if (talking) {
                w.talk(silence, s);
            } else {
                w.run(silence, 50 * ms);
            }
            w.now.loss = 0.0;
            w.talk(22 * s, s); // an initiation that was lost is sent again within 5.4 s
            CHECK(w.talk(3 * s, s));
        }
    }
}

TEST_CASE("property/tunnel: a way that works in one direction only is found out, and mended") {
    stormy w(4);
    REQUIRE(w.talk(30 * s, s));
    const auto blow = w.filter;
    w.filter = [&](flight& one) { return one.from == w.nodes[0].endpoint && blow(one); };
    w.talk(400 * s, s);
    CHECK(w.nodes[0].numbers().session_made_ns.value() + reject_after_ns < w.at.now_ns);
    w.filter = blow;
    w.talk(10 * s, s);
    CHECK(w.talk(3 * s, s));
}

TEST_CASE("property/tunnel: both sides at once, however the messages cross") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        CAPTURE(seed);
        stormy w(seed);
        w.now = {.loss = seed % 3 == 0 ? 0.3 : 0.0, .doubled = 0.1, .most_delay_ns = 150 * ms};
        w.talk(s, 30 * ms);
        w.now.loss = 0.0;
        w.talk(20 * s, 500 * ms);
        CHECK(w.talk(2 * s, 200 * ms));
    }
}

TEST_CASE("property/tunnel: either side may start again, at any time") {
    stormy w(9);
    base::random_source when(2);
    REQUIRE(w.talk(20 * s, s));
    for (int i = 0; i < 20; ++i) {
        const std::size_t which = when.below(2);
        w.start(which, true, w.nodes[which].tunnel->control().newest_timestamp());
        w.talk(30 * s + static_cast<std::int64_t>(when.below(200)) * s, s);
        CHECK(w.talk(3 * s, s));
    }
}

TEST_CASE("property/tunnel: the halves work on threads of their own") {
    // One thread encrypts and decrypts all the time while the other makes sessions and changes
    // peers: a clock of ours makes ten minutes of it. What comes through comes through whole.
    world w;
    instant at = w.at;
    std::atomic<std::int64_t> now{at.now_ns};
    std::atomic<bool> done{false};
    base::spsc_ring<flight> up(4096);   // handshakes that came in
    base::spsc_ring<flight> down(4096); // handshakes that go out
    std::uint64_t got = 0;
    std::uint64_t wrong = 0;
    std::thread lcore([&] {
        w.filter = [&](flight& one) {
            message octets = one.octets;
            const std::size_t to = one.to == w.nodes[0].endpoint ? 0 : 1;
            incoming in{.datagram = octets.data(),
                        .length = static_cast<std::uint32_t>(octets.size()),
                        .source = one.from};
            w.nodes[to].tunnel->data().decrypt({&in, 1}, w.at.now_ns);
            if (in.status == decrypt_status::handshake) {
                up.push(std::move(one));
            } else if (in.status == decrypt_status::packet) {
                const message packet(in.packet, in.packet + in.packet_length);
                ++got;
                wrong += packet == inner_packet(w.nodes[1 - to].inner, w.nodes[to].inner, 200,
                                                number_of(packet))
                             ? 0U
                             : 1U;
            }
            return false;
        };
        std::uint32_t number = 0;
        while (!done.load()) {
            w.at.now_ns = now.load();
            flight one;
            while (down.pop(one)) {
                static_cast<void>(w.filter(one));
            }
            for (const std::size_t from : {std::size_t{0}, std::size_t{1}}) {
                w.send_to(from, 1 - from, ++number, 200);
                std::array<std::uint16_t, 4> due{};
                for (const auto peer : w.nodes[from].tunnel->data().poll(w.at.now_ns, due)) {
                    w.send(from, {}, peer);
                }
            }
        }
    });
    for (int i = 0; i < 6'000; ++i) {
        at.now_ns += 100 * ms;
        at.unix_ns += 100 * ms;
        now.store(at.now_ns);
        for (const std::size_t which : {std::size_t{0}, std::size_t{1}}) {
            const auto send = [&](const base::udp_endpoint& to, base::octets data) {
                down.push(flight{w.nodes[which].endpoint, to, message(data.begin(), data.end())});
            };
            auto& control = w.nodes[which].tunnel->control();
            flight one;
            if (which == 0 && i % 500 == 499) {
                tunnel_change change;
                change.peers.emplace_back().key = w.nodes[1].public_key;
                change.peers.back().allowed_ips = {{inner_of(2), 32}};
                change.peers.back().preshared.emplace(); // as it was
                CHECK(control.change(std::move(change), at));
            }
            control.poll(at, send);
            while (up.pop(one)) {
                auto& receiver = one.to == w.nodes[0].endpoint ? w.nodes[0] : w.nodes[1];
                const auto reply = [&](const base::udp_endpoint& to, base::octets data) {
                    down.push(flight{receiver.endpoint, to, message(data.begin(), data.end())});
                };
                receiver.tunnel->control().receive(one.from, one.octets, at, false, reply);
            }
        }
        if (i % 4 == 0) {
            std::this_thread::yield();
        }
    }
    done.store(true);
    lcore.join();
    CHECK(wrong == 0);
    CHECK(got > 100);
    CHECK(w.nodes[0].numbers().handshakes_completed.value() >= 2);
}
