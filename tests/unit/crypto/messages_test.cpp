// SPDX-License-Identifier: MIT
// Handshakes between tunnels: what is answered, what is not, and what it takes to be.
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <set>

using namespace landfall;
using namespace landfall::crypto;
using namespace landfall::test;

namespace {

/// The messages of a handshake, kept before they arrive.
struct kept : world {
    std::array<std::optional<flight>, 5> last; ///< by type
    explicit kept(std::uint8_t count_of = 2, bool endpoints = true) : world(count_of, endpoints) {
        filter = [this](flight& one) {
            last.at(one.type()) = one;
            return true;
        };
    }
    const flight& of(message_type type) const {
        return last.at(static_cast<std::size_t>(type)).value();
    }
    std::uint64_t count(std::size_t which, handshake_status status) const {
        return nodes[which].tunnel->numbers().count(status).value();
    }
};

std::string text(handshake_status status) {
    return name(status);
}

} // namespace

TEST_CASE("crypto/messages: a handshake, and data both ways") {
    kept w;
    CHECK(w.send_to(0, 1) == encrypt_status::no_session);
    w.run(20 * ms);
    CHECK(w.send_to(0, 1, 7) == encrypt_status::sent);
    CHECK(w.send_to(1, 0, 8) == encrypt_status::sent);
    w.settle();
    REQUIRE(w.nodes[1].received.size() == 1);
    CHECK(w.nodes[1].received[0] == inner_packet(inner_of(1), inner_of(2), 100, 7));
    REQUIRE(w.nodes[0].received.size() == 1);
    CHECK(number_of(w.nodes[0].received[0]) == 8);
    CHECK(w.of(message_type::initiation).octets.size() == 148);
    CHECK(w.of(message_type::response).octets.size() == 92);
    for (const node& one : w.nodes) {
        CHECK(one.numbers().handshakes_completed.value() == 1);
        CHECK(one.numbers().last_handshake_unix_ns.value() >= 1'800'000'000 * s);
    }
}

TEST_CASE("crypto/messages: a pre-shared key has to be the same on both sides") {
    for (const bool both : {false, true}) {
        kept w;
        const auto give = [](peer_change& change) { change.preshared.emplace().bytes()[0] = 1; };
        w.change_peer(0, 1, give);
        if (both) {
            w.change_peer(1, 0, give);
        }
        w.connect();
        CHECK((w.send_to(0, 1) == encrypt_status::sent) == both);
        CHECK(text(w.last_handshake) == (both ? "completed" : "bad_seal"));
    }
}

TEST_CASE("crypto/messages: no part and no bit of an initiation is answered but the whole") {
    kept w;
    w.filter = [&](flight& one) {
        w.last.at(one.type()) = one;
        return false;
    };
    w.send_to(0, 1);
    w.run(0);
    const flight good = w.of(message_type::initiation);
    for (std::size_t length = 0; length < good.octets.size(); ++length) {
        const auto status =
            w.deliver(1, good.from,
                      message(good.octets.begin(),
                              good.octets.begin() + static_cast<std::ptrdiff_t>(length)));
        REQUIRE(status == decrypt_status::bad_message);
        REQUIRE(w.nodes[1].tunnel->control().receive(
                    good.from, base::octets(good.octets).first(length), w.at, false,
                    w.sender_of(w.nodes[1])) == handshake_status::bad_message);
    }
    for (std::size_t bit = 0; bit < 8 * initiation::mac2_at; ++bit) {
        message changed = good.octets;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const auto first = w.deliver(1, good.from, changed);
        REQUIRE((first == decrypt_status::bad_mac1 || first == decrypt_status::bad_message));
        const auto status = w.nodes[1].tunnel->control().receive(good.from, changed, w.at, false,
                                                                 w.sender_of(w.nodes[1]));
        REQUIRE((status == handshake_status::bad_mac1 || status == handshake_status::bad_message));
    }
    CHECK_FALSE(w.last.at(2)); // silence
    CHECK(w.deliver(1, good.from, good.octets) == decrypt_status::handshake);
    CHECK(text(w.last_handshake) == "answered");
    CHECK(w.last.at(2));
}

TEST_CASE("crypto/messages: no part and no bit of a response is taken but the whole") {
    kept w;
    w.filter = [&](flight& one) {
        w.last.at(one.type()) = one;
        return one.type() != 2;
    };
    w.send_to(0, 1);
    w.run(0);
    const flight good = w.of(message_type::response);
    auto& control = w.nodes[0].tunnel->control();
    for (std::size_t length = 0; length < good.octets.size(); ++length) {
        REQUIRE(control.receive(good.from, base::octets(good.octets).first(length), w.at, false,
                                w.sender_of(w.nodes[0])) == handshake_status::bad_message);
    }
    for (std::size_t bit = 0; bit < 8 * response::mac2_at; ++bit) {
        message changed = good.octets;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const auto status =
            control.receive(good.from, changed, w.at, false, w.sender_of(w.nodes[0]));
        REQUIRE((status == handshake_status::bad_mac1 || status == handshake_status::bad_message));
    }
    CHECK_FALSE(w.nodes[0].tunnel->data().ready(0, w.at.now_ns));
    w.deliver(0, good.from, good.octets);
    CHECK(text(w.last_handshake) == "completed");
    w.deliver(0, good.from, good.octets);
    CHECK(text(w.last_handshake) == "unknown_index"); // a second time
    w.run(0);
    CHECK(w.nodes[0].tunnel->data().ready(0, w.at.now_ns));
}

TEST_CASE("crypto/messages: no part and no bit of a cookie reply is taken but the whole") {
    kept w;
    w.nodes[1].under_load = true;
    w.filter = [&](flight& one) {
        w.last.at(one.type()) = one;
        return one.type() != 3;
    };
    w.send_to(0, 1);
    w.run(0);
    const flight good = w.of(message_type::cookie);
    REQUIRE(good.octets.size() == 64);
    auto& control = w.nodes[0].tunnel->control();
    for (std::size_t length = 0; length < good.octets.size(); ++length) {
        REQUIRE(control.receive(good.from, base::octets(good.octets).first(length), w.at, false,
                                w.sender_of(w.nodes[0])) == handshake_status::bad_message);
    }
    for (std::size_t bit = 0; bit < 8 * good.octets.size(); ++bit) {
        message changed = good.octets;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        REQUIRE(control.receive(good.from, changed, w.at, false, w.sender_of(w.nodes[0])) !=
                handshake_status::cookie_taken);
    }
    w.deliver(0, good.from, good.octets);
    CHECK(text(w.last_handshake) == "cookie_taken");
}

TEST_CASE(
    "crypto/messages: under load a handshake takes a cookie, and comes through with the retry") {
    kept w;
    w.nodes[1].under_load = true;
    w.connect();
    CHECK(w.nodes[1].tunnel->numbers().under_load.value());
    CHECK(w.count(1, handshake_status::cookie_sent) == 1);
    CHECK(w.count(0, handshake_status::cookie_taken) == 1);
    CHECK_FALSE(w.nodes[0].tunnel->data().ready(0, w.at.now_ns)); // not at once: the timer retries
    w.run(6 * s);
    CHECK(w.nodes[0].tunnel->data().ready(0, w.at.now_ns));
    CHECK(w.send_to(0, 1) == encrypt_status::sent);
    CHECK(w.count(1, handshake_status::answered) == 1);
    w.nodes[1].under_load = false;
    w.run(2 * s);
    CHECK_FALSE(w.nodes[1].tunnel->numbers().under_load.value());
}

TEST_CASE("crypto/messages: under load a good cookie buys 5 handshakes at once, no more") {
    kept w;
    w.nodes[1].under_load = true;
    w.connect();
    w.run(6 * s);
    const flight good = w.of(message_type::initiation);
    const auto limited = w.count(1, handshake_status::rate_limited);
    for (int i = 0; i < 20; ++i) {
        static_cast<void>(w.deliver(1, good.from, good.octets));
    }
    CHECK(w.count(1, handshake_status::replay) == 5);
    CHECK(w.count(1, handshake_status::rate_limited) == limited + 15);
}

TEST_CASE("crypto/messages: an initiator under load asks the responder for a cookie as well") {
    kept w;
    w.nodes[0].under_load = true;
    w.connect();
    CHECK(w.count(1, handshake_status::cookie_taken) == 1);
    w.run(6 * s);
    CHECK(w.nodes[0].tunnel->data().ready(0, w.at.now_ns));
}

TEST_CASE("crypto/messages: a flood of valid mac1 puts us under load by our own measure") {
    kept w;
    w.filter = [&](flight& one) {
        w.last.at(one.type()) = one;
        return false;
    };
    w.send_to(0, 1);
    w.run(0);
    const flight good = w.of(message_type::initiation);
    for (int i = 0; i < 600; ++i) {
        static_cast<void>(w.deliver(1, good.from, good.octets));
    }
    CHECK(w.count(1, handshake_status::answered) == 1);
    CHECK(w.count(1, handshake_status::replay) == 499);
    CHECK(w.count(1, handshake_status::cookie_sent) == 100);
}

TEST_CASE("crypto/messages: an initiation is answered once, and never after a later one") {
    kept w;
    w.connect();
    const flight first = w.of(message_type::initiation);
    w.run(10 * s);
    static_cast<void>(w.deliver(1, first.from, first.octets));
    CHECK(text(w.last_handshake) == "replay");
    w.run(130 * s);
    w.send_to(0, 1);
    w.run(20 * ms);
    CHECK(w.count(1, handshake_status::answered) == 2);
    static_cast<void>(w.deliver(1, first.from, first.octets));
    CHECK(text(w.last_handshake) == "replay");
}

TEST_CASE("crypto/messages: two initiations within 20 ms are one too many") {
    kept w;
    w.connect();
    // Node 0 forgets everything, and is at it again at once.
    for (const auto& [wait, status] :
         {std::pair{19 * ms, "flood"}, std::pair{21 * ms, "completed"}}) {
        const tai64n last = w.nodes[0].tunnel->control().newest_timestamp();
        w.start(0, true, last);
        w.send_to(0, 1);
        w.run(0);
        w.start(0, true, w.nodes[0].tunnel->control().newest_timestamp());
        w.at.now_ns += wait;
        w.send_to(0, 1);
        w.run(0);
        CHECK(text(w.last_handshake) == status);
        w.run(s);
    }
}

TEST_CASE("crypto/messages: strangers get no answer") {
    kept w(3);
    w.change_peer(1, 2, [](peer_change& change) { change.remove = true; });
    w.send_to(2, 1);
    w.run(0);
    CHECK(text(w.last_handshake) == "unknown_peer");
    CHECK_FALSE(w.last.at(2));
    // Who does not know our public key does not get that far.
    const flight to_another = w.of(message_type::initiation);
    CHECK(w.deliver(0, to_another.from, to_another.octets) == decrypt_status::bad_mac1);
    CHECK(text(w.nodes[0].tunnel->control().receive(to_another.from, to_another.octets, w.at, false,
                                                    w.sender_of(w.nodes[0]))) == "bad_mac1");
}

TEST_CASE("crypto/messages: a responder sends nothing before its session is confirmed") {
    kept w;
    w.filter = [&](flight& one) {
        w.last.at(one.type()) = one;
        return one.type() != 4;
    };
    w.send_to(0, 1);
    w.run(0);
    CHECK(w.send_to(0, 1) == encrypt_status::sent);
    CHECK(w.send_to(1, 0) == encrypt_status::no_session);
    CHECK(w.nodes[1].numbers().handshakes_completed.value() == 0);
    const flight confirming = w.of(message_type::data);
    CHECK(w.deliver(1, confirming.from, confirming.octets) == decrypt_status::packet);
    CHECK(w.send_to(1, 0) == encrypt_status::sent);
    w.run(0);
    CHECK(w.nodes[1].numbers().handshakes_completed.value() == 1);
}

TEST_CASE("crypto/messages: both sides at once end with sessions that work both ways") {
    kept w;
    w.send_to(0, 1);
    w.send_to(1, 0);
    w.run(50 * ms);
    for (int i = 0; i < 3000; ++i) {
        REQUIRE(w.send_to(0, 1) == encrypt_status::sent);
        REQUIRE(w.send_to(1, 0) == encrypt_status::sent);
        w.run(100 * ms, 100 * ms);
    }
    CHECK(w.nodes[0].received.size() == 3000);
    CHECK(w.nodes[1].received.size() == 3000);
}

TEST_CASE("crypto/messages: packets on their way when keys change still arrive") {
    kept w;
    w.connect();
    w.filter = [](flight& one) {
        one.delay_ns = one.type() == 4 ? 300 * ms : 0; // data are slower than the handshake
        return true;
    };
    std::size_t sent = 0;
    for (int i = 0; i < 3000; ++i) {
        sent += w.send_to(0, 1) == encrypt_status::sent ? 1U : 0U;
        w.run(100 * ms, 100 * ms);
    }
    w.run(s);
    CHECK(sent == 3000);
    CHECK(w.nodes[1].received.size() == sent);
    CHECK(w.nodes[0].numbers().handshakes_completed.value() >= 3);
}

TEST_CASE("crypto/messages: a peer without an endpoint is found by its own handshake") {
    kept w(2, false);
    CHECK(w.send_to(0, 1) == encrypt_status::no_session);
    w.run(s);
    CHECK_FALSE(w.last.at(1)); // nowhere to send it
    w.change_peer(0, 1, [](peer_change& change) { change.endpoint = endpoint_of(2); });
    w.send_to(0, 1);
    w.run(20 * ms);
    CHECK(w.send_to(1, 0) == encrypt_status::sent);
    w.settle();
    CHECK(w.nodes[0].received.size() == 1);
}

TEST_CASE("crypto/messages: a peer that moves is followed, but not by what is old or forged") {
    kept w;
    w.connect();
    w.send_to(1, 0);
    const flight old = w.of(message_type::data);
    w.run(20 * ms);
    const base::udp_endpoint elsewhere = endpoint_of(99);
    w.nodes[1].endpoint = elsewhere;
    w.send_to(1, 0);
    w.run(20 * ms);
    w.send_to(0, 1);
    CHECK(w.of(message_type::data).to == elsewhere);
    CHECK(w.nodes[0].numbers().roamed.value() == 1);
    // A replay from a third place changes nothing, nor does anything that is not authentic.
    CHECK(w.deliver(0, endpoint_of(50), old.octets) == decrypt_status::replay);
    message forged = old.octets;
    forged[20] ^= 1;
    CHECK(w.deliver(0, endpoint_of(50), forged) == decrypt_status::bad_tag);
    w.send_to(0, 1);
    CHECK(w.of(message_type::data).to == elsewhere);
    // The control half heard of it: the next handshake goes there.
    w.run(125 * s);
    w.send_to(0, 1);
    w.run(20 * ms);
    CHECK(w.of(message_type::initiation).to == elsewhere);
}

TEST_CASE("crypto/messages: a packet that was overtaken does not move the endpoint back") {
    kept w;
    w.connect();
    w.filter = [&](flight& one) {
        w.last.at(one.type()) = one;
        return false;
    };
    w.send_to(1, 0);
    const flight late = w.of(message_type::data);
    w.send_to(1, 0);
    const flight newest = w.of(message_type::data);
    CHECK(w.deliver(0, endpoint_of(99), newest.octets) == decrypt_status::packet);
    CHECK(w.deliver(0, late.from, late.octets) == decrypt_status::packet);
    w.send_to(0, 1);
    CHECK(w.of(message_type::data).to == endpoint_of(99));
}

TEST_CASE("crypto/messages: a clock that went back does not lock us out, if the stamp was kept") {
    kept w;
    w.connect();
    const tai64n last = w.nodes[0].tunnel->control().newest_timestamp();
    w.at.now_ns += 60 * s;
    w.at.unix_ns -= 100'000 * s;
    w.start(0); // nothing was kept
    w.send_to(0, 1);
    w.run(10 * ms);
    CHECK(text(w.last_handshake) == "replay");
    w.start(0, true, last);
    w.send_to(0, 1);
    w.run(10 * ms);
    CHECK(text(w.last_handshake) == "completed");
    CHECK(w.nodes[0].tunnel->control().newest_timestamp() == last.next());
}

TEST_CASE("crypto/messages: a peer that starts again has a session after one handshake") {
    kept w;
    w.connect();
    w.at.now_ns += 10 * s;
    w.at.unix_ns += 10 * s;
    w.start(1); // the responder: it knows nothing of the session
    w.send_to(0, 1);
    w.run(0);
    CHECK(w.nodes[1].tunnel->numbers().packets.count(decrypt_status::unknown_index).value() >= 1);
    w.run(16 * s); // until the silence is noticed
    CHECK(w.send_to(0, 1) == encrypt_status::sent);
    w.settle();
    CHECK(w.nodes[1].received.size() == 1);
}

TEST_CASE("crypto/messages: session indices are random, and none comes twice") {
    kept w;
    std::set<std::uint32_t> seen;
    w.filter = [&](flight& one) {
        if (one.type() == 1) {
            seen.insert(one.octets[4] | one.octets[5] << 8U | one.octets[6] << 16U |
                        static_cast<std::uint32_t>(one.octets[7]) << 24U);
        }
        return true;
    };
    for (int i = 0; i < 50; ++i) {
        w.send_to(0, 1);
        w.run(130 * s, s);
    }
    CHECK(seen.size() == 50);
    CHECK(*seen.rbegin() - *seen.begin() > 0x4000'0000U);
}
