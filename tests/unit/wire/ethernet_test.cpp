// SPDX-License-Identifier: MIT
#include "helpers.h"
#include "wire/ethernet.h"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace landfall;
using tests::from_hex;
using wire::frame_error;
using wire::link_type;

namespace {

struct frame_case {
    const char* title;
    link_type link;
    const char* hex;
    bool ipv6;
};

// Frames made with Scapy 2.5: UDP from port 50003 to 4991, payload 01 to 08.
constexpr std::array<frame_case, 9> frames{{
    {"Ethernet, IPv4", link_type::ethernet,
     "0200000000020200000000010800450000240001000040118e91c0000201c6336402c353137f00102cb0010203040"
     "5"
     "060708",
     false},
    {"802.1Q, IPv4", link_type::ethernet,
     "0200000000020200000000018100002a0800450000240001000040118e91c0000201c6336402c353137f00102cb00"
     "1"
     "02030405060708",
     false},
    {"QinQ, IPv6", link_type::ethernet,
     "02000000000202000000000188a800078100002a86dd600000000010114020010db80000000000000000000000012"
     "0"
     "010db8000000000000000000000002c353137f0010bd720102030405060708",
     true},
    {"IPv4 with options", link_type::ethernet,
     "020000000002020000000001080046000028000100004011f988c0000201c633640294040000c353137f00102cb00"
     "1"
     "02030405060708",
     false},
    {"padded Ethernet", link_type::ethernet,
     "0200000000020200000000010800450000240001000040118e91c0000201c6336402c353137f00102cb0010203040"
     "5"
     "06070800000000000000000000",
     false},
    {"IPv6 as an atomic fragment", link_type::ethernet,
     "02000000000202000000000186dd6000000000182c4020010db800000000000000000000000120010db8000000000"
     "0"
     "000000000000021100000000000005c353137f0010bd720102030405060708",
     true},
    {"Linux cooked", link_type::linux_sll,
     "00000200000002000000000100000800450000240001000040118e91c0000201c6336402c353137f00102cb001020"
     "3"
     "0405060708",
     false},
    {"raw IPv6", link_type::raw_ip,
     "600000000010114020010db800000000000000000000000120010db8000000000000000000000002c353137f0010b"
     "d"
     "720102030405060708",
     true},
    {"BSD null", link_type::bsd_null,
     "02000000450000240001000040118e91c0000201c6336402c353137f00102cb00102030405060708", false},
}};

// IPv6 with hop-by-hop options, a routing header and destination options.
constexpr const char* ipv6_extensions =
    "02000000000202000000000186dd600000000040004020010db800000000000000000000000120010db80000000000"
    "000000000000022b000502000001003c0200010000000020010db80000000000000000000000091101010c00000000"
    "0000000000000000c353137f0010bd6b0102030405060708";

frame_error error_of(base::octets frame) {
    const auto datagram = wire::parse_frame(link_type::ethernet, frame);
    REQUIRE(!datagram);
    return datagram.error();
}

void check_datagram(const wire::udp_datagram& datagram, bool ipv6) {
    CHECK(datagram.source_port == 50003);
    CHECK(datagram.destination_port == 4991);
    CHECK(datagram.source_address.size() == (ipv6 ? 16 : 4));
    CHECK(datagram.destination_address.back() == 2);
    CHECK(std::vector<std::uint8_t>(datagram.payload.begin(), datagram.payload.end()) ==
          from_hex("0102030405060708"));
}

} // namespace

TEST_CASE("wire/ethernet: frames of another maker, over every link type") {
    for (const frame_case& each : frames) {
        CAPTURE(each.title);
        const auto octets = from_hex(each.hex);
        const auto datagram = wire::parse_frame(each.link, octets);
        REQUIRE(datagram);
        check_datagram(*datagram, each.ipv6);
    }
    const auto octets = from_hex(ipv6_extensions);
    const auto datagram = wire::parse_frame(link_type::ethernet, octets);
    REQUIRE(datagram);
    check_datagram(*datagram, true);
}

TEST_CASE("wire/ethernet: Linux cooked capture version 2") {
    const auto ip = from_hex(frames[7].hex);
    auto octets = from_hex("86dd000000000002000100060000000000010000");
    octets.insert(octets.end(), ip.begin(), ip.end());
    const auto datagram = wire::parse_frame(link_type::linux_sll2, octets);
    REQUIRE(datagram);
    check_datagram(*datagram, true);
}

