// SPDX-License-Identifier: MIT
#include "tunnel_parties.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>

using namespace landfall;
using namespace landfall::app;
using namespace landfall::test;
using crypto::encrypt_status;

namespace {

std::vector<unsigned> counting(unsigned from, unsigned to) {
    std::vector<unsigned> all(to - from);
    std::iota(all.begin(), all.end(), from);
    return all;
}

constexpr std::int64_t given_up_ms = 91'000; // what is tried for 90 s

} // namespace

TEST_CASE("app/tunnel_stage: what comes before there is a session waits, and arrives in order") {
    two_sites w;
    for (std::uint8_t i = 0; i < 10; ++i) {
        REQUIRE(w.send(2, i));
    }
    w.turn(*w.near);
    CHECK(w.near->stage->staged() == 10);
    w.run(50);
    CHECK(w.far[0].arrived() == counting(0, 10));
    CHECK(w.near->stage->staged() == 0);
    REQUIRE(w.send(2, 10));
    w.run(5);
    CHECK(w.far[0].arrived() == counting(0, 11));
}

TEST_CASE("app/tunnel_stage: each peer of a route gets its copy, wherever it goes") {
    two_sites w;
    const auto packet = numbered(1, 2, 7);
    for (const std::uint32_t peer : {0U, 1U, 2U}) {
        REQUIRE(w.near->submit(packet, peer | any_destination));
    }
    w.run(50);
    // The others have 10.9.0.2 nowhere, so that they count it.
    REQUIRE(w.far[0].received.size() == 1);
    CHECK(w.far[0].received[0] == packet);
    CHECK(w.far[1].stage->inner(inner_result::not_for_us) == 1);
    CHECK(w.far[2].stage->inner(inner_result::not_for_us) == 1);
    REQUIRE(w.near->submit(packet, 1));
    w.run(5);
    CHECK(w.near->stage->dropped(encrypt_status::bad_destination) == 1);
    CHECK(w.far[1].stage->inner(inner_result::not_for_us) == 1);
}

TEST_CASE("app/tunnel_stage: an echo request is answered, to who asked") {
    two_sites w;
    REQUIRE(w.near->submit(numbered(1, 3, 0, true), 1));
    w.run(50);
    CHECK(w.far[1].stage->inner(inner_result::echo_answered) == 1);
    REQUIRE(w.near->received.size() == 1); // the answer
    CHECK(w.near->received[0].at(20) == 0);
}

TEST_CASE("app/tunnel_stage: the newest of a peer wait") {
    two_sites w;
    w.cut = true;
    for (std::uint8_t i = 0; i < 20; ++i) {
        REQUIRE(w.send(2, i));
    }
    w.turn(*w.near);
    CHECK(w.near->stage->staged() == 16);
    CHECK(w.near->stage->dropped(encrypt_status::no_session) == 4);
    w.cut = false;
    w.run(6000);
    CHECK(w.far[0].arrived() == counting(4, 20));
}

TEST_CASE(
    "app/tunnel_stage: what waited goes out a little at a time, and in order with what comes") {
    two_sites w;
    for (std::uint8_t i = 0; i < 16; ++i) {
        REQUIRE(w.send(2, i));
    }
    std::uint8_t sent = 16;
    std::size_t before = 0;
    for (int i = 0; i < 100; ++i) {
        w.run(1);
        const std::size_t now = w.far[0].received.size();
        CHECK(now - before <= 10);
        before = now;
        if (now > 0 && sent < 20) {
            REQUIRE(w.send(2, sent++));
        }
    }
    CHECK(w.far[0].arrived() == counting(0, 20));
}

TEST_CASE("app/tunnel_stage: of all that wait there are so many, and who has most gives way") {
    two_sites w;
    w.cut = true;
    for (std::uint8_t i = 0; i < 16; ++i) {
        REQUIRE(w.send(2, i));
    }
    for (std::uint8_t i = 0; i < 12; ++i) {
        REQUIRE(w.send(3, i));
    }
    w.turn(*w.near);
    CHECK(w.near->stage->staged() == 24);
    CHECK(w.near->stage->dropped(encrypt_status::no_session) == 4);
    w.cut = false;
    w.run(6000);
    CHECK(w.far[0].arrived() == counting(4, 16));
    CHECK(w.far[1].arrived() == counting(0, 12));
}

