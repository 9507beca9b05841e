// SPDX-License-Identifier: MIT
#include "dataplane/arp.h"
#include "dataplane/host.h"
#include "dataplane/icmp.h"
#include "frames.h"

#include <algorithm>

using namespace landfall;
using namespace landfall::dataplane;

namespace {

std::uint64_t all_drops(const host& engine) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < rx_drop_count; ++i) {
        sum += engine.dropped(static_cast<rx_drop>(i));
    }
    return sum;
}

octet_vector query(const host& engine, const neighbour_query& what) {
    octet_vector out(query_octets);
    out.resize(engine.write_query(what, out));
    return out;
}

} // namespace

TEST_CASE("dataplane/host: a datagram goes to the flow of its port and word") {
    bench_host bench;
    for (const char* const name : {"udp4", "udp4_options", "udp6", "udp6_extensions"}) {
        const octet_vector in = frame(name);
        const received got = bench.take(in);
        REQUIRE(got.what == received::outcome::flow);
        CHECK(got.flow == 0);
        CHECK(got.octets == payload_octets);
        CHECK(got.payload_at == in.size() - payload_octets);
        CHECK(got.ip_at == ethernet_octets);
    }
    octet_vector in = frame("udp4");
    in[42 + 6] = 0x20; // the word 0x2001
    CHECK(bench.engine.stray() == stray_datagram{});
    CHECK(bench.drops(in, rx_drop::unknown_stream));
    CHECK(bench.engine.stray() == stray_datagram{0x2001, 4991});
    in[42 + 7] = 0x02;
    CHECK(bench.take(in).flow == 1);
    in[36] = 0xca; // port 51820
    in[37] = 0x6c;
    CHECK(bench.take(in).flow == 2);
    in[36] = 0;
    CHECK(bench.drops(in, rx_drop::udp_unknown_port));
    CHECK(all_drops(bench.engine) == 2);
}

TEST_CASE("dataplane/host: a datagram too short for a word is of no flow that wants one") {
    bench_host bench;
    octet_vector in = frame("udp4");
    in[39] = udp_octets + 7;
    CHECK(bench.drops(in, rx_drop::unknown_stream));
    in[39] = udp_octets + 8;
    CHECK(bench.take(in).octets == 8);
}

TEST_CASE("dataplane/host: Ethernet padding is not payload") {
    bench_host bench;
    octet_vector in = frame("udp4");
    in.resize(in.size() + 11, 0xee);
    CHECK(bench.take(in).octets == payload_octets);
}

TEST_CASE("dataplane/host: only frames of its VLAN are its own") {
    bench_host untagged;
    CHECK(untagged.drops(frame("udp4_vlan"), rx_drop::other_vlan));
    bench_host tagged(us(100));
    CHECK(tagged.drops(frame("udp4"), rx_drop::other_vlan));
    const received got = tagged.take(frame("udp4_vlan"));
    REQUIRE(got.what == received::outcome::flow);
    CHECK(got.payload_at == 46);
    octet_vector priority = frame("udp4_vlan");
    priority[14] = 0x60; // identifier 0: a priority and no VLAN
    priority[15] = 0;
    CHECK(untagged.take(priority).what == received::outcome::flow);
}

TEST_CASE("dataplane/host: answers are what another implementation makes of the request") {
    bench_host bench;
    for (const char* const name :
         {"arp_request", "ns", "ns_link_local", "ns_detection", "echo6", "echo4"}) {
        CAPTURE(name);
        CHECK(bench.answer_to(frame(name)) == frame(std::string(name) + "_answer"));
    }
    CHECK(bench.engine.answers() == 4);
    CHECK(bench.engine.echoes() == 2);
    CHECK(all_drops(bench.engine) == 0);
}

