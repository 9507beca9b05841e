// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "collector.h"
#include "framing/deframer.h"
#include "framing/frame_builder.h"
#include "support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace landfall;
using namespace landfall::framing;

namespace {

octet_vector space(std::size_t size, std::uint16_t apid, std::size_t first) {
    octet_vector octets;
    append_space_packet(octets, {false, false, apid, sequence_flags::unsegmented, 7},
                        counting_octets(size - 6, first));
    return octets;
}

octet_vector ipv4(std::size_t size) {
    octet_vector datagram = counting_octets(size);
    const octet_vector header = from_hex("4500000000004000401100000a0000010a000002");
    std::copy(header.begin(), header.end(), datagram.begin());
    datagram.at(2) = static_cast<std::uint8_t>(size >> 8U);
    datagram.at(3) = static_cast<std::uint8_t>(size);
    return datagram;
}

/// `count` frames of one virtual channel, and the space packets in them.
struct downlink {
    std::vector<octet_vector> frames;
    std::vector<octet_vector> packets;
};
downlink make(frame_builder_parameters parameters, std::size_t count, std::uint32_t start = 0) {
    frame_builder builder(parameters);
    builder.set_count(start);
    downlink made;
    base::random_source random(count);
    while (made.frames.size() < count) {
        if (builder.queued_octets() < parameters.frame_octets) {
            made.packets.push_back(space(7 + random.below(3000), 33, made.packets.size()));
            REQUIRE(builder.push_packet(made.packets.back()));
            continue;
        }
        made.frames.emplace_back(parameters.frame_octets);
        builder.next_frame(made.frames.back());
    }
    return made;
}

frame_builder_parameters tm_parameters(std::uint8_t vcid = 1, bool fecf = true) {
    frame_builder_parameters parameters;
    parameters.format = frame_format::tm;
    parameters.spacecraft_id = 171;
    parameters.vcid = vcid;
    parameters.fecf = fecf;
    return parameters;
}

frame_builder_parameters aos_parameters(std::uint8_t vcid = 1, bool fecf = false) {
    frame_builder_parameters parameters = tm_parameters(vcid, fecf);
    parameters.format = frame_format::aos;
    return parameters;
}

void check_packets(const collector& got, const downlink& made) {
    REQUIRE(got.packets.size() <= made.packets.size());
    REQUIRE(got.packets.size() + 2 >= made.packets.size());
    CHECK(std::equal(got.packets.begin(), got.packets.end(), made.packets.begin()));
}

} // namespace

TEST_CASE("framing/deframer: frames of every make come back with their packets") {
    std::vector<frame_builder_parameters> makes;
    for (const bool fecf : {false, true}) {
        for (const bool ocf : {false, true}) {
            for (const std::size_t size : {200UZ, 892UZ, 1115UZ, 1264UZ}) {
                makes.push_back(tm_parameters(3, fecf));
                makes.back().frame_octets = size;
                makes.push_back(aos_parameters(3, fecf));
                makes.back().frame_octets = size;
                makes.back().aos_header_error_control = ocf;
                if (ocf) {
                    makes[makes.size() - 2].ocf = 0x01140400;
                }
            }
        }
    }
    for (const auto& parameters : makes) {
        const downlink made = make(parameters, 400, 200);
        collector got;
        for (const octet_vector& frame : made.frames) {
            got.push(frame);
        }
        got.finish();
        CHECK(got.frames == made.frames);
        CHECK(got.totals().good == 400);
        CHECK(got.totals().bad == 0);
        CHECK(got.totals().missing == 0);
        CHECK(got.deframer_.fecf_octets() == (parameters.fecf ? 2U : 0U));
        CHECK(got.infos.back().vcid == 3);
        CHECK(got.infos.back().spacecraft_id == 171);
        CHECK(got.infos.back().ocf == parameters.ocf);
        check_packets(got, made);
    }
}

