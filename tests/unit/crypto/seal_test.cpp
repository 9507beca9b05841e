// SPDX-License-Identifier: MIT
#include "crypto/seal.h"
#include "crypto/start.h"
#include "crypto/wireguard.h"
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <vector>

using namespace landfall;
using namespace landfall::crypto;

namespace {

constexpr std::size_t longest = 9008;
const std::array<std::uint8_t, key_octets> key{3, 1, 4, 1, 5, 9, 2, 6};

} // namespace

TEST_CASE("crypto/seal: the one-call form gives what the plain AEAD gives, for every length") {
    REQUIRE(start());
    const auto random = test::seeded(3);
    std::vector<std::uint8_t> source(longest);
    random(source);
    std::vector<std::uint8_t> plain(longest + tag_octets);
    std::vector<std::uint8_t> fast(scratch_headroom + longest + scratch_tailroom);
    std::size_t wrong = 0;
    for (std::size_t length = 0; length <= longest; length += padding_octets) {
        std::copy_n(source.begin(), length, plain.begin());
        // Nothing of what lies around the packet may matter.
        std::fill(fast.begin(), fast.end(), std::uint8_t{0x77});
        std::copy_n(source.begin(), length, fast.begin() + scratch_headroom);
        seal_plain(key, length, plain.data(), length);
        seal_one_call(key, length, fast.data() + scratch_headroom, length);
        wrong += std::equal(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(length) + 16,
                            fast.begin() + scratch_headroom)
                     ? 0U
                     : 1U;
        // It stays in the room that it says it needs, and leaves no key before the packet.
        const std::size_t end = scratch_headroom + length + one_call_tailroom(length);
        wrong += std::all_of(fast.begin() + static_cast<std::ptrdiff_t>(end), fast.end(),
                             [](std::uint8_t octet) { return octet == 0x77; })
                     ? 0U
                     : 1U;
        wrong += all_zero(std::span(fast).first<scratch_headroom>()) ? 0U : 1U;
    }
    CHECK(wrong == 0);
}

TEST_CASE("crypto/seal: the rounding never needs more room than the caller is asked for") {
    for (std::size_t length = 0; length <= 65536; length += padding_octets) {
        const std::size_t octets = one_call_octets(length);
        REQUIRE(octets >= scratch_headroom + length);
        REQUIRE(octets % 64 == 0);
        REQUIRE(one_call_tailroom(length) + padding_octets - 1 <= scratch_tailroom);
    }
    CHECK(one_call_octets(0) == 64);
    CHECK(one_call_octets(448) == 512); // exact
    CHECK(one_call_octets(512) == 576); // one block is left
    CHECK(one_call_octets(528) == 768); // the narrow path
    CHECK(one_call_octets(704) == 768);
    CHECK(one_call_octets(720) == 1024); // the wide one
    CHECK(one_call_octets(1424) == 1536);
}

TEST_CASE("crypto/seal: what was sealed opens, and nothing else does") {
    REQUIRE(start());
    for (const std::size_t length : {0U, 1U, 15U, 16U, 17U, 1408U}) {
        std::vector<std::uint8_t> packet(length + tag_octets, 0x42);
        seal_plain(key, 5, packet.data(), length);
        const std::vector<std::uint8_t> sealed = packet;
        REQUIRE(open_sealed(key, 5, packet.data(), packet.size()));
        CHECK(std::all_of(packet.begin(), packet.end() - tag_octets,
                          [](std::uint8_t octet) { return octet == 0x42; }));
        packet = sealed;
        CHECK_FALSE(open_sealed(key, 6, packet.data(), packet.size()));
        for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
            packet = sealed;
            packet[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
            REQUIRE_FALSE(open_sealed(key, 5, packet.data(), packet.size()));
            // No plaintext without its tag.
            REQUIRE((length == 0 || std::any_of(packet.begin(), packet.end() - tag_octets,
                                                [](std::uint8_t octet) { return octet != 0x42; })));
        }
    }
}

TEST_CASE("crypto/wireguard: inner MTUs are multiples of 16 that fit") {
    CHECK(inner_mtu_of(1500, true) == 1408);
    CHECK(inner_mtu_of(1500, false) == 1440);
    CHECK(inner_mtu_of(9000, true) == 8912);
    CHECK(inner_mtu_of(9000, false) == 8928);
    CHECK(inner_mtu_of(79, true) == 0);
    CHECK(inner_mtu_of(0, false) == 0);
    for (const bool ipv6 : {false, true}) {
        for (std::size_t inner = 1; inner < 9000; ++inner) {
            REQUIRE(inner_mtu_of(port_mtu_of(inner, ipv6), ipv6) >= inner);
            REQUIRE(inner_mtu_of(port_mtu_of(inner, ipv6) - 1, ipv6) < inner);
        }
    }
}
