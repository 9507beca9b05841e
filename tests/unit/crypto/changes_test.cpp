// SPDX-License-Identifier: MIT
// Peers and keys that change while the tunnel runs.
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

using namespace landfall;
using namespace landfall::crypto;
using namespace landfall::test;

namespace {

std::string text(encrypt_status status) {
    return name(status);
}

tunnel_change with_peer(const public_key& key) {
    tunnel_change change;
    change.peers.emplace_back().key = key;
    return change;
}

} // namespace

TEST_CASE("crypto/changes: a peer that is removed is heard no more, and may come back") {
    world w;
    w.connect();
    const auto index = w.nodes[0].tunnel->control().find(w.nodes[1].public_key);
    REQUIRE(index);
    flight kept;
    w.filter = [&](flight& one) {
        kept = one;
        return true;
    };
    w.send_to(1, 0);
    w.settle();
    w.change_peer(0, 1, [](peer_change& change) { change.remove = true; });
    CHECK(text(w.send_to(0, 1)) == "no_route");
    CHECK(w.deliver(0, kept.from, kept.octets) == decrypt_status::unknown_index);
    w.run(20 * ms);
    w.change_peer(0, 1, [](peer_change& change) {
        change.endpoint = endpoint_of(2);
        change.allowed_ips = {{inner_of(2), 32}};
    });
    CHECK(w.nodes[0].tunnel->control().find(w.nodes[1].public_key) == index);
    CHECK(text(w.send_to(0, 1)) == "no_session");
    w.run(10 * s);
    CHECK(text(w.send_to(0, 1)) == "sent");
}

TEST_CASE("crypto/changes: an allowed IP belongs to the peer that got it last") {
    world w(3);
    w.connect();
    w.send_to(0, 2);
    w.run(20 * ms);
    CHECK(text(w.send(0, inner_packet(inner_of(1), inner_of(2), 100), 0)) == "sent");
    w.change_peer(0, 2, [](peer_change& change) { change.allowed_ips = {{inner_of(2), 32}}; });
    CHECK(text(w.send(0, inner_packet(inner_of(1), inner_of(2), 100), 0)) == "bad_destination");
    CHECK(text(w.send(0, inner_packet(inner_of(1), inner_of(2), 100), 1)) == "sent");
    w.change_peer(0, 2, [](peer_change& change) { change.replace_allowed_ips = true; });
    CHECK(text(w.send(0, inner_packet(inner_of(1), inner_of(2), 100))) == "no_route");
    // The host's bits do not count.
    w.change_peer(0, 2, [](peer_change& change) {
        change.allowed_ips = {base::parse_prefix("10.9.0.77/24").value()};
    });
    CHECK(text(w.send(0, inner_packet(inner_of(1), inner_of(2), 100))) == "sent");
}

TEST_CASE("crypto/changes: a packet from an address of another peer's is refused") {
    world w(3);
    w.connect();
    // Node 1 sends to node 0 what claims to be from node 2.
    CHECK(text(w.send(1, inner_packet(inner_of(3), inner_of(1), 100))) == "sent");
    w.settle();
    CHECK(w.nodes[0].received.empty());
    CHECK(w.nodes[0].numbers(0).packets.count(decrypt_status::bad_source).value() == 1);
}

TEST_CASE("crypto/changes: a new private key ends all sessions, and the next handshake uses it") {
    world w;
    w.connect();
    tunnel_change change;
    change.key = generate_private_key(seeded(77));
    const public_key now = public_of(*change.key);
    CHECK(w.change(0, std::move(change)));
    CHECK(text(w.send_to(0, 1)) == "no_session");
    w.run(10 * s);
    CHECK(w.last_handshake == handshake_status::unknown_peer);
    tunnel_change other = with_peer(now);
    other.peers[0].allowed_ips = {{inner_of(1), 32}};
    CHECK(w.change(1, std::move(other)));
    w.run(10 * s);
    CHECK(text(w.send_to(0, 1)) == "sent");
}

TEST_CASE("crypto/changes: the same private key again changes nothing") {
    world w;
    w.connect();
    tunnel_change change;
    change.key = private_key::copy_of(w.nodes[0].key.bytes());
    CHECK(w.change(0, std::move(change)));
    CHECK(text(w.send_to(0, 1)) == "sent");
}