TEST_CASE("framing/deframer: lost frames are counted across the wrap of the count") {
    for (const bool tm : {true, false}) {
        const auto parameters = tm ? tm_parameters() : aos_parameters();
        const downlink made = make(parameters, 100, tm ? 200 : 0xFFFFC0);
        collector got;
        for (std::size_t i = 0; i < made.frames.size(); ++i) {
            if (i < 50 || i >= 70) {
                got.push(made.frames[i]);
            }
        }
        CHECK(got.totals().good == 80);
        CHECK(got.totals().missing == 20);
        REQUIRE(got.channels().size() == 1);
        CHECK(got.channels()[0].missing == 20);
        CHECK(got.channels()[0].restarts == 0);
        CHECK(got.infos[50].step.missing == 20);
        CHECK(got.totals().packets == got.packets.size());
        for (const octet_vector& packet : got.packets) {
            CHECK(std::find(made.packets.begin(), made.packets.end(), packet) !=
                  made.packets.end());
        }
        CHECK(got.packets.size() > 30);
    }
}

TEST_CASE("framing/deframer: the cycle extends AOS counts where its flag says so") {
    downlink made = make(aos_parameters(), 10, 0xFFFFFB);
    collector got;
    for (std::size_t i = 0; i < made.frames.size(); ++i) {
        made.frames[i].at(5) = i < 5 ? 0x43 : 0x44;
        got.push(made.frames[i]);
    }
    CHECK(got.totals().missing == 0);
    CHECK(got.channels()[0].restarts == 0);
    CHECK(got.infos[4].count == 0x3FFFFFF);
    CHECK(got.infos[5].count == 0x4000000);
    made.frames[9].at(5) = 0x54; // a spare bit: nothing
    made.frames[9].at(5) = 0x46; // two turns ahead
    got.push(made.frames[9]);
    CHECK(got.channels()[0].restarts == 1);
}

TEST_CASE("framing/deframer: a jump back is a restart and a repeated frame a duplicate") {
    const downlink made = make(aos_parameters(), 100);
    collector got;
    for (int turn = 0; turn < 2; ++turn) {
        for (const octet_vector& frame : made.frames) {
            got.push(frame);
        }
    }
    CHECK(got.totals().missing == 0);
    CHECK(got.channels()[0].restarts == 1);
    CHECK(got.totals().good == 200);
    const std::uint64_t packets = got.totals().packets;
    got.push(made.frames.back());
    CHECK(got.channels()[0].duplicates == 1);
    CHECK(got.totals().good == 201);
    CHECK(got.totals().packets == packets);
    CHECK(got.infos.back().step.duplicate);
}

TEST_CASE("framing/deframer: with times, an eight-bit count that restarts is not a loss") {
    const downlink made = make(tm_parameters(), 60);
    collector got;
    double time_s = 0;
    for (int turn = 0; turn < 2; ++turn) {
        for (std::size_t i = 0; i < made.frames.size(); ++i) {
            time_s += 0.01;
            if (i != 30) {
                got.push(made.frames[i], {base::timestamp{}.plus_seconds(time_s), true});
            }
        }
    }
    CHECK(got.totals().missing == 2);
    CHECK(got.channels()[0].restarts == 1);
}

TEST_CASE("framing/deframer: fill is told apart and its gaps are counted apart") {
    for (const bool tm : {true, false}) {
        frame_builder data(tm ? tm_parameters(2) : aos_parameters(2));
        frame_builder fill(tm ? tm_parameters(7) : aos_parameters(7));
        collector got;
        octet_vector frame(892);
        for (int i = 0; i < 40; ++i) {
            fill.next_frame(frame);
            if (i % 10 != 9) {
                got.push(frame);
            }
            REQUIRE(data.push_packet(space(800, 5, 0)));
            data.next_frame(frame);
            got.push(frame);
        }
        CHECK(got.totals().good == 40);
        CHECK(got.totals().fill == 36);
        CHECK(got.totals().missing == 0);
        CHECK(got.totals().missing_fill == 3);
        REQUIRE(got.channels().size() == 2);
        CHECK(got.channels()[0].vcid == (tm ? 7 : 63));
        CHECK(got.channels()[0].fill == 36);
        CHECK(got.channels()[0].frames == 0);
        CHECK(got.totals().packets == 40);
    }
}

