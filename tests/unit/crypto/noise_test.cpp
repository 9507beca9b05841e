// SPDX-License-Identifier: MIT
#include "crypto/noise.h"
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

#include <memory>

using namespace landfall;
using namespace landfall::crypto;

namespace {

/// Both sides of one handshake, without macs.
struct pair {
    randomness random = test::seeded(4);
    identity a = identity::of(generate_private_key(random));
    identity b = identity::of(generate_private_key(random));
    wiped<32> shared;
    preshared_key psk;
    initiator_state state;
    std::array<std::uint8_t, initiation::octets> first{};
    std::array<std::uint8_t, response::octets> second{};
    session_keys of_a, of_b;

    pair() {
        REQUIRE(shared_secret(shared, a.secret.bytes(), b.key));
        random(psk.bytes());
        random(state.ephemeral);
        REQUIRE(write_initiation(state, a, {b.key, shared, psk.bytes()}, tai64n::of(9), first));
    }
    bool answer_to(base::octets message) {
        answer reply;
        tai64n time;
        wiped<32> ephemeral;
        random(ephemeral);
        return reply.open_static(b, message.first<initiation::octets>()) &&
               reply.initiator() == a.key &&
               reply.open_timestamp(shared, message.first<initiation::octets>(), time) &&
               time == tai64n::of(9) &&
               reply.write_response({a.key, shared, psk.bytes()}, ephemeral, second, of_b);
    }
    bool take(base::octets message) {
        return read_response(state, a, {b.key, shared, psk.bytes()},
                             message.first<response::octets>(), of_a);
    }
};

} // namespace

TEST_CASE("crypto/noise: both sides get the same keys, each its own way") {
    pair x;
    REQUIRE(x.answer_to(x.first));
    REQUIRE(x.take(x.second));
    CHECK(same(x.of_a.send, x.of_b.receive));
    CHECK(same(x.of_a.receive, x.of_b.send));
    CHECK_FALSE(same(x.of_a.send, x.of_a.receive));
    std::array<std::uint8_t, key_octets> first_keys = x.of_a.send;
    REQUIRE(x.answer_to(x.first)); // another ephemeral key, other keys
    REQUIRE(x.take(x.second));
    CHECK_FALSE(same(x.of_a.send, first_keys));
}

TEST_CASE("crypto/noise: no bit of an initiation's secrets may change") {
    pair x;
    for (std::size_t bit = 8 * initiation::ephemeral_at; bit < 8 * initiation::mac1_at; ++bit) {
        // The highest bit of a point does not count (RFC 7748, 5), but it is hashed.
        auto changed = x.first;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        REQUIRE_FALSE(x.answer_to(changed));
    }
    CHECK(x.answer_to(x.first));
}

TEST_CASE(
    "crypto/noise: no bit of a response's secrets may change, and a wrong one harms nothing") {
    pair x;
    REQUIRE(x.answer_to(x.first));
    for (std::size_t bit = 8 * response::ephemeral_at; bit < 8 * response::mac1_at; ++bit) {
        auto changed = x.second;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        REQUIRE_FALSE(x.take(changed));
    }
    CHECK(x.take(x.second));
}

TEST_CASE("crypto/noise: both need the same pre-shared key") {
    pair x;
    REQUIRE(x.answer_to(x.first));
    x.psk.bytes()[31] ^= 1;
    CHECK_FALSE(x.take(x.second));
    x.psk.bytes()[31] ^= 1;
    CHECK(x.take(x.second));
}

TEST_CASE("crypto/noise: ephemeral keys of low order are refused") {
    pair x;
    auto changed = x.first;
    std::fill_n(changed.begin() + initiation::ephemeral_at, key_octets, std::uint8_t{0});
    CHECK_FALSE(x.answer_to(changed));
    REQUIRE(x.answer_to(x.first));
    auto answer = x.second;
    std::fill_n(answer.begin() + response::ephemeral_at, key_octets, std::uint8_t{0});
    CHECK_FALSE(x.take(answer));
}