TEST_CASE("wire/ethernet: what is not a whole UDP datagram is refused by name") {
    CHECK(
        error_of(from_hex("02000000000202000000000186dd6000000000182c4020010db80000000000000000000"
                          "0000120010db80000000000000000000000021100000100000005c353137f0010bd72010"
                          "2030405060708")) == frame_error::fragment);
    CHECK(
        error_of(from_hex("0200000000020200000000010800450000240001200040116e91c0000201c6336402c35"
                          "3137f00102cb00102030405060708")) == frame_error::fragment);
    CHECK(
        error_of(from_hex("02000000000202000000000108004500001c0001000340118e96c0000201c6336402010"
                          "2030405060708")) == frame_error::fragment);
    CHECK(error_of(from_hex(
              "0200000000020200000000010800450000300001000040068e90c0000201c6336402001"
              "40050000000000000000050022000932b00000102030405060708")) == frame_error::not_udp);
    CHECK(
        error_of(from_hex("0200000000020200000000010806000108000604000102fc00000001c00002020000000"
                          "0000000000000")) == frame_error::not_ip);
    auto bad = from_hex(frames[0].hex);
    bad[14] = 0x44; // a header of 16 octets
    CHECK(error_of(bad) == frame_error::bad_ip_header);
    bad[14] = 0x65;
    CHECK(error_of(bad) == frame_error::bad_ip_header);
    bad = from_hex(frames[0].hex);
    bad[39] = 17;
    CHECK(error_of(bad) == frame_error::bad_udp_length);
    bad[39] = 7;
    CHECK(error_of(bad) == frame_error::bad_udp_length);
    auto tagged = from_hex("020000000002020000000001");
    for (int i = 0; i < 6; ++i) {
        const auto tag = from_hex("81000001");
        tagged.insert(tagged.end(), tag.begin(), tag.end());
    }
    CHECK(error_of(tagged) == frame_error::too_many_headers);
}

TEST_CASE("wire/ethernet: every truncation is refused") {
    for (const frame_case& each : frames) {
        CAPTURE(each.title);
        auto octets = from_hex(each.hex);
        octets.resize(each.title == std::string_view("padded Ethernet") ? octets.size() - 10
                                                                        : octets.size());
        for (std::size_t size = 0; size < octets.size(); ++size) {
            CHECK(!wire::parse_frame(each.link, base::octets(octets).first(size)));
        }
    }
}

TEST_CASE("wire/ethernet: no single-bit flip does harm") {
    for (const frame_case& each : frames) {
        const auto octets = from_hex(each.hex);
        for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
            auto flipped = octets;
            flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << (bit % 8));
            const auto datagram = wire::parse_frame(each.link, flipped);
            if (datagram) {
                CHECK(datagram->payload.size() <= octets.size());
            }
        }
    }
}

TEST_CASE("wire/ethernet: a written frame has the checksums that another maker gives it") {
    // The same frame as Scapy makes it, with "do not fragment" and identification 0.
    wire::udp_flow flow;
    flow.source_address = {192, 0, 2, 1};
    flow.destination_address = {198, 51, 100, 2};
    flow.source_port = 50003;
    std::vector<std::uint8_t> out;
    wire::write_udp_frame(out, flow, from_hex("0102030405060708"));
    CHECK(out == from_hex("0200000000020200000000010800450000240000400040114e92c0000201c6336402c353"
                          "137f00102cb00102030405060708"));
    CHECK(out.size() == wire::udp_frame_overhead_octets + 8);
}

TEST_CASE("wire/ethernet: link types by number, and names of errors") {
    CHECK(wire::link_type_of(1) == link_type::ethernet);
    CHECK(wire::link_type_of(12) == link_type::raw_ip);
    CHECK(wire::link_type_of(101) == link_type::raw_ip);
    CHECK(wire::link_type_of(276) == link_type::linux_sll2);
    CHECK(!wire::link_type_of(147));
    std::set<std::string> names;
    for (std::size_t i = 0; i < wire::frame_error_count; ++i) {
        names.insert(wire::name(static_cast<frame_error>(i)));
    }
    CHECK(names.size() == wire::frame_error_count);
}