TEST_CASE("framing/deframer: fill frames between a packet's parts do not break it") {
    frame_builder_parameters parameters = tm_parameters();
    frame_builder builder(parameters);
    const octet_vector packet = space(1200, 9, 1);
    REQUIRE(builder.push_packet(packet));
    octet_vector first(892);
    octet_vector last(892);
    octet_vector idle(892);
    builder.next_frame(first);
    builder.set_count(2);
    builder.next_frame(last);
    builder.set_count(1);
    builder.next_frame(idle);
    collector got;
    got.push(first);
    got.push(idle);
    got.push(last);
    CHECK(got.packets == std::vector<octet_vector>{packet});
    CHECK(got.totals().fill == 1);
}

TEST_CASE("framing/deframer: IP packets come out bare, with the time of their first frame") {
    frame_builder builder(aos_parameters());
    std::vector<octet_vector> datagrams;
    for (const std::size_t size : {20UZ, 600UZ, 1500UZ, 4000UZ, 40UZ}) {
        datagrams.push_back(ipv4(size));
        octet_vector packet;
        append_ip_over_ccsds(packet, datagrams.back());
        REQUIRE(builder.push_packet(packet));
    }
    REQUIRE(builder.push_packet(space(50, 77, 0)));
    octet_vector other;
    append_encapsulation(other, encapsulation_protocol::bundle, counting_octets(10));
    REQUIRE(builder.push_packet(other));
    collector got;
    octet_vector frame(892);
    for (int i = 0; builder.queued_octets() > 0; ++i) {
        builder.next_frame(frame);
        got.push(frame, {{i, 0}, true});
    }
    REQUIRE(got.packets.size() == 7);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(got.packets[i] == datagrams[i]);
        CHECK(got.packet_infos[i].kind == packet_kind::ipv4);
    }
    CHECK(got.packets[5] == space(50, 77, 0));
    CHECK(got.packet_infos[5].kind == packet_kind::space_packet);
    CHECK(got.packet_infos[5].apid == 77);
    CHECK(got.packets[6] == other);
    CHECK(got.packet_infos[6].kind == packet_kind::encapsulation);
    std::vector<std::int64_t> began;
    for (const delivered_packet& info : got.packet_infos) {
        began.push_back(info.began.time.seconds);
    }
    CHECK(began == std::vector<std::int64_t>{0, 0, 0, 2, 6, 6, 7});
}

TEST_CASE("framing/deframer: frames whose error control does not fit are refused and counted") {
    downlink made = make(tm_parameters(), 100);
    collector got;
    for (std::size_t i = 0; i < made.frames.size(); ++i) {
        if (i % 10 == 5) {
            made.frames[i].at(300) ^= 1U;
        }
        got.push(made.frames[i], {}, false);
    }
    CHECK(got.totals().good == 90);
    CHECK(got.totals().bad == 10);
    CHECK(got.totals().refused[static_cast<std::size_t>(frame_error::fecf_mismatch)] == 10);
    CHECK(got.totals().missing == 10);
}

