// SPDX-License-Identifier: MIT
#include "framing/aos.h"
#include "framing/frame_builder.h"
#include "framing/space_packet.h"
#include "framing/tm.h"
#include "support.h"

#include <doctest/doctest.h>

using namespace landfall::framing;

TEST_CASE("framing/frame_builder: fill is the published sequence and never restarts") {
    idle_sequence sequence;
    for (const std::uint8_t expected : from_hex("ffffffff6db6d861451f11f19716723cbe7e00b1")) {
        CHECK(sequence.next_octet() == expected);
    }
    frame_builder_parameters parameters;
    parameters.frame_octets = 28; // 20 octets of fill
    frame_builder builder(parameters);
    octet_vector first(28);
    octet_vector second(28);
    builder.next_frame(first);
    builder.next_frame(second);
    CHECK(octet_vector(first.begin() + 8, first.end()) ==
          from_hex("ffffffff6db6d861451f11f19716723cbe7e00b1"));
    CHECK(octet_vector(second.begin() + 8, second.end()) !=
          octet_vector(first.begin() + 8, first.end()));
}

TEST_CASE("framing/frame_builder: a TM frame is written octet by octet as the standard says") {
    frame_builder_parameters parameters;
    parameters.format = frame_format::tm;
    parameters.spacecraft_id = 318;
    parameters.vcid = 5;
    parameters.frame_octets = 27;
    parameters.fecf = true;
    parameters.ocf = 0x01140400;
    frame_builder builder(parameters);
    builder.set_count(0x1FF);
    CHECK(builder.packet_octets() == 15);
    octet_vector packet;
    append_space_packet(packet, {false, false, 5, sequence_flags::unsegmented, 9}, from_hex("aa"));
    REQUIRE(builder.push_packet(packet));
    CHECK(builder.queued_octets() == 7);
    octet_vector frame(27);
    builder.next_frame(frame, 0x42);
    CHECK(octet_vector(frame.begin(), frame.begin() + 21) ==
          from_hex("13eb42ff1800 0005c0090000aa 07ffc0000001ffff"));
    CHECK(octet_vector(frame.begin() + 21, frame.begin() + 25) == from_hex("01140400"));
    CHECK(fecf16_fits(frame));
    builder.next_frame(frame, 0x43);
    CHECK(octet_vector(frame.begin(), frame.begin() + 6) == from_hex("13eb43001ffe"));
}

TEST_CASE("framing/frame_builder: an AOS frame is written octet by octet as the standard says") {
    frame_builder_parameters parameters;
    parameters.spacecraft_id = 195;
    parameters.vcid = 3;
    parameters.frame_octets = 24;
    frame_builder builder(parameters);
    builder.set_count(0xFFFFFF);
    octet_vector packet;
    append_space_packet(packet, {false, false, 5, sequence_flags::unsegmented, 9},
                        counting_octets(20));
    REQUIRE(builder.push_packet(packet));
    octet_vector frame(24);
    builder.next_frame(frame);
    CHECK(octet_vector(frame.begin(), frame.begin() + 16) ==
          from_hex("70c3ffffff00 0000 0005c00900130001"));
    builder.next_frame(frame);
    CHECK(octet_vector(frame.begin(), frame.begin() + 8) == from_hex("70c300000000 000a"));
    CHECK(builder.queued_octets() == 1); // the shortest idle packet is one octet too long
    builder.next_frame(frame);
    CHECK(octet_vector(frame.begin(), frame.begin() + 8) == from_hex("70c300000100 0001"));
    builder.next_frame(frame);
    CHECK(octet_vector(frame.begin(), frame.begin() + 8) == from_hex("70ff00000000 07fe"));
}

TEST_CASE("framing/frame_builder: fill can stay on the channel, and headers carry their check") {
    frame_builder_parameters parameters;
    parameters.aos_fill_channel = false;
    parameters.aos_header_error_control = true;
    parameters.spacecraft_id = 171;
    parameters.vcid = 42;
    frame_builder builder(parameters);
    octet_vector frame(parameters.frame_octets);
    builder.next_frame(frame);
    frame_layout layout;
    layout.aos_header_error_control = true;
    const auto parsed = parse_aos(frame, layout);
    REQUIRE(parsed.has_value());
    CHECK(parsed->vcid == 42);
    CHECK(parsed->corrected_nibbles == 0);
    CHECK(parse_m_pdu(parsed->data)->first_header_pointer == pointer_only_idle);
}

TEST_CASE("framing/frame_builder: the queue is bounded and its memory is reused") {
    frame_builder_parameters parameters;
    frame_builder builder(parameters);
    octet_vector packet;
    append_space_packet(packet, {}, counting_octets(60000));
    std::size_t queued = 0;
    while (builder.push_packet(packet)) {
        ++queued;
    }
    CHECK(queued == frame_builder::most_queued_octets / packet.size());
    octet_vector frame(parameters.frame_octets);
    for (int i = 0; i < 5000; ++i) {
        builder.next_frame(frame);
        if (builder.queued_octets() + packet.size() < frame_builder::most_queued_octets) {
            CHECK(builder.push_packet(packet));
        }
    }
}
