// SPDX-License-Identifier: MIT
#include "framing/uslp.h"
#include "support.h"

#include <doctest/doctest.h>

using namespace landfall::framing;

TEST_CASE("framing/uslp: every field is read") {
    frame_layout layout;
    layout.fecf_octets = 2;
    const octet_vector octets = from_hex("c04d2d4a0011020102000000deadbeef0e51");
    CHECK(fecf16_fits(octets));
    const auto frame = parse_uslp(octets, layout);
    REQUIRE(frame.has_value());
    CHECK(frame->spacecraft_id == 1234);
    CHECK(frame->to_spacecraft);
    CHECK(frame->vcid == 42);
    CHECK(frame->map_id == 5);
    CHECK_FALSE(frame->truncated);
    CHECK_FALSE(frame->expedited);
    CHECK_FALSE(frame->protocol_control);
    CHECK(frame->count_octets == 2);
    CHECK(frame->frame_count == 258);
    CHECK(frame->rule == uslp_rule::packets_span_frames);
    CHECK(frame->protocol_id == 0);
    CHECK(frame->pointer == std::uint16_t{0});
    CHECK(octet_vector(frame->data.begin(), frame->data.end()) == from_hex("deadbeef"));
    CHECK_FALSE(frame->ocf.has_value());
}

TEST_CASE("framing/uslp: a truncated frame and one with an operational control field are read") {
    const auto truncated = parse_uslp(from_hex("c00ab025e5112233"), {});
    REQUIRE(truncated.has_value());
    CHECK(truncated->truncated);
    CHECK(truncated->spacecraft_id == 171);
    CHECK(truncated->vcid == 1);
    CHECK(truncated->map_id == 2);
    CHECK(truncated->rule == uslp_rule::no_segmentation);
    CHECK(truncated->protocol_id == 5);
    CHECK(truncated->data.size() == 3);

    frame_layout layout;
    layout.fecf_octets = 2;
    const auto with_ocf = parse_uslp(from_hex("c0064020000f08e00102aabbccdd778e"), layout);
    REQUIRE(with_ocf.has_value());
    CHECK(with_ocf->ocf == 0xAABBCCDDU);
    CHECK(with_ocf->data.size() == 2);
    CHECK_FALSE(with_ocf->pointer.has_value());
}

// Made by spacepackets 0.32.0, see tests/vectors/framing/SOURCES.md.
TEST_CASE("framing/uslp: headers made by another implementation are read") {
    struct vector {
        const char* header;
        unsigned spacecraft_id, vcid, map_id, length;
        bool to, ocf, bypass, control;
        std::uint64_t count;
        unsigned count_octets;
    };
    const vector vectors[] = {
        {"c002a000006400", 42, 0, 0, 100, false, false, false, false, 0, 0},
        {"c002a800006400", 42, 0, 0, 100, true, false, false, false, 0, 0},
        {"cffff7feffff00", 65535, 63, 15, 65535, false, false, false, false, 0, 0},
        {"c002a02400c808", 42, 1, 2, 200, false, true, false, false, 0, 0},
        {"c002a000006480", 42, 0, 0, 100, false, false, true, false, 0, 0},
        {"c002a000006440", 42, 0, 0, 100, false, false, false, true, 0, 0},
        {"c002a062009601c8", 42, 3, 1, 150, false, false, false, false, 200, 1},
        {"c002a062009604deadbeef", 42, 3, 1, 150, false, false, false, false, 0xDEADBEEF, 4},
    };
    for (const vector& expected : vectors) {
        octet_vector octets = from_hex(expected.header);
        octets.resize(expected.length + 1);
        const auto frame = parse_uslp(octets, {});
        REQUIRE(frame.has_value());
        CHECK(frame->spacecraft_id == expected.spacecraft_id);
        CHECK(frame->vcid == expected.vcid);
        CHECK(frame->map_id == expected.map_id);
        CHECK(frame->to_spacecraft == expected.to);
        CHECK(frame->ocf.has_value() == expected.ocf);
        CHECK(frame->expedited == expected.bypass);
        CHECK(frame->protocol_control == expected.control);
        CHECK(frame->frame_count == expected.count);
        CHECK(frame->count_octets == expected.count_octets);
    }
}

TEST_CASE("framing/uslp: idle is channel 63 or protocol 31") {
    CHECK(is_only_idle(*parse_uslp(from_hex("cffff7fe000800 e0 ff"), {})));
    CHECK(is_only_idle(*parse_uslp(from_hex("c002a000000800 ff ff"), {})));
    CHECK_FALSE(is_only_idle(*parse_uslp(from_hex("c002a000000800 e0 ff"), {})));
}

TEST_CASE("framing/uslp: a wrong length, another version and every truncation are refused") {
    CHECK(parse_uslp(from_hex("c002a000000900 e0 ff"), {}).error() == frame_error::length_mismatch);
    CHECK(parse_uslp(from_hex("d002a000000800 e0 ff"), {}).error() == frame_error::wrong_version);
    const octet_vector least = from_hex("c04d2d4a000d0a0102 000000 01020304");
    CHECK_FALSE(parse_uslp(least, {}).has_value()); // 16 octets, the field says 14
    octet_vector right = least;
    right.at(5) = static_cast<std::uint8_t>(right.size() - 1);
    CHECK(parse_uslp(right, {}).has_value());
    for_each_truncation(right, [](const octet_vector& part) {
        CHECK_FALSE(parse_uslp(part, {}).has_value());
        if (part.size() > 5) { // as long as the field says, but with nothing behind
            octet_vector adjusted = part;
            adjusted.at(5) = static_cast<std::uint8_t>(part.size() - 1);
            CHECK(parse_uslp(adjusted, {}).error() == frame_error::too_short);
        }
    });
}

TEST_CASE("framing/uslp: every single-bit flip gives a frame within its octets or an error") {
    const octet_vector sample = from_hex("c04d2d4a0011020102000000deadbeef0e51");
    for_each_flip(sample, 96, [](const octet_vector& flipped) {
        if (const auto frame = parse_uslp(flipped, {})) {
            CHECK(frame->data.size() < flipped.size());
        }
    });
}
