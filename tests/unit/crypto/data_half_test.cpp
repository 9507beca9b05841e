// SPDX-License-Identifier: MIT
#include "crypto/data_half.h"
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

#include <optional>

using namespace landfall;
using namespace landfall::crypto;
using namespace landfall::test;

namespace {

/// A data half that has one peer and a session which the test made.
struct lone {
    explicit lone(std::uint64_t counter = 0, bool initiator = true,
                  sealing mode = sealing::one_call)
        : shared(1, 1408, mode), data(shared) {
        session& made = shared.sessions[0];
        made.send_key[0] = 1;
        made.receive_key[0] = 1; // its own messages come back
        made.local_index = made.remote_index = 0x1230;
        made.peer = 0;
        made.initiator = initiator;
        made.made_ns = s;
        made.send_counter = counter;
        push({.what = order::kind::add_peer, .peer = 0});
        push({.what = order::kind::install_current,
              .peer = 0,
              .slot = 0,
              .endpoint = endpoint_of(2)});
        const std::vector<allowed_ip> allowed{{{inner_of(2), 32}, 0}};
        push({.what = order::kind::set_allowed_ips,
              .allowed = std::make_unique<allowed_ips>(allowed)});
    }
    void push(order what) { REQUIRE(shared.orders.push(std::move(what))); }

    outgoing encrypt(const message& packet, std::size_t head, std::size_t tail,
                     std::uint16_t peer = no_peer) {
        room.assign(head + packet.size() + tail, 0x77);
        std::copy(packet.begin(), packet.end(), room.begin() + static_cast<std::ptrdiff_t>(head));
        outgoing out{.packet = room.data() + head,
                     .length = static_cast<std::uint32_t>(packet.size()),
                     .headroom = static_cast<std::uint32_t>(head),
                     .tailroom = static_cast<std::uint32_t>(tail),
                     .peer = peer};
        data.encrypt({&out, 1}, now);
        return out;
    }
    outgoing encrypt(const message& packet) {
        return encrypt(packet, scratch_headroom, scratch_tailroom);
    }
    incoming decrypt(base::octets datagram) {
        returned.assign(datagram.begin(), datagram.end());
        incoming in{.datagram = returned.data(),
                    .length = static_cast<std::uint32_t>(returned.size()),
                    .source = endpoint_of(2)};
        data.decrypt({&in, 1}, now);
        return in;
    }

    shared_state shared;
    data_half data;
    std::int64_t now = 2 * s;
    message room;
    message returned;
};

message packet_of(std::size_t length, std::uint8_t to = 2) {
    return inner_packet(inner_of(2), inner_of(to), length);
}

std::string text(encrypt_status status) {
    return name(status);
}
std::string text(decrypt_status status) {
    return name(status);
}

} // namespace

TEST_CASE("crypto/data_half: every length goes through, padded to 16 but not beyond the MTU") {
    for (const sealing mode : {sealing::one_call, sealing::plain}) {
        lone x(0, true, mode);
        for (std::size_t length = 24; length <= 1408; ++length) {
            const message packet = packet_of(length);
            const outgoing out = x.encrypt(packet);
            REQUIRE(text(out.status) == "sent");
            REQUIRE(out.datagram_length == (length + 15) / 16 * 16 + 32);
            REQUIRE(out.endpoint == endpoint_of(2));
            const incoming in = x.decrypt({out.datagram, out.datagram_length});
            REQUIRE(text(in.status) == "packet");
            REQUIRE(message(in.packet, in.packet + in.packet_length) == packet);
        }
        CHECK(text(x.encrypt(packet_of(1409)).status) == "too_long");
    }
}

TEST_CASE("crypto/data_half: an MTU that 16 does not divide cuts the padding") {
    lone x;
    x.shared.inner_mtu = 1420;
    const outgoing out = x.encrypt(packet_of(1415));
    REQUIRE(text(out.status) == "sent");
    CHECK(out.datagram_length == 1420 + 32);
    const incoming in = x.decrypt({out.datagram, out.datagram_length});
    CHECK(text(in.status) == "packet");
    CHECK(in.packet_length == 1415);
}

