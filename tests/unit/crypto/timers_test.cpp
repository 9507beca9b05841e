// SPDX-License-Identifier: MIT
// Each timer of section 6 of the whitepaper, by its value.
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

#include <optional>

using namespace landfall;
using namespace landfall::crypto;
using namespace landfall::test;

namespace {

/// A world that notes when messages of one type leave a node.
struct watched : world {
    std::vector<std::int64_t> seen_ns;
    std::uint8_t type = 1;
    std::size_t who = 0;
    bool lose = false; ///< those that are watched

    watched() {
        filter = [this](flight& one) {
            const bool hit = one.type() == type && one.from == nodes[who].endpoint;
            if (hit) {
                seen_ns.push_back(at.now_ns);
            }
            return !(hit && lose);
        };
    }
    void watch(std::size_t node, std::uint8_t message_type) {
        who = node;
        type = message_type;
        seen_ns.clear();
    }
    void skip(std::int64_t ns) {
        at.now_ns += ns;
        at.unix_ns += ns;
    }
};

} // namespace

TEST_CASE(
    "crypto/timers: an initiation is sent again every 5 s and some, and given up after 90 s") {
    watched w;
    w.lose = true;
    CHECK(w.send_to(0, 1) == encrypt_status::no_session);
    w.run(200 * s);
    REQUIRE(w.seen_ns.size() >= 17);
    CHECK(w.seen_ns.size() <= 18);
    for (std::size_t i = 1; i < w.seen_ns.size(); ++i) {
        const std::int64_t gap = w.seen_ns[i] - w.seen_ns[i - 1];
        CHECK(gap >= rekey_timeout_ns);
        CHECK(gap <= rekey_timeout_ns + rekey_jitter_ns + 10 * ms);
    }
    CHECK(w.seen_ns.back() - w.seen_ns.front() < rekey_attempt_ns);
    CHECK(w.nodes[0].numbers().handshakes_failed.value() == 1);
    w.seen_ns.clear();
    w.run(100 * s);
    CHECK(w.seen_ns.empty());
    CHECK(w.send_to(0, 1) == encrypt_status::no_session); // new traffic begins anew
    w.lose = false;
    w.run(20 * ms);
    CHECK(w.send_to(0, 1) == encrypt_status::sent);
}

TEST_CASE("crypto/timers: traffic does not make initiations come faster than each 5 s") {
    watched w;
    w.lose = true;
    for (int i = 0; i < 6000; ++i) {
        w.send_to(0, 1);
        w.run(10 * ms);
    }
    for (std::size_t i = 1; i < w.seen_ns.size(); ++i) {
        CHECK(w.seen_ns[i] - w.seen_ns[i - 1] >= rekey_timeout_ns);
    }
    CHECK(w.seen_ns.size() >= 11);
    CHECK(w.seen_ns.size() <= 12);
}

TEST_CASE(
    "crypto/timers: the initiator that sends renews keys after 120 s, the responder does not") {
    watched w;
    w.connect();
    const std::int64_t made = w.nodes[0].numbers().session_made_ns.value();
    w.watch(0, 1);
    w.skip(made + rekey_after_ns - 1 - w.at.now_ns);
    CHECK(w.send_to(0, 1) == encrypt_status::sent);
    CHECK(w.send_to(1, 0) == encrypt_status::sent);
    w.run(0);
    CHECK(w.seen_ns.empty());
    w.skip(made + rekey_after_ns - w.at.now_ns);
    CHECK(w.send_to(1, 0) == encrypt_status::sent);
    w.run(0);
    CHECK(w.seen_ns.empty());
    CHECK(w.send_to(0, 1) == encrypt_status::sent); // still under the old keys
    w.run(0);
    CHECK(w.seen_ns.size() == 1);
    CHECK(w.nodes[0].numbers().handshakes_completed.value() == 2);
    CHECK(w.nodes[1].numbers().handshakes_started.value() == 0);
}

