// SPDX-License-Identifier: MIT
#include "framing/space_packet.h"
#include "support.h"

#include <doctest/doctest.h>

using namespace landfall::framing;

TEST_CASE("framing/space_packet: every field is read") {
    const auto packet = parse_space_packet(from_hex("1873 c019 0004 2f11010002 ff"));
    REQUIRE(packet.has_value());
    CHECK(packet->header.telecommand);
    CHECK(packet->header.has_secondary_header);
    CHECK(packet->header.apid == 0x73);
    CHECK(packet->header.sequence == sequence_flags::unsegmented);
    CHECK(packet->header.sequence_count == 25);
    CHECK(packet->data.size() == 5);
}

TEST_CASE("framing/space_packet: what is written is read") {
    for (const std::size_t size : {1UZ, 2UZ, 255UZ, 65536UZ}) {
        octet_vector octets;
        append_space_packet(octets, {false, false, 1234, sequence_flags::first, 0x3FFF},
                            counting_octets(size));
        CHECK(octets.size() == size + 6);
        const auto packet = parse_space_packet(octets);
        REQUIRE(packet.has_value());
        CHECK_FALSE(packet->header.telecommand);
        CHECK(packet->header.apid == 1234);
        CHECK(packet->header.sequence == sequence_flags::first);
        CHECK(packet->header.sequence_count == 0x3FFF);
        CHECK(octet_vector(packet->data.begin(), packet->data.end()) == counting_octets(size));
    }
}

TEST_CASE("framing/space_packet: other versions and every truncation are refused") {
    CHECK(parse_space_packet(from_hex("2001c000000000")).error() == packet_error::unknown_version);
    for_each_truncation(from_hex("0001c000000200aabb"), [](const octet_vector& part) {
        CHECK(parse_space_packet(part).error() == packet_error::too_short);
    });
}

TEST_CASE("framing/space_packet: every single-bit flip gives a packet within its octets or error") {
    const octet_vector sample = from_hex("0001c000000200aabb");
    for_each_flip(sample, 48, [](const octet_vector& flipped) {
        if (const auto packet = parse_space_packet(flipped)) {
            CHECK(packet->data.size() <= flipped.size() - 6);
        }
    });
}
