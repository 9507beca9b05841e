// SPDX-License-Identifier: MIT
#include "delivery/router.h"
#include "support.h"

#include <set>

using namespace landfall;
using namespace landfall::delivery;

namespace {

framing::delivered_frame frame_of(base::octets octets, std::uint16_t spacecraft = 100,
                                  std::uint8_t vcid = 1, bool fill = false) {
    framing::delivered_frame frame;
    frame.octets = octets;
    frame.spacecraft_id = spacecraft;
    frame.vcid = vcid;
    frame.fill = fill;
    return frame;
}

framing::delivered_packet packet_of(base::octets octets, framing::packet_kind kind,
                                    std::uint16_t apid = 0) {
    framing::delivered_packet packet;
    packet.kind = kind;
    packet.octets = octets;
    packet.apid = apid;
    packet.spacecraft_id = 100;
    packet.vcid = 1;
    return packet;
}

route route_of(form as, const udp_flow& flow = flow_ipv4) {
    return {.as = as, .to = {{.peer = 3, .mtu_octets = 1408}}, .flow = flow};
}

/// How many packets a route sends of a frame.
std::size_t sends(const route& one, const framing::delivered_frame& frame) {
    router made({.carrier = 0, .carriers = 1, .routes = {one}});
    sink out;
    out.run([&](const output& to) { made.frame(frame, to); });
    CHECK(made.counters(0).datagrams.value() == out.packets.size());
    return out.packets.size();
}

const octet_vector data = counting(1000);

} // namespace

TEST_CASE("delivery/router: a route takes the frames that it selects, and no others") {
    route one = route_of(form::frames);
    CHECK(sends(one, frame_of(data)) == 1);
    CHECK(sends(one, frame_of(data, 1, 63)) == 1);
    CHECK(sends(one, frame_of(data, 100, 1, true)) == 0);
    one.fill = true;
    CHECK(sends(one, frame_of(data, 100, 1, true)) == 1);
    one.vcid = {63, 0, 200};
    CHECK(sends(one, frame_of(data, 100, 0)) == 1);
    CHECK(sends(one, frame_of(data, 100, 63)) == 1);
    CHECK(sends(one, frame_of(data, 100, 1)) == 0);
    CHECK(sends(one, frame_of(data, 100, 200)) == 0);
    one.spacecraft_id = {300, 100};
    CHECK(sends(one, frame_of(data, 100, 0)) == 1);
    CHECK(sends(one, frame_of(data, 300, 0)) == 1);
    CHECK(sends(one, frame_of(data, 200, 0)) == 0);
    CHECK(sends(route_of(form::packets), frame_of(data)) == 0);
    CHECK(sends(route_of(form::ip), frame_of(data)) == 0);
    CHECK(sends(route_of(form::iq), frame_of(data)) == 0);
}

TEST_CASE("delivery/router: each kind of thing goes to the routes of its form") {
    route filtered = route_of(form::packets);
    filtered.apid = {7, 5};
    router made({.carrier = 0,
                 .carriers = 1,
                 .routes = {route_of(form::frames), route_of(form::packets), filtered,
                            route_of(form::ip), route_of(form::iq)}});
    sink out;
    const octet_vector ip = ipv4_packet{}.build();
    out.run([&](const output& to) {
        made.packet(packet_of(data, framing::packet_kind::space_packet, 5), to);
        made.packet(packet_of(data, framing::packet_kind::space_packet, 6), to);
        made.packet(packet_of(data, framing::packet_kind::encapsulation), to);
        made.packet(packet_of(ip, framing::packet_kind::ipv4), to);
        made.packet(packet_of(ipv6_packet(9), framing::packet_kind::ipv6), to);
        made.iq(data, to);
    });
    const std::vector<std::uint64_t> expected{0, 2, 1, 2, 1};
    REQUIRE(made.routes() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        CHECK(made.counters(i).datagrams.value() == expected[i]);
        CHECK(dropped(made.counters(i)) == 0);
    }
    CHECK(made.counters(3).octets.value() == ip.size() + 49);
    CHECK(made.counters(4).octets.value() == data.size() + 28);
}

TEST_CASE("delivery/router: several peers get the same, each cut for its own MTU") {
    route one = route_of(form::frames);
    one.to = {{.peer = 3, .mtu_octets = 8912}, {.peer = 9, .mtu_octets = 8912}, {5, 576}};
    router made({.carrier = 0, .carriers = 1, .routes = {one}});
    sink out;
    out.run([&](const output& to) { made.frame(frame_of(data), to); });
    REQUIRE(out.packets.size() == 4);
    CHECK(out.packets[0].peer == 3);
    CHECK(out.packets[1].peer == 9);
    CHECK(out.packets[0].octets == out.packets[1].octets);
    CHECK(part_of(out.packets[0].octets, 28) == data);
    CHECK(out.packets[2].peer == 5);
    CHECK(out.packets[3].peer == 5);
    CHECK(made.counters(0).datagrams.value() == 3);
    CHECK(made.counters(0).fragments.value() == 2);
    CHECK(made.counters(0).octets.value() == 3 * 1028 + 20);
}