TEST_CASE("framing/deframer: unchecked frames wait until the error control field is decided") {
    downlink made = make(tm_parameters(), 6);
    made.frames[0].at(300) ^= 1U;
    made.frames[1].at(300) ^= 1U;
    SUBCASE("it is there: the damaged first frames are refused") {
        collector got;
        for (const octet_vector& frame : made.frames) {
            got.push(frame, {}, false);
        }
        CHECK(got.totals().good == 4);
        CHECK(got.totals().bad == 2);
    }
    SUBCASE("it is not there: nothing is lost, and the order stays") {
        for (octet_vector& frame : made.frames) {
            frame.at(300) ^= 2U;
        }
        collector got;
        for (std::size_t i = 0; i < 3; ++i) {
            got.push(made.frames[i], {}, false);
            CHECK(got.frames.empty());
        }
        got.push(made.frames[3], {}, false);
        CHECK(got.frames.size() == 4);
        got.push(made.frames[4], {}, false);
        CHECK(got.frames.size() == 5);
        CHECK(std::equal(got.frames.begin(), got.frames.end(), made.frames.begin()));
    }
    SUBCASE("the signal ends before") {
        collector got;
        got.push(made.frames[0], {}, false);
        CHECK(got.frames.empty());
        got.finish();
        CHECK(got.frames.size() == 1);
    }
    SUBCASE("checked frames never wait") {
        collector got;
        got.push(made.frames[0], {}, true);
        CHECK(got.frames.size() == 1);
    }
}

TEST_CASE("framing/deframer: an unchecked damaged version number makes no phantom channel") {
    downlink made = make(aos_parameters(), 20);
    made.frames[10].at(0) ^= 0x40U;
    made.frames[12].at(0) ^= 0x80U;
    collector got;
    for (const octet_vector& frame : made.frames) {
        got.push(frame, {}, false);
    }
    CHECK(got.channels().size() == 1);
    CHECK(got.totals().bad == 2);
    CHECK(got.totals().missing == 2);
}

TEST_CASE("framing/deframer: the tables of channels and spacecraft are bounded") {
    collector got;
    octet_vector frame(24);
    frame_builder_parameters parameters;
    parameters.frame_octets = 24;
    for (unsigned spacecraft = 0; spacecraft < 10; ++spacecraft) {
        parameters.spacecraft_id = static_cast<std::uint16_t>(spacecraft);
        frame_builder(parameters).next_frame(frame);
        got.push(frame);
    }
    CHECK(got.channels().size() == most_spacecraft);
    CHECK(got.totals().refused[static_cast<std::size_t>(frame_error::too_many_channels)] == 2);
    parameters.aos_fill_channel = false;
    for (unsigned i = 0; i < 100; ++i) {
        parameters.spacecraft_id = static_cast<std::uint16_t>(i % 4);
        parameters.vcid = static_cast<std::uint8_t>(i / 4);
        frame_builder(parameters).next_frame(frame);
        got.push(frame);
    }
    CHECK(got.channels().size() == most_channels);
    CHECK(got.totals().bad == 10 + 100 - most_channels);
}

TEST_CASE("framing/deframer: without a format, everything is channel 0's") {
    frame_parameters parameters;
    parameters.format = frame_format::none;
    collector got(parameters);
    for (std::size_t i = 0; i < 10; ++i) {
        got.push(counting_octets(50, i * 7));
    }
    CHECK(got.totals().good == 10);
    REQUIRE(got.channels().size() == 1);
    CHECK(got.channels()[0].vcid == 0);
    CHECK(got.totals().missing == 0);
    CHECK(got.totals().packets == 0);
}

TEST_CASE("framing/deframer: frames of hostile sizes are refused") {
    collector got;
    got.push(octet_vector(largest_frame_octets + 1));
    got.push(octet_vector());
    got.push(octet_vector(3));
    CHECK(got.totals().bad == 3);
    CHECK(got.totals().refused[static_cast<std::size_t>(frame_error::too_long)] == 1);
    CHECK(got.totals().refused[static_cast<std::size_t>(frame_error::too_short)] == 2);
}