TEST_CASE("crypto/data_half: with less room the plain form is used, with too little none") {
    for (std::size_t length = 24; length < 600; length += 7) {
        const std::size_t padding = (16 - length % 16) % 16;
        for (const auto& [head, tail] :
             {std::pair{std::size_t{16}, padding + 16}, std::pair{scratch_headroom, padding + 16},
              std::pair{std::size_t{16}, scratch_tailroom},
              std::pair{std::size_t{63}, padding + 64}}) {
            lone x;
            const outgoing out = x.encrypt(packet_of(length), head, tail);
            REQUIRE(text(out.status) == "sent");
            const message one(out.datagram, out.datagram + out.datagram_length);
            lone y;
            const outgoing other = y.encrypt(packet_of(length));
            REQUIRE(one == message(other.datagram, other.datagram + other.datagram_length));
        }
        lone x;
        const message packet = packet_of(length);
        for (const auto& [head, tail] :
             {std::pair{std::size_t{15}, padding + 16}, std::pair{std::size_t{16}, padding + 15}}) {
            const outgoing out = x.encrypt(packet, head, tail);
            REQUIRE(text(out.status) == "no_room");
            REQUIRE(std::equal(packet.begin(), packet.end(), out.packet));
        }
    }
}

TEST_CASE("crypto/data_half: a packet that is not sent is untouched, and costs no counter") {
    lone x;
    const auto refused = [&](const message& packet, std::uint16_t peer) {
        const outgoing out = x.encrypt(packet, scratch_headroom, scratch_tailroom, peer);
        CHECK(std::all_of(x.room.begin(), x.room.begin() + scratch_headroom,
                          [](std::uint8_t octet) { return octet == 0x77; }));
        CHECK(std::equal(packet.begin(), packet.end(), out.packet));
        return text(out.status);
    };
    CHECK(refused(packet_of(100, 3), no_peer) == "no_route");
    CHECK(refused(packet_of(100, 3), 0) == "bad_destination");
    CHECK(refused(packet_of(100), 1) == "no_route");
    CHECK(refused(packet_of(2000), 0) == "too_long");
    message packet = packet_of(100);
    packet[0] = 0x55;
    CHECK(refused(packet, 0) == "bad_packet");
    packet = packet_of(100);
    packet[3] = 99;
    CHECK(refused(packet, 0) == "bad_packet");
    packet[3] = 101;
    CHECK(refused(packet, 0) == "bad_packet");
    CHECK(refused(message(5, 0x45), 0) == "bad_packet");
    x.now = s + reject_after_ns;
    CHECK(refused(packet_of(100), 0) == "no_session");
    x.now = 2 * s;
    const outgoing out = x.encrypt(packet_of(100));
    CHECK(out.datagram[8] == 0);
    CHECK(x.shared.numbers.peer[0].packets.count(encrypt_status::bad_packet).value() == 4);
    CHECK(x.shared.numbers.packets.count(encrypt_status::no_route).value() == 2);
}

TEST_CASE("crypto/data_half: no part and no bit of a data message is taken but the whole, once") {
    lone x;
    const outgoing out = x.encrypt(packet_of(100));
    const message good(out.datagram, out.datagram + out.datagram_length);
    for (std::size_t length = 0; length < good.size(); ++length) {
        const auto status = x.decrypt(base::octets(good).first(length)).status;
        REQUIRE(text(status) == (length < 32 ? "bad_message" : "bad_tag"));
    }
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        message changed = good;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const incoming in = x.decrypt(changed);
        REQUIRE(text(in.status) == (bit < 32                           ? "bad_message"
                                    : bit < 64                         ? "unknown_index"
                                    : bit < 128 && changed[15] == 0xFF ? "stale_key"
                                                                       : "bad_tag"));
        REQUIRE(in.packet == nullptr);
    }
    // All of that moved no window.
    CHECK(text(x.decrypt(good).status) == "packet");
    CHECK(text(x.decrypt(good).status) == "replay");
}

TEST_CASE("crypto/data_half: what is authentic but no packet of the peer's is dropped") {
    lone x;
    const auto came = [&](const message& packet) {
        message sealed{4, 0, 0, 0, 0x30, 0x12};
        sealed.resize(packet.size() + 32);
        static std::uint8_t counter = 0;
        sealed.at(8) = ++counter;
        std::copy(packet.begin(), packet.end(), sealed.begin() + 16);
        seal_plain(x.shared.sessions[0].receive_key, counter, sealed.data() + 16, packet.size());
        const incoming in = x.decrypt(sealed);
        CHECK((in.packet != nullptr) == (in.status == decrypt_status::packet));
        return text(in.status);
    };
    CHECK(came(packet_of(100)) == "packet");
    CHECK(came({}) == "keepalive");
    CHECK(came(inner_packet(inner_of(3), inner_of(2), 100)) == "bad_source");
    message packet = packet_of(100);
    packet[2] = 1; // longer than it is
    CHECK(came(packet) == "bad_packet");
    packet = packet_of(100);
    packet[3] = 19;
    CHECK(came(packet) == "bad_packet");
    CHECK(came(message(16)) == "bad_packet");
    CHECK(came({0x45}) == "bad_packet");
    message six(60);
    six[0] = 0x60;
    six[5] = 20;
    CHECK(came(six) == "bad_source");
    six[5] = 21;
    CHECK(came(six) == "bad_packet");
}

