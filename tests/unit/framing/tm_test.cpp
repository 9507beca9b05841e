// SPDX-License-Identifier: MIT
#include "framing/tm.h"
#include "support.h"

#include <doctest/doctest.h>

using namespace landfall::framing;

namespace {
// Spacecraft 318, channel 7, OCF; counts 6C and A4; secondary header; pointer 0x30 (a real header).
const octet_vector sample = from_hex("13ef6ca49830 03 aabbcc 0102030405 01140400");
} // namespace

TEST_CASE("framing/tm: every field is read") {
    const auto frame = parse_tm(sample, {});
    REQUIRE(frame.has_value());
    CHECK(frame->spacecraft_id == 318);
    CHECK(frame->vcid == 7);
    CHECK(frame->master_frame_count == 0x6C);
    CHECK(frame->frame_count == 0xA4);
    CHECK(frame->has_secondary_header);
    CHECK_FALSE(frame->synchronisation);
    CHECK_FALSE(frame->packet_order);
    CHECK(frame->segment_length_id == 3);
    CHECK(frame->first_header_pointer == 0x30);
    CHECK(frame->secondary_header_version == 0);
    CHECK(octet_vector(frame->secondary_header.begin(), frame->secondary_header.end()) ==
          from_hex("aabbcc"));
    CHECK(octet_vector(frame->data.begin(), frame->data.end()) == from_hex("0102030405"));
    CHECK(frame->ocf == 0x01140400U);
    CHECK_FALSE(is_only_idle(*frame));
}

// Made by spacepackets 0.32.0, see tests/vectors/framing/SOURCES.md.
TEST_CASE("framing/tm: headers made by another implementation are read") {
    struct vector {
        const char* header;
        unsigned spacecraft_id, vcid, master, count, pointer;
        bool ocf, secondary, sync;
    };
    const vector vectors[] = {
        {"02a000005800", 42, 0, 0, 0, 0, false, false, true},
        {"02a0ffff5800", 42, 0, 255, 255, 0, false, false, true},
        {"3ffe01015800", 1023, 7, 1, 1, 0, false, false, true},
        {"02a105055800", 42, 0, 5, 5, 0, true, false, true},
        {"02a00101d800", 42, 0, 1, 1, 0, false, true, true},
        {"02a009095ffe", 42, 0, 9, 9, 2046, false, false, true},
        {"02a009095fff", 42, 0, 9, 9, 2047, false, false, true},
        {"02a203035864", 42, 1, 3, 3, 100, false, false, true},
    };
    for (const vector& expected : vectors) {
        octet_vector octets = from_hex(expected.header);
        octets.resize(20);
        const auto frame = parse_tm(octets, {});
        REQUIRE(frame.has_value());
        CHECK(frame->spacecraft_id == expected.spacecraft_id);
        CHECK(frame->vcid == expected.vcid);
        CHECK(frame->master_frame_count == expected.master);
        CHECK(frame->frame_count == expected.count);
        CHECK(frame->first_header_pointer == expected.pointer);
        CHECK(frame->ocf.has_value() == expected.ocf);
        CHECK(frame->has_secondary_header == expected.secondary);
        CHECK(frame->synchronisation == expected.sync);
        CHECK(frame->segment_length_id == 3);
    }
}

TEST_CASE("framing/tm: idle is the pointer 7FE, and only where the pointer counts") {
    CHECK(is_only_idle(*parse_tm(from_hex("02a009091ffe 00"), {})));
    CHECK_FALSE(is_only_idle(*parse_tm(from_hex("02a009091fff 00"), {})));
    CHECK_FALSE(is_only_idle(*parse_tm(from_hex("02a009095ffe 00"), {})));
}

TEST_CASE("framing/tm: the error control field is not data") {
    frame_layout layout;
    layout.fecf_octets = 2;
    const auto frame = parse_tm(from_hex("02a009091800 aabb 1234"), layout);
    REQUIRE(frame.has_value());
    CHECK(frame->data.size() == 2);
}

TEST_CASE("framing/tm: other versions are refused") {
    for (const char* text : {"42a009091800", "82a009091800", "c2a009091800"}) {
        CHECK(parse_tm(from_hex(text), {}).error() == frame_error::wrong_version);
    }
}

TEST_CASE("framing/tm: every truncation of headers and trailer is refused") {
    const octet_vector least = from_hex("13ef6ca49830 03 aabbcc 01140400");
    CHECK(parse_tm(least, {}).has_value());
    for_each_truncation(least, [](const octet_vector& part) {
        const auto frame = parse_tm(part, {});
        REQUIRE_FALSE(frame.has_value());
        CHECK(frame.error() ==
              (part.size() < 10 ? frame_error::too_short : frame_error::secondary_header_length));
    });
}

TEST_CASE("framing/tm: every single-bit flip gives a frame within its octets or an error") {
    for_each_flip(sample, 56, [](const octet_vector& flipped) {
        if (const auto frame = parse_tm(flipped, {})) {
            CHECK(frame->data.size() + frame->secondary_header.size() <= flipped.size() - 6);
        }
    });
}