TEST_CASE("app/tunnel_stage: a peer that cannot be reached costs what waits for it, and no more") {
    two_sites w;
    const auto nowhere = [](crypto::peer_change& change) {
        change.endpoint = {{{192, 0, 2, 2}}, 9};
    };
    w.change_peer(*w.near, w.far[0], nowhere);
    for (std::uint8_t i = 0; i < 5; ++i) {
        REQUIRE(w.send(2, i));
    }
    w.run(given_up_ms - 2000, 10);
    CHECK(w.near->stage->staged() == 5);
    w.run(10'000, 10);
    CHECK(w.near->numbers().handshakes_failed.value() == 1);
    CHECK(w.near->stage->staged() == 0);
    CHECK(w.near->stage->dropped(stage_drop::handshake_failed) == 5);
    // New traffic tries anew.
    w.change_peer(*w.near, w.far[0], [](crypto::peer_change& change) {
        change.endpoint = {{{192, 0, 2, 2}}, port_of(2)};
    });
    REQUIRE(w.send(2, 77));
    w.run(100);
    CHECK(w.far[0].arrived() == std::vector{77U});
}

TEST_CASE("app/tunnel_stage: what waits goes on asking for a session") {
    two_sites w;
    w.cut = true;
    REQUIRE(w.send(2, 0));
    w.run(20);
    CHECK(w.near->numbers().handshakes_started.value() == 1);
    crypto::tunnel_change change; // a new key of our own ends the attempt
    change.key = crypto::generate_private_key(crypto::fill_random);
    REQUIRE(w.near->tunnel->control().change(std::move(change), w.now));
    w.run(10'000, 10);
    CHECK(w.near->numbers().handshakes_started.value() == 1);
    REQUIRE(w.send(2, 1));
    w.run(20);
    CHECK(w.near->numbers().handshakes_started.value() == 2);
}

TEST_CASE("app/tunnel_stage: with no packet free, handshakes and keepalives go on") {
    two_sites w;
    std::vector<std::unique_ptr<dataplane::packet_burst>> all;
    for (bool more = true; more;) {
        all.push_back(std::make_unique<dataplane::packet_burst>());
        for (std::size_t i = 0; i < dataplane::burst_packets && more; ++i) {
            more = w.near->packets->allocate(*all.back(), 1);
        }
    }
    CHECK_FALSE(w.send(2, 0));
    w.change_peer(*w.near, w.far[0], [](crypto::peer_change& change) { change.keepalive_s = 1; });
    w.run(3500, 10);
    CHECK(w.near->numbers().handshakes_completed.value() == 1);
    CHECK(w.near->numbers().keepalives_sent.value() >= 4);
    CHECK(w.far[0].numbers().packets.count(crypto::decrypt_status::keepalive).value() ==
          w.near->numbers().keepalives_sent.value());
    all.clear();
    REQUIRE(w.send(2, 1));
    w.run(5);
    CHECK(w.far[0].arrived() == std::vector{1U});
}

TEST_CASE("app/tunnel_stage: messages for which no packet is free, or no room, are counted") {
    two_sites w;
    std::vector<std::unique_ptr<dataplane::packet_burst>> all;
    for (bool more = true; more;) {
        all.push_back(std::make_unique<dataplane::packet_burst>());
        for (std::size_t i = 0; i < dataplane::burst_packets && more; ++i) {
            more = w.near->messages->allocate(*all.back(), 1);
        }
    }
    REQUIRE(w.send(2, 0));
    w.run(5);
    CHECK(w.near->stage->dropped(stage_drop::no_packet) == 1);
    all.clear();
    // The lcore stands still: initiations to a peer come every 5 s.
    for (int i = 0; i < 300; ++i) {
        w.now.now_ns += 5'400 * ms;
        w.now.unix_ns += 5'400 * ms;
        w.near->tunnel->data().want_handshake(0);
        w.near->stage->run_handshakes(w.now);
        w.near->stage->send_handshakes();
    }
    const std::uint64_t sent = w.near->numbers().handshakes_started.value() - 1;
    CHECK(sent > 256);
    CHECK(w.near->stage->dropped(stage_drop::message_queue_full) == sent - 256);
}

TEST_CASE("app/tunnel_stage: what waits for a peer that is removed goes, and is counted") {
    two_sites w;
    w.cut = true;
    for (std::uint8_t i = 0; i < 3; ++i) {
        REQUIRE(w.send(2, i));
        REQUIRE(w.send(3, i));
    }
    w.run(20);
    CHECK(w.near->stage->staged() == 6);
    w.remove_peer(*w.near, w.far[0]);
    w.run(20);
    CHECK(w.near->stage->staged() == 3);
    CHECK(w.near->stage->dropped(encrypt_status::no_route) == 3);
}

TEST_CASE("app/tunnel_stage: a peer that is added gets nothing of one that was removed") {
    two_sites w;
    REQUIRE(w.near->submit(numbered(1, 2, 0), 0 | any_destination));
    w.run(50);
    CHECK(w.far[0].arrived() == counting(0, 1));
    w.remove_peer(*w.near, w.far[0]);
    w.remove_peer(*w.near, w.far[1]);
    w.run(20);
    // Whoever is new gets an index that no route knows.
    const auto other = crypto::public_of(crypto::generate_private_key(crypto::fill_random));
    w.change_peer(*w.near, other, [](crypto::peer_change& change) {
        change.endpoint = {{{192, 0, 2, 2}}, port_of(3)};
        change.allowed_ips = {{inner_of(2), 32}};
    });
    CHECK(w.near->tunnel->control().find(other) == 3);
    REQUIRE(w.near->submit(numbered(1, 2, 1), 0 | any_destination));
    w.run(50);
    CHECK(w.near->numbers(3).packets.count(encrypt_status::no_session).value() == 0);
    CHECK(w.near->stage->dropped(encrypt_status::no_route) == 1);
    // The one that was removed comes back, and with it its route.
    w.change_peer(*w.near, w.far[0], [](crypto::peer_change& change) {
        change.endpoint = {{{192, 0, 2, 2}}, port_of(2)};
    });
    REQUIRE(w.near->submit(numbered(1, 2, 2), 0 | any_destination));
    w.run(50);
    CHECK(w.far[0].arrived() == std::vector{0U, 2U});
}

TEST_CASE("app/tunnel_stage: packets follow a peer to where it is") {
    two_sites w;
    REQUIRE(w.send(2, 0));
    w.run(50);
    // The same peer with the same sessions, but at the port of party 4.
    party moved(w.far_site, 4, {.tunnel = w.far[0].tunnel});
    REQUIRE(moved.submit(numbered(2, 1, 9), 0));
    moved.stage->poll(w.now.now_ns);
    w.run(5);
    CHECK(w.near->arrived() == std::vector{9U});
    CHECK(w.near->numbers().roamed.value() == 1);
    REQUIRE(w.send(2, 3));
    w.run(5);
    CHECK(w.far[0].arrived() == std::vector{0U});
    CHECK(w.far[2].tunnel->numbers().packets.count(crypto::decrypt_status::unknown_index).value() ==
          1);
}

TEST_CASE("app/tunnel_stage: what is for the host is handed over, and the gateway answers echoes") {
    const auto ring = must(dataplane::packet_ring::create(unique_name("host"), 64));
    two_sites w({.host = ring.get()});
    REQUIRE(w.send(2, 0));
    w.run(50);
    REQUIRE(w.far[0].submit(numbered(2, 1, 7), 0));
    REQUIRE(w.far[0].submit(numbered(2, 1, 8, true), 0));
    w.run(5);
    dataplane::packet_burst got;
    REQUIRE(ring->dequeue(got) == 1);
    const auto data = got[0].data();
    const auto sent = numbered(2, 1, 7);
    CHECK(std::ranges::equal(data, sent));
    CHECK(w.near->received.empty());
    CHECK(w.near->stage->inner(inner_result::for_host) == 1);
    CHECK(w.near->stage->inner(inner_result::echo_answered) == 1);
    // A ring that nobody empties costs what does not fit.
    for (unsigned i = 0; i < 100; ++i) {
        REQUIRE(w.far[0].submit(numbered(2, 1, 9), 0));
        w.run(1);
    }
    w.run(5);
    CHECK(ring->used() == ring->capacity());
    CHECK(ring->dropped() == 100 - ring->capacity());
    do {
        got.clear();
    } while (ring->dequeue(got) > 0);
}

TEST_CASE("app/tunnel_stage: of what the host sends, little waits, and nothing else gives way") {
    two_sites w;
    w.cut = true;
    for (std::uint8_t i = 0; i < 10; ++i) {
        REQUIRE(w.send(2, i));
        REQUIRE(w.near->submit(numbered(1, 2, static_cast<std::uint8_t>(100 + i)),
                               crypto::no_peer | of_host));
    }
    w.run(5);
    CHECK(w.near->stage->staged() == 15);
    CHECK(w.near->stage->dropped(encrypt_status::no_session) == 5);
    w.cut = false;
    w.run(6000, 5); // the handshake is tried again
    auto arrived = w.far[0].arrived();
    std::ranges::sort(arrived);
    std::vector<unsigned> wanted = counting(0, 10);
    const auto hosts = counting(100, 105);
    wanted.insert(wanted.end(), hosts.begin(), hosts.end());
    CHECK(arrived == wanted);
    // By the allowed IPs, and room again for as many.
    REQUIRE(w.near->submit(numbered(1, 9, 0), crypto::no_peer | of_host));
    w.run(5);
    CHECK(w.near->stage->dropped(encrypt_status::no_route) == 1);
    CHECK(w.near->stage->staged() == 0);
}

TEST_CASE("app/tunnel_stage: every reason has a name of its own") {
    std::set<std::string> names;
    for (std::size_t i = 0; i < stage_drops; ++i) {
        names.insert(name(static_cast<stage_drop>(i)));
    }
    for (std::size_t i = 0; i < crypto::encrypt_statuses; ++i) {
        names.insert(name(static_cast<encrypt_status>(i)));
    }
    CHECK(names.size() == stage_drops + crypto::encrypt_statuses);
}