TEST_CASE("crypto/data_half: after 2^60 messages keys are renewed, and there is a last one") {
    lone x(rekey_after_messages - 1, false);
    auto& wanted = x.shared.numbers.peer[0].handshakes_wanted;
    CHECK(text(x.encrypt(packet_of(100)).status) == "sent");
    CHECK(wanted.value() == 0);
    CHECK(text(x.encrypt(packet_of(100)).status) == "sent");
    CHECK(wanted.value() == 1);
    lone last(reject_after_messages - 1);
    const outgoing out = last.encrypt(packet_of(100));
    CHECK(text(out.status) == "sent");
    CHECK(text(last.decrypt({out.datagram, out.datagram_length}).status) == "packet");
    CHECK(text(last.encrypt(packet_of(100)).status) == "no_session");
}

TEST_CASE(
    "crypto/data_half: forged and replayed datagrams at full rate leave good ones untouched") {
    lone x;
    base::random_source random(3);
    std::size_t good = 0;
    message first;
    for (int i = 0; i < 5000; ++i) {
        const outgoing out = x.encrypt(packet_of(100));
        const message sealed(out.datagram, out.datagram + out.datagram_length);
        first = i == 0 ? sealed : first;
        message forged = sealed;
        for (std::size_t at = 8; at < 16; ++at) {
            forged[at] = static_cast<std::uint8_t>(random.bits());
        }
        REQUIRE(x.decrypt(forged).status != decrypt_status::packet);
        good += x.decrypt(sealed).status == decrypt_status::packet ? 1U : 0U;
        REQUIRE(text(x.decrypt(i % 2 == 0 ? sealed : first).status) == "replay");
    }
    CHECK(good == 5000);
}

TEST_CASE("crypto/data_half: a batch keeps its order, and each packet its own result") {
    lone x;
    constexpr std::size_t count = 32;
    std::vector<message> rooms(count);
    std::vector<outgoing> batch(count);
    for (std::size_t i = 0; i < count; ++i) {
        const message packet = packet_of(100 + i, i % 4 == 3 ? 9 : 2);
        rooms[i].resize(scratch_headroom + packet.size() + scratch_tailroom);
        std::copy(packet.begin(), packet.end(), rooms[i].begin() + scratch_headroom);
        batch[i] = {.packet = rooms[i].data() + scratch_headroom,
                    .length = static_cast<std::uint32_t>(packet.size()),
                    .headroom = scratch_headroom,
                    .tailroom = scratch_tailroom};
    }
    x.data.encrypt(batch, x.now);
    std::uint8_t counter = 0;
    for (std::size_t i = 0; i < count; ++i) {
        REQUIRE(text(batch[i].status) == (i % 4 == 3 ? "no_route" : "sent"));
        if (batch[i].status == encrypt_status::sent) {
            REQUIRE(batch[i].datagram[8] == counter++);
        }
    }
}

TEST_CASE("crypto/data_half: every status has a name of its own") {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < encrypt_statuses; ++i) {
        REQUIRE(name(static_cast<encrypt_status>(i)) != nullptr);
    }
    for (std::size_t i = 0; i < decrypt_statuses; ++i) {
        REQUIRE(name(static_cast<decrypt_status>(i)) != nullptr);
    }
    for (std::size_t i = 0; i < handshake_statuses; ++i) {
        REQUIRE(name(static_cast<handshake_status>(i)) != nullptr);
    }
    CHECK(name(static_cast<encrypt_status>(encrypt_statuses)) == nullptr);
    CHECK(name(static_cast<decrypt_status>(decrypt_statuses)) == nullptr);
    CHECK(name(static_cast<handshake_status>(handshake_statuses)) == nullptr);
}