TEST_CASE("dataplane/host: queries and announcements are what another implementation makes") {
    bench_host bench;
    CHECK(query(bench.engine, {peer4, {}}) == frame("arp_query"));
    CHECK(query(bench.engine, {peer4, peer_mac}) == frame("arp_query_unicast"));
    CHECK(query(bench.engine, {peer6, {}}) == frame("ns_query"));
    octet_vector out(query_octets);
    out.resize(bench.engine.write_announcement(0, out));
    CHECK(out == frame("arp_announcement"));
    out.resize(query_octets);
    out.resize(bench.engine.write_announcement(1, out));
    CHECK(out == frame("na_announcement"));
    out.resize(query_octets);
    CHECK(bench.engine.write_announcement(2, out) != 0); // the link-local address
    CHECK(bench.engine.write_announcement(3, out) == 0);
}

TEST_CASE("dataplane/host: answers are tagged as the port is") {
    bench_host bench(us(100));
    octet_vector request = frame("arp_request");
    const octet_vector tag{0x81, 0, 0, 100};
    request.insert(request.begin() + 12, tag.begin(), tag.end());
    octet_vector answer = frame("arp_request_answer");
    answer.insert(answer.begin() + 12, tag.begin(), tag.end());
    CHECK(bench.answer_to(request) == answer);
}

TEST_CASE("dataplane/host: every drop has its reason") {
    bench_host bench;
    const auto changed = [](const char* name, std::size_t at, std::uint8_t value) {
        octet_vector made = frame(name);
        made[at] = value;
        return made;
    };
    CHECK(bench.drops({1, 2, 3}, rx_drop::frame_truncated));
    CHECK(bench.drops(changed("udp4", 12, 0x88), rx_drop::other_protocol));
    CHECK(bench.drops(changed("arp_request", 15, 6), rx_drop::arp_malformed));
    CHECK(bench.drops(frame("arp_for_other"), rx_drop::arp_not_for_us));
    CHECK(bench.drops(frame("arp_reply"), rx_drop::arp_unsolicited));
    CHECK(bench.drops(frame("arp_spoof"), rx_drop::own_address));
    CHECK(bench.drops(frame("arp_group_sender"), rx_drop::bad_link_address));
    CHECK(bench.drops(changed("udp4", 14, 0x55), rx_drop::ip_malformed));
    CHECK(bench.drops(changed("udp4", 22, 63), rx_drop::ip_checksum));
    CHECK(bench.drops(frame("udp4_fragment"), rx_drop::ip_fragment));
    CHECK(bench.drops(frame("udp6_fragment"), rx_drop::ip_fragment));
    CHECK(bench.drops(changed("udp6_extensions", 63, 3), rx_drop::ip_extension)); // segments left
    CHECK(bench.drops(changed("udp6", 22, 0xff), rx_drop::ip_source));
    CHECK(bench.drops(changed("udp6", 53, 0x99), rx_drop::ip_not_for_us));
    octet_vector from_self = frame("udp6");
    std::copy_n(from_self.begin() + 38, 16, from_self.begin() + 22);
    CHECK(bench.drops(from_self, rx_drop::own_address));
    CHECK(bench.drops(frame("tcp4"), rx_drop::ip_other_transport));
    CHECK(bench.drops(changed("udp4", 38, 0xff), rx_drop::udp_malformed));
    CHECK(bench.drops(frame("udp4"), rx_drop::udp_checksum, {.l4_checksum_bad = true}));
    octet_vector bare = changed("udp6", 60, 0);
    bare[61] = 0;
    CHECK(bench.drops(bare, rx_drop::udp_checksum));
    CHECK(bench.drops(changed("echo4", 50, 0xff), rx_drop::icmp_checksum));
    CHECK(bench.drops(frame("unreachable4"), rx_drop::icmp_other));
    CHECK(bench.drops(frame("ns_routed"), rx_drop::nd_malformed));
    CHECK(bench.drops(frame("na"), rx_drop::nd_unsolicited));
    CHECK(bench.drops(frame("na_spoof"), rx_drop::own_address));
    // To every host of the link: an answer of each would multiply.
    CHECK(bench.drops(changed("echo4", 0, 0xff), rx_drop::icmp_other));
    CHECK(bench.take(frame("udp4"), {.ip_checksum_good = true}).what == received::outcome::flow);
}