TEST_CASE("crypto/timers: an initiator that only receives renews keys after 165 s, once") {
    watched w;
    w.connect();
    const std::int64_t made = w.nodes[0].numbers().session_made_ns.value();
    w.nodes[0].mute = true; // its keepalives would renew them at 120 s
    w.watch(0, 1);
    w.lose = true;
    w.skip(made + rekey_on_receipt_ns - 1 - w.at.now_ns);
    CHECK(w.send_to(1, 0) == encrypt_status::sent);
    w.run(0);
    CHECK(w.seen_ns.empty());
    w.skip(1);
    const auto wanted = w.nodes[0].numbers().handshakes_wanted.value();
    for (int i = 0; i < 10; ++i) {
        CHECK(w.send_to(1, 0) == encrypt_status::sent);
        w.settle();
    }
    w.run(0);
    CHECK(w.seen_ns.size() == 1);
    CHECK(w.nodes[0].numbers().handshakes_wanted.value() == wanted + 1);
}

TEST_CASE("crypto/timers: keys of 180 s are refused both ways") {
    watched w;
    w.connect();
    const std::int64_t made = w.nodes[0].numbers().session_made_ns.value();
    std::optional<flight> late;
    w.filter = [&](flight& one) {
        if (one.type() == 4 && !late) {
            late = one;
        }
        return false;
    };
    w.skip(made + reject_after_ns - 1 - w.at.now_ns);
    CHECK(w.nodes[0].tunnel->data().ready(0, w.at.now_ns));
    CHECK(w.send_to(0, 1) == encrypt_status::sent);
    REQUIRE(late);
    w.skip(1);
    CHECK_FALSE(w.nodes[0].tunnel->data().ready(0, w.at.now_ns));
    CHECK(w.send_to(0, 1) == encrypt_status::no_session);
    CHECK(w.send_to(1, 0) == encrypt_status::no_session);
    CHECK(w.deliver(1, late->from, late->octets) == decrypt_status::stale_key);
    w.skip(-1);
    CHECK(w.deliver(1, late->from, late->octets) == decrypt_status::packet);
}

TEST_CASE("crypto/timers: after 540 s all keys are gone") {
    watched w;
    w.connect();
    std::optional<flight> last;
    w.filter = [&](flight& one) {
        if (one.type() == 4 && !last) {
            last = one;
        }
        return false;
    };
    CHECK(w.send_to(0, 1) == encrypt_status::sent);
    w.nodes[0].mute = w.nodes[1].mute = true;
    w.skip(wipe_after_ns - s);
    w.poll();
    CHECK(w.deliver(1, last->from, last->octets) == decrypt_status::stale_key);
    w.skip(s);
    w.poll();
    CHECK(w.deliver(1, last->from, last->octets) == decrypt_status::unknown_index);
}

TEST_CASE("crypto/timers: who received data and sent nothing for 10 s sends a keepalive, once") {
    watched w;
    w.connect();
    w.run(30 * s);
    w.watch(1, 4);
    const std::int64_t begun = w.at.now_ns;
    CHECK(w.send_to(0, 1) == encrypt_status::sent);
    w.run(9990 * ms);
    CHECK(w.seen_ns.empty());
    w.run(60 * s);
    REQUIRE(w.seen_ns.size() == 1); // and a keepalive is not answered by another
    CHECK(w.seen_ns[0] - begun >= keepalive_ns);
    CHECK(w.seen_ns[0] - begun <= keepalive_ns + 10 * ms);
}

TEST_CASE("crypto/timers: who answers in time sends no keepalive") {
    watched w;
    w.connect();
    w.send_to(0, 1);
    w.run(9 * s);
    w.watch(1, 4);
    w.send_to(1, 0);
    w.run(9 * s);
    CHECK(w.seen_ns.size() == 1); // the data alone
    CHECK(w.nodes[1].numbers().keepalives_sent.value() == 0);
}

