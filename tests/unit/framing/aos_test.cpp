// SPDX-License-Identifier: MIT
#include "framing/aos.h"
#include "support.h"

#include <doctest/doctest.h>

using namespace landfall::framing;

TEST_CASE("framing/aos: every field is read") {
    frame_layout layout;
    layout.fecf_octets = 2;
    const octet_vector octets = from_hex("6aea00010243deadbeef9e2c");
    CHECK(fecf16_fits(octets));
    const auto frame = parse_aos(octets, layout);
    REQUIRE(frame.has_value());
    CHECK(frame->spacecraft_id == 171);
    CHECK(frame->vcid == 42);
    CHECK(frame->frame_count == 258);
    CHECK_FALSE(frame->replay);
    CHECK(frame->count_cycle_used);
    CHECK(frame->signaling_spare == 0);
    CHECK(frame->count_cycle == 3);
    CHECK(octet_vector(frame->data.begin(), frame->data.end()) == from_hex("deadbeef"));
    CHECK_FALSE(frame->ocf.has_value());
}

TEST_CASE("framing/aos: insert zone, operational control field and replay flag are found") {
    frame_layout layout;
    layout.insert_zone_octets = 3;
    layout.aos_ocf = true;
    const octet_vector octets = from_hex("6aea000102b0 010203 dead 01140400");
    const auto frame = parse_aos(octets, layout);
    REQUIRE(frame.has_value());
    CHECK(frame->replay);
    CHECK_FALSE(frame->count_cycle_used);
    CHECK(frame->signaling_spare == 3);
    CHECK(frame->insert_zone.size() == 3);
    CHECK(frame->insert_zone[2] == 3);
    CHECK(octet_vector(frame->data.begin(), frame->data.end()) == from_hex("dead"));
    CHECK(frame->ocf == 0x01140400U);
}

// Values of three independent implementations, see tests/vectors/framing/SOURCES.md.
TEST_CASE("framing/aos: the header error control has published values") {
    CHECK(aos_header_error_control(from_hex("123400000056")) == 0x94DC);
    CHECK(aos_header_error_control(from_hex("369c000000fa")) == 0x457C);
    CHECK(aos_header_error_control(from_hex("6aea00010243")) == 0xCE8E);
    CHECK(aos_header_error_control(from_hex("408100000000")) == 0xB0FC);
}

TEST_CASE("framing/aos: one and two damaged nibbles of the header are corrected") {
    const octet_vector header = from_hex("6aea00010243ce8e");
    const auto nibble_at = [](octet_vector& octets, std::size_t at, unsigned error) {
        constexpr std::size_t places[] = {0, 1, 5, 6, 7};
        octets.at(places[at / 2]) ^= static_cast<std::uint8_t>(at % 2 == 0 ? error << 4U : error);
    };
    const auto check = [](const octet_vector& damaged, unsigned nibbles) {
        const auto corrected = correct_aos_header(damaged);
        REQUIRE(corrected.has_value());
        CHECK(corrected->octets == std::array<std::uint8_t, 3>{0x6A, 0xEA, 0x43});
        CHECK(corrected->corrected_nibbles == nibbles);
    };
    check(header, 0);
    for (std::size_t first = 0; first < 10; ++first) {
        for (unsigned error = 1; error < 16; ++error) {
            octet_vector damaged = header;
            nibble_at(damaged, first, error);
            check(damaged, 1);
            for (std::size_t second = first + 1; second < 10; ++second) {
                octet_vector twice = damaged;
                nibble_at(twice, second, 16 - error);
                check(twice, 2);
            }
        }
    }
}

TEST_CASE("framing/aos: a header that the code cannot correct is refused") {
    frame_layout layout;
    layout.aos_header_error_control = true;
    const octet_vector good = from_hex("6aea00010243ce8e 0000");
    const auto frame = parse_aos(good, layout);
    REQUIRE(frame.has_value());
    CHECK(frame->data.size() == 2);
    unsigned refused = 0;
    for (unsigned error = 1; error < 16; ++error) {
        octet_vector damaged = good;
        damaged.at(0) ^= 0x0FU;
        damaged.at(1) ^= static_cast<std::uint8_t>(error << 4U);
        damaged.at(5) ^= 0x33U;
        const auto result = parse_aos(damaged, layout);
        refused += !result && result.error() == frame_error::header_uncorrectable ? 1U : 0U;
    }
    CHECK(refused > 5);
}

TEST_CASE("framing/aos: other versions and every truncation are refused") {
    CHECK(parse_aos(from_hex("2aea00010243"), {}).error() == frame_error::wrong_version);
    CHECK(parse_aos(from_hex("caea00010243"), {}).error() == frame_error::wrong_version);
    frame_layout layout;
    layout.fecf_octets = 2;
    layout.insert_zone_octets = 2;
    layout.aos_ocf = true;
    const octet_vector least = from_hex("6aea00010243 0000 00000000 0000");
    CHECK(parse_aos(least, layout).has_value());
    for_each_truncation(least, [&](const octet_vector& part) {
        CHECK(parse_aos(part, layout).error() == frame_error::too_short);
    });
}

TEST_CASE("framing/aos: M_PDU and B_PDU headers are read") {
    CHECK(parse_m_pdu(from_hex("07ffaa"))->first_header_pointer == pointer_no_packet);
    CHECK(parse_m_pdu(from_hex("07feaa"))->first_header_pointer == pointer_only_idle);
    CHECK(parse_m_pdu(from_hex("0123aa"))->first_header_pointer == 0x123);
    CHECK(parse_m_pdu(from_hex("0123aabb"))->packet_zone.size() == 2);
    CHECK(parse_m_pdu(from_hex("0123"))->spare_is_zero);
    CHECK_FALSE(parse_m_pdu(from_hex("0923"))->spare_is_zero);
    CHECK(parse_m_pdu(from_hex("01")).error() == frame_error::too_short);
    CHECK(parse_b_pdu(from_hex("3fffaa"))->last_valid_bit == b_pdu::all_valid);
    CHECK(parse_b_pdu(from_hex("3ffeaa"))->last_valid_bit == b_pdu::only_idle);
    CHECK(parse_b_pdu(from_hex("c123aa"))->last_valid_bit == 0x123);
    CHECK(parse_b_pdu(octet_vector{}).error() == frame_error::too_short);
}
