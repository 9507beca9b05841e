// SPDX-License-Identifier: MIT
#include "base/ip_header.h"
#include "dataplane/arp.h"
#include "dataplane/frame.h"
#include "dataplane/icmp.h"
#include "frames.h"

using namespace landfall;
using namespace landfall::dataplane;

TEST_CASE("dataplane/frame: headers that are written are read back") {
    for (const std::optional<std::uint16_t> vlan : {std::optional<std::uint16_t>{}, {100}}) {
        octet_vector out(18);
        const std::size_t octets = write_ethernet({us_mac, peer_mac, vlan, 0x86dd, 0}, out);
        const auto read = parse_ethernet(base::octets(out).first(octets));
        REQUIRE(read);
        CHECK(read->destination == us_mac);
        CHECK(read->source == peer_mac);
        CHECK(read->vlan == vlan);
        CHECK(read->type == 0x86dd);
        CHECK(read->octets == octets);
    }
    octet_vector packet(100);
    base::write_ip({.source = us4, .destination = peer4, .protocol = 17, .total = 100}, packet);
    const auto v4 = parse_ipv4(packet);
    REQUIRE(v4);
    CHECK(v4->source == us4);
    CHECK(v4->destination == peer4);
    CHECK(v4->total == 100);
    CHECK(v4->hop_limit == 64);
    base::write_ip({.source = us6, .destination = peer6, .protocol = 17, .total = 90}, packet);
    const auto v6 = parse_ipv6(packet);
    REQUIRE(v6);
    CHECK(v6->source == us6);
    CHECK(v6->destination == peer6);
    CHECK(v6->octets == 40);
    CHECK(v6->total == 90);
    octet_vector arp(arp_octets);
    write_arp({false, us_mac, us4, peer_mac, peer4}, arp);
    const auto read = parse_arp(arp);
    REQUIRE(read);
    CHECK_FALSE(read->request);
    CHECK(read->sender == us4);
    CHECK(read->target_mac == peer_mac);
}

TEST_CASE("dataplane/frame: IPv6 extension headers are bounded") {
    octet_vector packet(40 + 8 * 20);
    base::write_ip({.source = peer6, .destination = us6, .protocol = 60, .total = packet.size()},
                   packet);
    const auto chain = [&](std::size_t count) {
        for (std::size_t i = 0; i < 20; ++i) {
            packet[40 + 8 * i] = i + 1 < count ? 60 : 17;
            packet[41 + 8 * i] = 0;
        }
        return parse_ipv6(packet);
    };
    CHECK(chain(1)->octets == 48);
    CHECK(chain(max_extension_headers)->octets == 40 + 8 * max_extension_headers);
    REQUIRE_FALSE(chain(max_extension_headers + 1));
    CHECK(chain(max_extension_headers + 1).error() == rx_drop::ip_extension);
    packet[41] = 19; // 160 octets: up to the end
    packet[40] = 17;
    CHECK(parse_ipv6(packet)->octets == packet.size());
    packet[41] = 20;
    CHECK(parse_ipv6(packet).error() == rx_drop::ip_extension);
    packet[6] = 17;
    packet[5] = 161; // the payload's length
    CHECK(parse_ipv6(packet).error() == rx_drop::ip_malformed);
}

TEST_CASE("dataplane/frame: addresses derived from others") {
    CHECK(base::to_text(link_local_address(us_mac)) == "fe80::ff:fe00:10");
    CHECK(base::to_text(solicited_node(us6)) == "ff02::1:ff00:10");
    CHECK(group_mac(solicited_node(us6)) == mac_address{{0x33, 0x33, 0xff, 0, 0, 0x10}});
    CHECK(link_local(*base::parse_ip("febf::1")));
    CHECK_FALSE(link_local(*base::parse_ip("fec0::1")));
}

TEST_CASE("dataplane/frame: options of neighbour discovery that do not add up are refused") {
    const octet_vector whole = frame("ns");
    const octet_vector message(whole.begin() + 54, whole.end());
    const auto ip = parse_ipv6(base::octets(whole).subspan(14));
    REQUIRE(ip);
    REQUIRE(parse_nd(message, *ip));
    CHECK(parse_nd(message, *ip)->link_address == peer_mac);
    octet_vector broken = message;
    broken[25] = 0;
    CHECK(parse_nd(broken, *ip).error() == rx_drop::nd_malformed);
    broken[25] = 2;
    CHECK(parse_nd(broken, *ip).error() == rx_drop::nd_malformed);
    broken = message;
    broken.push_back(1);
    CHECK(parse_nd(broken, *ip).error() == rx_drop::nd_malformed);
    broken = message;
    broken[26] = 3; // a group
    CHECK(parse_nd(broken, *ip).error() == rx_drop::bad_link_address);
    for (std::size_t size = icmp_octets; size < message.size(); ++size) {
        const auto part = parse_nd(base::octets(message).first(size), *ip);
        CHECK((size == 24) == part.has_value()); // the option may be absent
    }
}

TEST_CASE("dataplane/frame: each drop has a name of its own") {
    for (std::size_t i = 0; i < rx_drop_count; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            CHECK(rx_drop_names[i] != rx_drop_names[j]);
        }
        CHECK_FALSE(rx_drop_names[i].empty());
    }
    CHECK(name(rx_drop::nd_unsolicited) == "nd_unsolicited");
    CHECK(name(rx_drop::icmp_rate) == "icmp_rate");
    CHECK(name(tx_drop::link_down) == "link_down");
}
