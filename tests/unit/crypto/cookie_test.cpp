// SPDX-License-Identifier: MIT
#include "crypto/cookie.h"
#include "crypto/tai64n.h"
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

using namespace landfall;
using namespace landfall::crypto;
using test::ms;
using test::s;

namespace {

base::ip_address v6(std::uint8_t subnet, std::uint8_t host) {
    base::ip_address made{{0x20, 1, 0xD, 0xB8}, true};
    made.octet[7] = subnet;
    made.octet[15] = host;
    return made;
}

struct exchange {
    randomness random = test::seeded(1);
    public_key receiver = public_of(generate_private_key(random));
    mac_keys keys = mac_keys::of(receiver);
    cookie_jar jar{random};
    cookie_holder holder;
    base::udp_endpoint source = test::endpoint_of(1);
    std::array<std::uint8_t, initiation::octets> message{1};
    std::array<std::uint8_t, cookie_reply::octets> reply{};

    void sign(std::int64_t now) { holder.sign(keys, message, now); }
    bool mac2(std::int64_t now) { return jar.mac2_is_good(source, message, now); }
};

} // namespace

TEST_CASE("crypto/cookie: mac1 covers all that is before it, and itself") {
    exchange x;
    x.sign(s);
    REQUIRE(mac1_is_good(x.keys, x.message));
    for (std::size_t bit = 0; bit < 8 * initiation::mac2_at; ++bit) {
        auto changed = x.message;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        REQUIRE_FALSE(mac1_is_good(x.keys, changed));
    }
    CHECK_FALSE(mac1_is_good(mac_keys::of(public_key{{1}}), x.message));
}

TEST_CASE("crypto/cookie: a cookie makes mac2 good, from there and for a while") {
    exchange x;
    x.sign(s);
    CHECK(all_zero(std::span(x.message).last<mac_octets>()));
    CHECK_FALSE(x.mac2(s));
    x.jar.reply(x.keys, x.source, x.message, x.reply, s);
    REQUIRE(x.holder.take(x.keys, x.reply, s));
    x.sign(2 * s);
    CHECK(x.mac2(2 * s));
    x.source.port ^= 1;
    CHECK_FALSE(x.mac2(2 * s));
    x.source = test::endpoint_of(2);
    CHECK_FALSE(x.mac2(2 * s));
    x.source = test::endpoint_of(1);
    CHECK(x.mac2(121 * s - 1));
    CHECK_FALSE(x.mac2(121 * s)); // the jar's secret is 120 s old
    x.sign(121 * s - 1);
    CHECK_FALSE(all_zero(std::span(x.message).last<mac_octets>()));
    x.sign(121 * s); // and the holder's cookie
    CHECK(all_zero(std::span(x.message).last<mac_octets>()));
}

TEST_CASE("crypto/cookie: a reply is to one message, taken once, and no bit of it may change") {
    exchange x;
    CHECK_FALSE(x.holder.take(x.keys, x.reply, s)); // to nothing
    x.sign(s);
    x.jar.reply(x.keys, x.source, x.message, x.reply, s);
    for (std::size_t bit = 8 * cookie_reply::nonce_at; bit < 8 * cookie_reply::octets; ++bit) {
        auto changed = x.reply;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        REQUIRE_FALSE(x.holder.take(x.keys, changed, s));
    }
    const auto first = x.reply;
    x.message[5] ^= 1;
    x.sign(s);
    CHECK_FALSE(x.holder.take(x.keys, first, s)); // to an earlier message
    x.jar.reply(x.keys, x.source, x.message, x.reply, s);
    CHECK(x.holder.take(x.keys, x.reply, s));
    CHECK_FALSE(x.holder.take(x.keys, x.reply, s));
}

TEST_CASE("crypto/cookie: 5 handshakes at once and 20 a second from one address") {
    handshake_limit limit(16);
    const auto one = test::endpoint_of(1).address;
    std::int64_t now = s;
    for (int i = 0; i < 5; ++i) {
        CHECK(limit.allow(one, now));
    }
    CHECK_FALSE(limit.allow(one, now));
    CHECK(limit.allow(test::endpoint_of(2).address, now));
    CHECK_FALSE(limit.allow(one, now + 49 * ms));
    CHECK(limit.allow(one, now + 50 * ms));
    int allowed = 0;
    for (now = 100 * s; now < 110 * s; now += ms) {
        allowed += limit.allow(one, now) ? 1 : 0;
    }
    CHECK(allowed == 204); // 5 at once, then one each 50 ms
}

TEST_CASE("crypto/cookie: an IPv6 source is its /64, and the table has an end") {
    handshake_limit limit(2);
    for (std::uint8_t i = 0; i < 5; ++i) {
        CHECK(limit.allow(v6(1, i), s));
    }
    CHECK_FALSE(limit.allow(v6(1, 77), s));
    CHECK(limit.allow(v6(2, 1), s));
    CHECK_FALSE(limit.allow(v6(3, 1), s)); // full
    CHECK(limit.allow(v6(3, 1), 2 * s));   // the others are forgotten by now
}

TEST_CASE("crypto/tai64n: times are labels, coarse, and each next is later") {
    const auto one = tai64n::of(0);
    CHECK(one.octet == std::array<std::uint8_t, 12>{0x40, 0, 0, 0, 0, 0, 0, 10, 0, 0, 0, 0});
    CHECK(tai64n::of(1'700'000'000 * s + 500 * ms).octet ==
          std::array<std::uint8_t, 12>{0x40, 0, 0, 0, 0x65, 0x53, 0xF1, 0x0A, 0x1D, 0, 0, 0});
    CHECK(tai64n::of(5 * s) == tai64n::of(5 * s + 16 * ms));
    CHECK(tai64n::of(5 * s) < tai64n::of(5 * s + 17 * ms));
    CHECK(tai64n::of(-5) == tai64n::of(0));
    tai64n at = tai64n::of(7 * s);
    for (int i = 0; i < 1000; ++i) {
        const tai64n next = at.next();
        REQUIRE(at < next);
        at = next;
    }
    CHECK(at > tai64n::of(23 * s));
    CHECK(at < tai64n::of(24 * s)); // 16.8 ms each
}