TEST_CASE("dataplane/host: a solicitation for someone else is not answered") {
    bench_host bench;
    host_config config = us();
    config.address = {*base::parse_prefix("2001:db8::aa00:10/64")}; // the same group
    bench_host other(config);
    CHECK(other.drops(frame("ns"), rx_drop::nd_not_for_us));
}

TEST_CASE("dataplane/host: echo is answered up to a rate") {
    bench_host bench;
    std::uint64_t answered = 0;
    for (int i = 0; i < 5000; ++i) { // just short of 5 ms from the first to the last
        bench.now += second_ns / 1'000'000;
        answered += bench.take(frame("echo4")).what == received::outcome::answer ? 1U : 0U;
    }
    CHECK(answered == echo_burst + 4);
    CHECK(bench.engine.dropped(rx_drop::icmp_rate) == 5000 - answered);
    bench.now += second_ns;
    CHECK(bench.take(frame("echo6")).what == received::outcome::answer);
}

TEST_CASE("dataplane/host: a reply makes a neighbour only of who was asked") {
    bench_host bench;
    neighbour_table& table = bench.engine.neighbours();
    const auto none = [](std::size_t) {};
    for (const auto& [name, elsewhere, address] :
         {std::tuple("arp_reply", "arp_reply_elsewhere", peer4), std::tuple("na", "na", peer6)}) {
        const auto index = table.want(address, bench.now);
        REQUIRE(index);
        CHECK_FALSE(bench.take(frame(name)).resolved); // not yet asked
        int asked = 0;
        table.tick(bench.now, [&](const neighbour_query&) { ++asked; }, none);
        CHECK(asked == 1);
        const received got = bench.take(frame(name));
        REQUIRE(got.resolved);
        CHECK(*got.resolved == *index);
        CHECK(table[*index].mac == peer_mac);
        CHECK_FALSE(bench.take(frame(elsewhere)).resolved);
        CHECK(table[*index].mac == peer_mac);
    }
}

TEST_CASE("dataplane/host: an advertisement that does not say to be an answer is none") {
    bench_host bench;
    neighbour_table& table = bench.engine.neighbours();
    const auto index = table.want(peer6, bench.now);
    REQUIRE(index);
    table.tick(bench.now, [](const neighbour_query&) {}, [](std::size_t) {});
    octet_vector in = frame("na");
    const auto advertise = [&](bool solicited) {
        write_nd({.solicitation = false,
                  .solicited = solicited,
                  .override_ = true,
                  .target = peer6,
                  .link_address = peer_mac},
                 peer6, us6, std::span(in).subspan(ethernet_octets));
        return in;
    };
    CHECK(bench.drops(advertise(false), rx_drop::nd_unsolicited));
    CHECK_FALSE(table[*index].usable());
    CHECK(bench.take(advertise(true)).resolved);
}

TEST_CASE("dataplane/host: routes to links and gateways, with the right source") {
    const host engine(us());
    const auto way = [&](const char* to) { return engine.route(*base::parse_ip(to)); };
    REQUIRE(way("192.0.2.7"));
    CHECK(way("192.0.2.7")->hop == *base::parse_ip("192.0.2.7"));
    CHECK(way("192.0.2.7")->source == us4);
    CHECK(way("198.51.100.1")->hop == *base::parse_ip("192.0.2.254"));
    CHECK(way("198.51.100.1")->source == us4);
    CHECK(way("2001:db8::99")->hop == *base::parse_ip("2001:db8::99"));
    CHECK(way("2001:db9::99")->hop == *base::parse_ip("fe80::254"));
    CHECK(way("2001:db9::99")->source == us6);
    CHECK(way("fe80::99")->source == link_local_address(us_mac));
    for (const char* const nowhere : {"224.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1",
                                      "::", "ff02::1", "192.0.2.10", "2001:db8::10"}) {
        REQUIRE_FALSE(way(nowhere));
        CHECK(way(nowhere).error() == tx_drop::no_route);
    }
    host_config lone = us();
    lone.gateway.clear();
    CHECK_FALSE(host(lone).route(*base::parse_ip("198.51.100.1")));
}