TEST_CASE("delivery/router: without a buffer it is a drop, and the next datagram goes") {
    route one = route_of(form::frames);
    one.to = {{3, 576}, {4, 1408}};
    router made({.carrier = 0, .carriers = 1, .routes = {one}});
    sink out;
    out.free = 1; // the first of two fragments; nothing for the second peer
    out.run([&](const output& to) { made.frame(frame_of(data), to); });
    CHECK(out.packets.size() == 1);
    CHECK(dropped(made.counters(0), drop::no_buffer) == 2);
    CHECK(made.counters(0).datagrams.value() == 0);
    out.free = 3;
    out.run([&](const output& to) { made.frame(frame_of(data), to); });
    CHECK(made.counters(0).datagrams.value() == 2);
    CHECK(dropped(made.counters(0)) == 2);
}

TEST_CASE("delivery/router: what no UDP datagram holds is dropped") {
    route one = route_of(form::frames, flow_ipv6);
    one.header = true;
    router made({.carrier = 0, .carriers = 1, .routes = {one}});
    sink out;
    out.run([&](const output& to) {
        made.frame(frame_of(octet_vector(65507 - 24)), to);
        made.frame(frame_of(octet_vector(65507 - 23)), to);
    });
    CHECK(made.counters(0).datagrams.value() == 1);
    CHECK(dropped(made.counters(0), drop::too_long) == 1);
}

TEST_CASE("delivery/router: the header tells of each frame and packet, and counts them") {
    route frames = route_of(form::frames);
    frames.header = true;
    route packets = route_of(form::packets);
    packets.header = true;
    router made({.carrier = 2, .carriers = 3, .routes = {frames, packets}});
    made.set_es_n0(7.5);
    sink out;
    framing::delivered_frame frame = frame_of(data, 159, 16);
    frame.corrected = true;
    frame.first_bit = {{1'700'000'000, 5000}, true};
    out.run([&](const output& to) {
        made.frame(frame, to);
        out.free = 0;
        made.frame(frame, to); // none free: the receiver sees the gap
        out.free = 2;
        made.frame(frame_of(data), to);
        made.packet(packet_of(data, framing::packet_kind::space_packet), to);
    });
    REQUIRE(out.packets.size() == 3);
    const auto header = [&](std::size_t at) {
        return parse_frame_header(base::octets(out.packets[at].octets).subspan(28)).value();
    };
    CHECK(header(0).corrected);
    CHECK(header(0).carrier == 2);
    CHECK(header(0).spacecraft_id == 159);
    CHECK(header(0).vcid == 16);
    CHECK(header(0).es_n0_db == 7.5);
    CHECK(header(0).receive_time == base::timestamp{1'700'000'000, 5000});
    CHECK(header(0).sequence == 0);
    CHECK(header(1).sequence == 2);
    CHECK_FALSE(header(1).receive_time);
    CHECK(header(2).packet);
    CHECK(header(2).sequence == 0);
    CHECK(part_of(out.packets[2].octets, 52) == data);
}

TEST_CASE("delivery/router: IP packets pass by source and destination only") {
    route one = route_of(form::ip);
    one.source_filter = {*base::parse_prefix("10.1.0.0/16"), *base::parse_prefix("2001:db8::/48")};
    one.destination_filter = {*base::parse_prefix("10.2.0.0/24"), *base::parse_prefix("::/0")};
    router made({.carrier = 0, .carriers = 1, .routes = {one}});
    sink out;
    const auto push = [&](const octet_vector& ip) {
        out.run(
            [&](const output& to) { made.packet(packet_of(ip, framing::packet_kind::ipv4), to); });
    };
    push(ipv4_packet{}.build());
    push(ipv6_packet(9));
    CHECK(out.packets.size() == 2);
    push(ipv4_packet{.source = "10.3.0.1"}.build());
    push(ipv4_packet{.destination = "10.2.1.1"}.build());
    push(ipv6_packet(9, "2001:db8:1::1"));
    CHECK(out.packets.size() == 2);
    CHECK(dropped(made.counters(0), drop::filtered) == 3);
    push(ipv4_packet{.ttl = 1}.build());
    CHECK(dropped(made.counters(0), drop::hop_limit) == 1);
    push(ipv4_packet{.payload = counting(2000), .fragment = 0x4000}.build());
    CHECK(dropped(made.counters(0), drop::too_big) == 1);
    push(ipv4_packet{.payload = counting(2000)}.build());
    CHECK(out.packets.size() == 4);
    CHECK(made.counters(0).fragments.value() == 2);
}

TEST_CASE("delivery/router: carriers never use each other's identifications") {
    std::set<std::uint16_t> used;
    for (std::uint16_t carrier = 0; carrier < 3; ++carrier) {
        router made({.carrier = carrier, .carriers = 3, .routes = {route_of(form::iq)}});
        sink out;
        out.run([&](const output& to) {
            for (int i = 0; i < 16384; ++i) {
                made.iq(base::octets(data).first(1), to);
            }
        });
        for (const sent_packet& packet : out.packets) {
            used.insert(u16_at(packet.octets, 4));
        }
    }
    CHECK(used.size() == 3 * 16384);
}

TEST_CASE("delivery/router: every form and every drop reason has a name of its own") {
    std::set<std::string> names;
    for (std::size_t i = 0; i < drop_count; ++i) {
        names.insert(name(static_cast<drop>(i)));
    }
    CHECK(names.size() == drop_count);
    CHECK_FALSE(names.contains("unknown"));
    for (const form one : {form::frames, form::packets, form::ip, form::iq}) {
        CHECK(std::string(name(one)) != "unknown");
    }
}
