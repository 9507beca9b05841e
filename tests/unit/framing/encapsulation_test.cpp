// SPDX-License-Identifier: MIT
#include "framing/encapsulation.h"
#include "support.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace landfall::framing;

namespace {
// 20 octets of header and 4 of content.
const octet_vector ipv4 = from_hex("45000018 00004000 4011 0000 c0000201 c0000202 deadbeef");
const octet_vector ipv6 = from_hex("60000000 0004 11 40 20010db8000000000000000000000001"
                                   "20010db8000000000000000000000002 deadbeef");
} // namespace

// Headers of the corpus named in tests/vectors/framing/SOURCES.md.
TEST_CASE("framing/encapsulation: all four header forms are measured") {
    const auto length = [](const char* text) { return encapsulation_length(from_hex(text)); };
    CHECK(length("e0").value() == 1U);
    CHECK(length("e108").value() == 8U);
    CHECK(length("e906").value() == 6U);
    CHECK(length("ea500006").value() == 6U);
    CHECK(length("fba3123400011170").value() == 70000U);
    CHECK_FALSE(length("").value().has_value());
    CHECK_FALSE(length("e9").value().has_value());
    CHECK_FALSE(length("ea5000").value().has_value());
    CHECK_FALSE(length("fba31234000111").value().has_value());
    CHECK(length("00").error() == packet_error::unknown_version);
    CHECK(length("e4").error() == packet_error::bad_length);
    CHECK(length("e901").error() == packet_error::bad_length);
    CHECK(length("ea000003").error() == packet_error::bad_length);
    CHECK(length("eb00000000000007").error() == packet_error::bad_length);
}

TEST_CASE("framing/encapsulation: every field is read") {
    const auto packet = parse_encapsulation(from_hex("fba312340000000a beef ff"));
    REQUIRE(packet.has_value());
    CHECK(packet->protocol == encapsulation_protocol::extended);
    CHECK(packet->user_defined == 10);
    CHECK(packet->protocol_extension == 3);
    CHECK(packet->ccsds_defined == 0x1234);
    CHECK(packet->data.size() == 2);
    CHECK(parse_encapsulation(from_hex("e503aa"))->protocol == encapsulation_protocol::ltp);
    CHECK(parse_encapsulation(from_hex("e906aabbccdd"))->protocol ==
          encapsulation_protocol::ip_extension);
    CHECK(parse_encapsulation(from_hex("ed04aabb"))->protocol == encapsulation_protocol::cfdp);
    CHECK(parse_encapsulation(from_hex("f104aabb"))->protocol == encapsulation_protocol::bundle);
    CHECK(parse_encapsulation(from_hex("fd05aabbcc"))->protocol == encapsulation_protocol::mission);
    CHECK(parse_encapsulation(from_hex("e0"))->protocol == encapsulation_protocol::idle);
}

TEST_CASE("framing/encapsulation: every truncation is refused") {
    for (const char* text : {"e903aa", "ea000005aa", "eb00000000000009aa"}) {
        for_each_truncation(from_hex(text), [](const octet_vector& part) {
            CHECK(parse_encapsulation(part).error() == packet_error::too_short);
        });
    }
}

TEST_CASE("framing/encapsulation: every single-bit flip gives a packet in its octets or an error") {
    for (const char* text : {"e903aa", "ea000005aa", "eb00000000000009aa"}) {
        for_each_flip(from_hex(text), 8, [](const octet_vector& flipped) {
            if (const auto packet = parse_encapsulation(flipped)) {
                CHECK(packet->data.size() < flipped.size());
            }
        });
    }
}

TEST_CASE("framing/encapsulation: IP over CCSDS is the protocol 2 with PPP's numbers") {
    octet_vector expected = from_hex("e91b21");
    expected.insert(expected.end(), ipv4.begin(), ipv4.end());
    octet_vector written;
    append_ip_over_ccsds(written, ipv4);
    CHECK(written == expected);

    written.clear();
    append_ip_over_ccsds(written, ipv6);
    CHECK(octet_vector(written.begin(), written.begin() + 3) == from_hex("e92f57"));
    const auto content = ip_in(*parse_encapsulation(written));
    REQUIRE(content.has_value());
    CHECK(content->version == 6);
    CHECK(octet_vector(content->datagram.begin(), content->datagram.end()) == ipv6);
}

TEST_CASE("framing/encapsulation: IP packets of every size class come back") {
    for (const std::size_t size : {20UZ, 252UZ, 253UZ, 1500UZ, 65530UZ, 65531UZ, 65535UZ}) {
        octet_vector datagram = counting_octets(size);
        std::copy_n(ipv4.begin(), 20, datagram.begin());
        datagram.at(2) = static_cast<std::uint8_t>(size >> 8U);
        datagram.at(3) = static_cast<std::uint8_t>(size);
        octet_vector written;
        append_ip_over_ccsds(written, datagram);
        const auto content = ip_in(*parse_encapsulation(written));
        REQUIRE(content.has_value());
        CHECK(octet_vector(content->datagram.begin(), content->datagram.end()) == datagram);
    }
}

TEST_CASE("framing/encapsulation: no IP packet that contradicts its own header is given out") {
    const auto extracted = [](const char* extension, octet_vector datagram) {
        octet_vector data = from_hex(extension);
        data.insert(data.end(), datagram.begin(), datagram.end());
        octet_vector written;
        append_encapsulation(written, encapsulation_protocol::ip_extension, data);
        const auto content = ip_in(*parse_encapsulation(written));
        return content ? content->datagram.size() : 0;
    };
    CHECK(extracted("21", ipv4) == 24);
    CHECK(extracted("57", ipv4) == 0);
    CHECK(extracted("21", ipv6) == 0);
    CHECK(extracted("23", ipv4) == 0);
    octet_vector padded = ipv4;
    padded.resize(40);
    CHECK(extracted("21", padded) == 24);
    octet_vector long_total = ipv4;
    long_total.at(3) = 25;
    CHECK(extracted("21", long_total) == 0);
    octet_vector short_header = ipv4;
    short_header.at(0) = 0x44;
    CHECK(extracted("21", short_header) == 0);
    for_each_truncation(ipv6, [&](const octet_vector& part) { CHECK(extracted("57", part) == 0); });
}