TEST_CASE("dataplane/host: groups are those of its IPv6 addresses") {
    const auto groups = host(us()).groups();
    // Both addresses end in the same three octets.
    CHECK(groups ==
          std::vector<mac_address>{{{0x33, 0x33, 0, 0, 0, 1}}, {{0x33, 0x33, 0xff, 0, 0, 0x10}}});
    host_config v4 = us();
    v4.address.resize(1);
    CHECK(host(v4).groups().empty());
}

TEST_CASE("dataplane/host: no truncation of any frame is a datagram or harms") {
    for (const std::string& name : received_frames) {
        CAPTURE(name);
        const octet_vector whole = frame(name);
        bench_host bench(
            us(name == "udp4_vlan" ? std::optional<std::uint16_t>(100) : std::nullopt));
        // ARP's padding may go.
        const std::size_t needed =
            name.starts_with("arp") ? std::min<std::size_t>(whole.size(), 42) : whole.size();
        for (std::size_t size = 0; size < needed; ++size) {
            CAPTURE(size);
            const octet_vector part(whole.begin(),
                                    whole.begin() + static_cast<std::ptrdiff_t>(size));
            CHECK(bench.take(part).what == received::outcome::done);
        }
        CHECK(all_drops(bench.engine) == needed);
    }
}

TEST_CASE("dataplane/host: with any bit flipped a frame is within bounds or dropped") {
    for (const std::string& name : received_frames) {
        CAPTURE(name);
        const octet_vector whole = frame(name);
        bench_host bench(
            us(name == "udp4_vlan" ? std::optional<std::uint16_t>(100) : std::nullopt));
        for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
            CAPTURE(bit);
            octet_vector flipped = whole;
            flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
            bench.now += second_ns;
            const received got = bench.take(flipped);
            if (got.what == received::outcome::flow) {
                CHECK(got.payload_at + got.octets <= whole.size());
                CHECK(got.flow < 3);
            }
            // Over IPv4 the header's checksum sees each flip in addresses and lengths.
            const std::size_t octet = bit / 8;
            if (name == "udp4" && octet >= 14 && octet < 34) {
                CHECK(got.what == received::outcome::done);
            }
            // The checksum of ICMP sees each flip in a message.
            if ((name == "echo4" && octet >= 34) || (name == "echo6" && octet >= 54)) {
                CHECK(got.what == received::outcome::done);
            }
        }
    }
}

TEST_CASE("dataplane/host: find_flow takes the datagrams that receive takes, and changes nothing") {
    host_config config = us();
    config.flows[2].first_queue_only = true;
    std::size_t found = 0;
    for (const std::string& name : received_frames) {
        CAPTURE(name);
        octet_vector whole = frame(name);
        config.vlan = name == "udp4_vlan" ? std::optional<std::uint16_t>(100) : std::nullopt;
        bench_host bench(config);
        for (std::size_t bit = 0; bit <= 8 * whole.size(); ++bit) { // the last: none flipped
            CAPTURE(bit);
            octet_vector flipped = whole;
            if (bit < 8 * whole.size()) {
                flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
            }
            const std::uint64_t drops = all_drops(bench.engine);
            const auto flow = bench.engine.find_flow(flipped, {});
            CHECK(all_drops(bench.engine) == drops);
            bench.now += second_ns;
            const received got = bench.take(flipped);
            CHECK(flow.has_value() == (got.what == received::outcome::flow && got.flow != 2));
            if (flow) {
                ++found;
                CHECK(flow->flow == got.flow);
                CHECK(flow->ip_at == got.ip_at);
                CHECK(flow->payload_at == got.payload_at);
                CHECK(flow->octets == got.octets);
            }
        }
    }
    CHECK(found > 100);
    octet_vector tunnel = frame("udp4");
    tunnel[36] = 0xca; // port 51820
    tunnel[37] = 0x6c;
    bench_host bench(config);
    CHECK_FALSE(bench.engine.find_flow(tunnel, {}));
    CHECK(bench.take(tunnel).flow == 2);
    CHECK_FALSE(bench.engine.find_flow(frame("udp4"), {.l4_checksum_bad = true}));
}