TEST_CASE("crypto/timers: a handshake 15 s after the first packet that nobody answered") {
    // Counted from the first: packets that go on being sent must not put it off.
    watched w;
    w.connect();
    w.run(s);
    w.watch(0, 1);
    w.filter = [&, watch = w.filter](flight& one) {
        return watch(one) && one.to != w.nodes[1].endpoint; // nothing gets there
    };
    const std::int64_t first = w.at.now_ns;
    while (w.seen_ns.empty() && w.at.now_ns - first < 60 * s) {
        w.send_to(0, 1);
        w.run(500 * ms);
    }
    REQUIRE_FALSE(w.seen_ns.empty());
    CHECK(w.seen_ns[0] - first >= unanswered_ns);
    CHECK(w.seen_ns[0] - first <= unanswered_ns + rekey_jitter_ns + 10 * ms);
}

TEST_CASE(
    "crypto/timers: one packet without an answer makes one attempt, and then there is quiet") {
    watched w;
    w.connect();
    w.run(s);
    w.watch(0, 1);
    w.filter = [&, watch = w.filter](flight& one) { return watch(one) && false; };
    w.send_to(0, 1);
    w.run(140 * s);
    const std::size_t tries = w.seen_ns.size();
    CHECK(tries >= 17);
    CHECK(tries <= 18);
    CHECK(w.nodes[0].numbers().handshakes_failed.value() == 1);
    w.run(300 * s);
    CHECK(w.seen_ns.size() == tries);
}

TEST_CASE("crypto/timers: a keepalive that comes back is an answer, and keepalives ask for none") {
    watched w;
    w.connect();
    w.watch(0, 1);
    for (int i = 0; i < 30; ++i) { // one way only, as a downlink is
        w.send_to(0, 1);
        w.run(2 * s);
    }
    CHECK(w.seen_ns.empty());
    w.filter = [&, watch = w.filter](flight& one) { return watch(one) && false; };
    w.run(20 * s);
    w.watch(0, 1);
    w.change_peer(0, 1, [](peer_change& change) { change.keepalive_s = 1; });
    w.run(40 * s); // lost, all of them
    CHECK(w.seen_ns.empty());
}

TEST_CASE("crypto/timers: persistent keepalives, at once and then at their interval") {
    watched w;
    w.connect();
    w.run(s);
    w.watch(0, 4);
    const std::int64_t begun = w.at.now_ns;
    w.change_peer(0, 1, [](peer_change& change) { change.keepalive_s = 25; });
    w.run(80 * s);
    REQUIRE(w.seen_ns.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
        const std::int64_t due = static_cast<std::int64_t>(i) * 25 * s;
        CHECK(w.seen_ns[i] - begun >= due);
        CHECK(w.seen_ns[i] - begun <= due + 50 * ms);
    }
    w.send_to(0, 1); // anything sent puts the next one off
    w.run(20 * s);
    CHECK(w.seen_ns.size() == 5);
    w.change_peer(0, 1, [](peer_change& change) { change.keepalive_s = 0; });
    w.run(100 * s);
    CHECK(w.seen_ns.size() == 5);
}

TEST_CASE("crypto/timers: persistent keepalives make a session where there is none") {
    watched w;
    w.change_peer(0, 1, [](peer_change& change) { change.keepalive_s = 5; });
    w.run(30 * ms);
    CHECK(w.nodes[0].tunnel->data().ready(0, w.at.now_ns));
    CHECK(w.nodes[1].tunnel->data().ready(0, w.at.now_ns));
}

TEST_CASE("crypto/timers: a tunnel without traffic makes no handshake at all") {
    watched w;
    w.run(600 * s, 100 * ms);
    CHECK(w.seen_ns.empty());
    w.connect();
    w.watch(0, 1);
    w.run(600 * s, 100 * ms);
    CHECK(w.seen_ns.empty());
}