TEST_CASE("crypto/changes: without a private key nothing is sent and nothing answered") {
    world w;
    tunnel_change change;
    change.key.emplace();
    CHECK(w.change(0, std::move(change)));
    CHECK_FALSE(w.nodes[0].tunnel->control().has_key());
    w.send_to(0, 1);
    w.send_to(1, 0);
    w.run(s);
    CHECK(w.nodes[0].tunnel->numbers().packets.count(decrypt_status::bad_mac1).value() > 0);
    CHECK(w.nodes[0].numbers().handshakes_started.value() == 0);
}

TEST_CASE("crypto/changes: a pre-shared key acts at the next handshake") {
    world w;
    w.connect();
    for (const std::size_t i : {0U, 1U}) {
        w.change_peer(i, 1 - i,
                      [](peer_change& change) { change.preshared.emplace().bytes()[0] = 9; });
    }
    CHECK(text(w.send_to(0, 1)) == "sent");
    w.run(130 * s);
    w.send_to(0, 1);
    w.run(20 * ms);
    CHECK(w.nodes[0].numbers().handshakes_completed.value() == 2);
}

TEST_CASE("crypto/changes: keys of low order, our own key, too many peers") {
    world w;
    public_key low;
    low.octet[0] = 1;
    CHECK(w.change(0, with_peer(low)).error() == change_error::weak_key);
    CHECK_FALSE(w.nodes[0].tunnel->control().find(low));
    CHECK(w.change(0, with_peer(w.nodes[0].public_key)));
    CHECK_FALSE(w.nodes[0].tunnel->control().find(w.nodes[0].public_key));
    const auto random = seeded(5);
    for (int i = 0; i < 3; ++i) {
        CHECK(w.change(0, with_peer(public_of(generate_private_key(random)))));
    }
    const public_key fifth = public_of(generate_private_key(random));
    CHECK(w.change(0, with_peer(fifth)).error() == change_error::too_many_peers);
    tunnel_change only_update = with_peer(fifth);
    only_update.peers[0].update_only = true;
    CHECK(w.change(0, std::move(only_update)));
    CHECK_FALSE(w.nodes[0].tunnel->control().find(fifth));
    // An index is free when the data half has let go of it.
    w.change_peer(0, 1, [](peer_change& change) { change.remove = true; });
    CHECK(w.change(0, with_peer(fifth)).error() == change_error::too_many_peers);
    w.run(20 * ms);
    CHECK(w.change(0, with_peer(fifth)));
}

TEST_CASE("crypto/changes: more changes than the ring holds are not lost") {
    world w;
    for (int i = 0; i < 5000; ++i) {
        w.change_peer(0, 1, [&](peer_change& change) {
            change.replace_allowed_ips = true;
            change.allowed_ips = {{inner_of(static_cast<std::uint8_t>(i % 200)), 32},
                                  {inner_of(2), 32}};
        });
    }
    w.run(s);
    w.connect();
    CHECK(text(w.send_to(0, 1)) == "sent");
    CHECK(text(w.send(0, inner_packet(inner_of(1), inner_of(4999 % 200), 100))) == "sent");
    CHECK(text(w.send(0, inner_packet(inner_of(1), inner_of(4998 % 200), 100))) == "no_route");
}

TEST_CASE("crypto/changes: a reserved index is its key's, whether there is such a peer or not") {
    world w(3);
    w.reserve = true;
    w.start(0);
    w.connect();
    auto& control = w.nodes[0].tunnel->control();
    CHECK(control.find(w.nodes[2].public_key) == 1);
    w.change_peer(0, 1, [](peer_change& change) { change.remove = true; });
    w.run(20 * ms);
    const public_key stranger = public_of(generate_private_key(seeded(5)));
    CHECK(w.change(0, with_peer(stranger)));
    CHECK(control.find(stranger) == 2);
    CHECK(text(w.send(0, inner_packet(inner_of(1), inner_of(2), 100), 0)) == "no_route");
    // At once, before the data half has let go of the index.
    const auto back = [](peer_change& change) {
        change.endpoint = endpoint_of(2);
        change.allowed_ips = {{inner_of(2), 32}};
    };
    w.change_peer(0, 1, back);
    CHECK(control.find(w.nodes[1].public_key) == 0);
    w.change_peer(0, 1, [](peer_change& change) { change.remove = true; });
    w.change_peer(0, 1, back);
    CHECK(control.find(w.nodes[1].public_key) == 0);
    CHECK(text(w.send_to(0, 1)) == "no_session");
    w.run(10 * s);
    CHECK(text(w.send_to(0, 1)) == "sent");
}

