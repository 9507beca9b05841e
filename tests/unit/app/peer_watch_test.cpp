// SPDX-License-Identifier: MIT
#include "app/peer_watch.h"

#include <doctest/doctest.h>

using namespace landfall;
using event = app::peer_watch::event;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

} // namespace

TEST_CASE("app/peer_watch: a peer that never answers is told of once, 15 s after it was asked") {
    app::peer_watch peer;
    CHECK(peer.see(0, 0, 1 * second_ns) == event::none);
    std::uint64_t started = 0;
    for (std::int64_t s = 100; s < 115; ++s) {
        started += s % 5 == 0 ? 1 : 0;
        CHECK(peer.see(started, 0, s * second_ns) == event::none);
        CHECK(peer.silent_ns(s * second_ns) == 0);
    }
    CHECK(peer.see(started, 0, 115 * second_ns) == event::silent);
    CHECK(peer.silent_ns(116 * second_ns) == 16 * second_ns);
    CHECK(peer.see(started + 20, 0, 300 * second_ns) == event::none);
    CHECK(peer.silent_ns(300 * second_ns) == 200 * second_ns);
    CHECK(peer.see(started + 20, 1, 301 * second_ns) == event::returned);
    CHECK(peer.outage_ns() == 201 * second_ns);
    CHECK(peer.silent_ns(301 * second_ns) == 0);
}

TEST_CASE("app/peer_watch: each outage is told of, and a peer that answers is not") {
    app::peer_watch peer;
    CHECK(peer.see(1, 1, 10 * second_ns) == event::first);
    CHECK(peer.see(1, 1, 120 * second_ns) == event::none); // a session without a rekey is no outage
    CHECK(peer.see(2, 1, 130 * second_ns) == event::none);
    CHECK(peer.see(3, 2, 144 * second_ns) == event::none); // late, but answered
    CHECK(peer.see(3, 2, 160 * second_ns) == event::none);
    CHECK(peer.see(3, 3, 250 * second_ns) == event::none); // as the responder
    std::uint64_t completed = 3;
    for (std::int64_t at = 300; at <= 500; at += 100) {
        CAPTURE(at);
        const auto started = static_cast<std::uint64_t>(at);
        CHECK(peer.see(started, completed, at * second_ns) == event::none);
        CHECK(peer.see(started, completed, (at + 15) * second_ns) == event::silent);
        CHECK(peer.see(started, ++completed, (at + 20) * second_ns) == event::returned);
        CHECK(peer.outage_ns() == 20 * second_ns);
    }
    CHECK(peer.see(501, completed, 600 * second_ns) == event::none);
    peer.forget();
    CHECK(peer.see(501, completed, 700 * second_ns) == event::none);
    CHECK(peer.see(502, completed + 1, 701 * second_ns) == event::none);
}