namespace {

struct uslp_fields {
    unsigned vcid = 1;
    unsigned map_id = 0;
    bool expedited = false;
    unsigned count = 0;
    unsigned rule = 0;
    unsigned pointer = 0;
};

/// A frame with a two-octet count and protocol 0.
octet_vector uslp(const uslp_fields& fields, const octet_vector& data) {
    octet_vector frame;
    base::byte_writer writer(frame);
    writer.u32(0xC002A000U | fields.vcid << 5U | fields.map_id << 1U);
    const std::size_t header = fields.rule == 0 ? 12 : 10;
    writer.u16(static_cast<std::uint16_t>(header + data.size() - 1));
    writer.u8(fields.expedited ? 0x82 : 0x02);
    writer.u16(static_cast<std::uint16_t>(fields.count));
    writer.u8(static_cast<std::uint8_t>(fields.rule << 5U));
    if (fields.rule == 0) {
        writer.u16(static_cast<std::uint16_t>(fields.pointer));
    }
    writer.append(data);
    return frame;
}

octet_vector part(const octet_vector& octets, std::size_t from, std::size_t to) {
    return {octets.begin() + static_cast<std::ptrdiff_t>(from),
            octets.begin() + static_cast<std::ptrdiff_t>(to)};
}

} // namespace

TEST_CASE(
    "framing/deframer: USLP packets span frames of their MAP, and the kinds of count differ") {
    const octet_vector one = space(100, 1, 0);
    const octet_vector two = space(90, 2, 0);
    collector got;
    got.push(uslp({1, 0, false, 65535, 0, 0}, part(one, 0, 40)));
    got.push(uslp({1, 5, false, 0, 0, 0}, part(two, 0, 50)));
    got.push(uslp({1, 0, true, 9, 7, 0}, space(20, 3, 0)));
    got.push(uslp({1, 5, false, 1, 0, 0xFFFF}, part(two, 50, 90)));
    got.push(uslp({1, 0, false, 3, 0, 0xFFFF}, part(one, 40, 100)));
    CHECK(got.packets == std::vector<octet_vector>{space(20, 3, 0), two});
    CHECK(got.packet_infos[1].map_id == 5);
    CHECK(got.totals().missing == 1);
    CHECK(got.channels().size() == 1);
}

TEST_CASE("framing/deframer: USLP segments are put together and whole packets taken as they are") {
    const octet_vector packet = space(120, 1, 0);
    collector got;
    got.push(uslp({1, 0, false, 1, 4, 0}, part(packet, 0, 50)));
    got.push(uslp({1, 0, false, 2, 5, 0}, part(packet, 50, 100)));
    got.push(uslp({1, 0, false, 3, 6, 0}, part(packet, 100, 120)));
    got.push(uslp({1, 0, false, 4, 7, 0}, packet));
    got.push(uslp({1, 0, false, 5, 3, 0}, packet));
    CHECK(got.packets == std::vector<octet_vector>{packet, packet});
    CHECK(got.totals().good == 5);
}

TEST_CASE("framing/deframer: USLP idle frames are fill") {
    collector got;
    got.push(from_hex("cffff7fe000800e0ff"));
    CHECK(got.totals().fill == 1);
    CHECK(got.totals().good == 0);
}

TEST_CASE("framing/deframer: frames with any one bit flipped do no harm") {
    const downlink made = make(tm_parameters(1, false), 3);
    const downlink aos = make(aos_parameters(), 3);
    const std::vector<octet_vector> samples = {made.frames[1], aos.frames[1],
                                               uslp({1, 0, false, 1, 0, 0}, space(100, 1, 0))};
    for (const octet_vector& sample : samples) {
        for_each_flip(sample, 20 * 8, [&](const octet_vector& flipped) {
            collector got;
            got.push(sample);
            got.push(flipped);
            got.push(sample);
            CHECK(got.totals().good + got.totals().fill + got.totals().bad == 3);
        });
    }
}

TEST_CASE("framing/deframer: kinds of packet have names") {
    CHECK(std::string(name(packet_kind::space_packet)) == "space_packet");
    CHECK(std::string(name(packet_kind::ipv4)) == "ipv4");
    CHECK(std::string(name(packet_kind::ipv6)) == "ipv6");
    CHECK(std::string(name(packet_kind::encapsulation)) == "encapsulation");
}