TEST_CASE("crypto/changes: replacing all peers keeps those that are named again") {
    world w(3);
    w.connect();
    tunnel_change change;
    change.replace_peers = true;
    auto& again = change.peers.emplace_back();
    again.key = w.nodes[1].public_key;
    again.replace_allowed_ips = true;
    again.allowed_ips = {{inner_of(2), 32}};
    change.peers.emplace_back().key = public_of(generate_private_key(seeded(5)));
    CHECK(w.change(0, std::move(change)));
    auto& control = w.nodes[0].tunnel->control();
    CHECK(control.find(w.nodes[1].public_key) == 0);
    CHECK_FALSE(control.find(w.nodes[2].public_key));
    CHECK(text(w.send_to(0, 1)) == "sent"); // under the same keys
    CHECK(w.nodes[0].numbers().handshakes_started.value() == 1);
    CHECK(text(w.send_to(0, 2)) == "no_route");
}

TEST_CASE("crypto/changes: of a peer that replacing keeps, nothing else stays") {
    world w;
    w.connect();
    w.change_peer(0, 1, [](peer_change& change) {
        change.preshared.emplace().bytes()[0] = 9;
        change.keepalive_s = 25;
    });
    tunnel_change change = with_peer(w.nodes[1].public_key);
    change.replace_peers = true;
    CHECK(w.change(0, std::move(change)));
    std::size_t peers = 0;
    w.nodes[0].tunnel->control().for_each_peer([&](const peer_view& peer) {
        ++peers;
        CHECK(peer.preshared.zero());
        CHECK(peer.keepalive_s == 0);
        CHECK(peer.allowed_ips.empty());
        CHECK(peer.endpoint == endpoint_of(2)); // where it is known to be
    });
    CHECK(peers == 1);
    CHECK(text(w.send_to(0, 1)) == "no_route");
    for (const auto flag : {&peer_change::remove, &peer_change::update_only}) {
        CAPTURE(flag == &peer_change::remove);
        world other;
        other.connect();
        tunnel_change none = with_peer(other.nodes[1].public_key);
        none.replace_peers = true;
        none.peers[0].*flag = true;
        CHECK(other.change(0, std::move(none)));
        CHECK_FALSE(other.nodes[0].tunnel->control().find(other.nodes[1].public_key));
    }
}

TEST_CASE("crypto/changes: counts begin with a peer, and go on with a reserved one") {
    world w(2);
    const auto counts = [&w] {
        std::vector<peer_counts> all;
        w.nodes[0].tunnel->control().for_each_peer(
            [&](const peer_view& peer) { all.push_back(peer.counts); });
        return all;
    };
    for (const bool reserve : {false, true}) {
        CAPTURE(reserve);
        w.reserve = reserve;
        w.start(0);
        w.connect();
        w.run(10 * s);
        w.send_to(0, 1);
        w.send_to(1, 0);
        w.run(20 * ms);
        REQUIRE(counts().size() == 1);
        const peer_counts before = counts()[0];
        CHECK(before.sent_packets > 0);
        CHECK(before.received_packets > 0);
        CHECK(before.sent_octets > before.received_octets);
        CHECK(before.handshakes_started == 1);
        CHECK(before.handshakes_completed == 1);
        w.change_peer(0, 1, [](peer_change& change) { change.remove = true; });
        CHECK(counts().empty());
        w.run(20 * ms);
        const public_key stranger = public_of(generate_private_key(seeded(5)));
        CHECK(w.change(0, with_peer(reserve ? w.nodes[1].public_key : stranger)));
        REQUIRE(counts().size() == 1);
        CHECK(counts()[0].sent_packets == (reserve ? before.sent_packets : 0));
        CHECK(counts()[0].received_octets == (reserve ? before.received_octets : 0));
        CHECK(counts()[0].handshakes_completed == (reserve ? 1 : 0));
    }
}

TEST_CASE("crypto/changes: the listen port 0 leaves the port as it is") {
    world w;
    tunnel_change change;
    change.listen_port = 51821;
    CHECK(w.change(0, std::move(change)));
    change = {};
    change.listen_port = 0;
    CHECK(w.change(0, std::move(change)));
    CHECK(w.nodes[0].tunnel->control().listen_port() == 51821);
}
