// SPDX-License-Identifier: MIT
#include "delivery/ip_forward.h"
#include "support.h"

using namespace landfall;
using namespace landfall::delivery;

namespace {

drop refusal(const octet_vector& packet) {
    const auto found = check_ip(packet);
    REQUIRE(!found);
    return found.error();
}

std::vector<octet_vector> forwarded(const octet_vector& octets, std::size_t mtu) {
    const auto packet = check_ip(octets);
    REQUIRE(packet);
    const auto cut = cut_of(*packet, mtu);
    REQUIRE(cut);
    std::vector<octet_vector> made;
    for (std::size_t part = 0; part < cut->count; ++part) {
        made.emplace_back(octets_of(*packet, *cut, part));
        write(*packet, *cut, part, made.back());
        CHECK(made.back().size() <= mtu);
    }
    return made;
}

std::size_t header_octets(const octet_vector& packet) {
    return (packet[0] & 0x0FU) * 4;
}

} // namespace

TEST_CASE(
    "delivery/ip_forward: an IPv4 packet goes on with its TTL lowered, its checksum fitting") {
    for (unsigned ttl = 2; ttl < 256; ++ttl) {
        const octet_vector sent = ipv4_packet{.ttl = static_cast<std::uint8_t>(ttl)}.build();
        const octet_vector got = forwarded(sent, 1408).at(0);
        CHECK(got[8] == ttl - 1);
        CHECK(plain_sum(base::octets(got).first(20)) == 0xFFFF);
        octet_vector same = got;
        same[8] = sent[8];
        same[10] = sent[10];
        same[11] = sent[11];
        CHECK(same == sent);
    }
}

TEST_CASE("delivery/ip_forward: an IPv6 packet goes on with its hop limit lowered") {
    octet_vector sent = ipv6_packet(333);
    const octet_vector got = forwarded(sent, 1408).at(0);
    --sent[7];
    CHECK(got == sent);
}

TEST_CASE("delivery/ip_forward: what follows a packet's length is cut off") {
    const octet_vector ipv4 = ipv4_packet{}.build();
    CHECK(forwarded(join(ipv4, counting(7)), 1408).at(0).size() == ipv4.size());
    const octet_vector ipv6 = ipv6_packet(20);
    CHECK(forwarded(join(ipv6, counting(7)), 1408).at(0).size() == ipv6.size());
}

TEST_CASE("delivery/ip_forward: every truncation is refused") {
    for (const octet_vector& whole :
         {ipv4_packet{}.build(), ipv4_packet{.options = counting(8)}.build(), ipv6_packet(50)}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const octet_vector part(whole.begin(),
                                    whole.begin() + static_cast<std::ptrdiff_t>(size));
            const drop reason = refusal(part);
            CHECK((reason == drop::bad_header || reason == drop::bad_length));
        }
    }
}

TEST_CASE("delivery/ip_forward: every flipped bit of an IPv4 header is refused") {
    const octet_vector whole = ipv4_packet{.options = {0x94, 4, 0, 0}}.build();
    for (std::size_t bit = 0; bit < std::size_t{8} * 24; ++bit) {
        octet_vector flipped = whole;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> bit % 8);
        CHECK(!check_ip(flipped));
    }
}

TEST_CASE("delivery/ip_forward: no flipped bit of an IPv6 header reads past the packet") {
    const octet_vector whole = ipv6_packet(50);
    for (std::size_t bit = 0; bit < std::size_t{8} * 40; ++bit) {
        octet_vector flipped = whole;
        flipped[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> bit % 8);
        const auto packet = check_ip(flipped);
        CHECK((!packet || packet->octets.size() <= flipped.size()));
        CHECK((bit >= 4 || !packet));
    }
}

TEST_CASE("delivery/ip_forward: each thing wrong has its reason") {
    octet_vector packet = ipv4_packet{}.build();
    packet[0] = 0x55;
    CHECK(refusal(packet) == drop::bad_version);
    CHECK(refusal({}) == drop::bad_header);
    packet[0] = 0x44;
    CHECK(refusal(packet) == drop::bad_header);
    packet = ipv4_packet{}.build();
    packet[3] = 19;
    packet[2] = 0;
    CHECK(refusal(packet) == drop::bad_length);
    packet = ipv4_packet{}.build();
    packet[5] ^= 1U;
    CHECK(refusal(packet) == drop::bad_checksum);
    CHECK(refusal(ipv4_packet{.ttl = 1}.build()) == drop::hop_limit);
    CHECK(refusal(ipv4_packet{.ttl = 0}.build()) == drop::hop_limit);
    CHECK(refusal(ipv6_packet(9, "2001:db8::1", "2001:db8::2", 1)) == drop::hop_limit);
    // More fragments, of 100 octets; and one that ends beyond 65,535.
    CHECK(refusal(ipv4_packet{.fragment = 0x2000}.build()) == drop::bad_length);
    CHECK(refusal(ipv4_packet{.fragment = 0x1FFF}.build()) == drop::bad_length);
    packet = ipv6_packet(80); // a jumbogram
    packet[5] = packet[6] = 0;
    CHECK(refusal(packet) == drop::bad_length);
}

TEST_CASE("delivery/ip_forward: addresses that no router forwards are refused") {
    for (const char* address :
         {"127.0.0.1", "0.0.0.0", "169.254.1.1", "224.0.0.5", "255.255.255.255"}) {
        CHECK(refusal(ipv4_packet{.source = address}.build()) == drop::bad_address);
        CHECK(refusal(ipv4_packet{.destination = address}.build()) == drop::bad_address);
    }
    for (const char* address : {"::", "::1", "fe80::1", "ff02::1"}) {
        CHECK(refusal(ipv6_packet(9, address)) == drop::bad_address);
        CHECK(refusal(ipv6_packet(9, "2001:db8::1", address)) == drop::bad_address);
    }
    CHECK(refusal(ipv4_packet{.source = "239.1.2.3"}.build()) == drop::bad_address);
    CHECK(check_ip(ipv4_packet{.destination = "239.1.2.3"}.build()));
    CHECK(refusal(ipv6_packet(9, "ff1e::1")) == drop::bad_address);
    CHECK(check_ip(ipv6_packet(9, "2001:db8::1", "ff1e::1")));
}

TEST_CASE("delivery/ip_forward: an IPv4 packet too big is fragmented, options as RFC 791 says") {
    // Router alert (copied), no operation, record route (not copied), strict source route (copied).
    const octet_vector options{0x94, 4, 0, 0, 1, 7, 7, 4, 0, 0, 0, 0, 0x89, 3, 4, 0};
    for (const octet_vector& with : {octet_vector{}, options}) {
        for (const std::size_t mtu : {68UL, 576UL, 1407UL}) {
            for (const std::uint16_t fragment :
                 std::initializer_list<std::uint16_t>{0, 0x2000, 100, 0x2064}) {
                const ipv4_packet sent{
                    .options = with, .payload = counting(3200), .fragment = fragment};
                const auto parts = forwarded(sent.build(), mtu);
                octet_vector payload;
                for (std::size_t i = 0; i < parts.size(); ++i) {
                    const octet_vector& part = parts[i];
                    const std::size_t header = header_octets(part);
                    const std::size_t repeated = with.empty() ? 20 : 28;
                    CHECK(header == (i == 0 ? 20 + with.size() : repeated));
                    CHECK(plain_sum(base::octets(part).first(header)) == 0xFFFF);
                    CHECK(u16_at(part, 2) == part.size());
                    CHECK(u16_at(part, 4) == 0x1234);
                    CHECK(part[8] == 16);
                    CHECK((u16_at(part, 6) & 0x1FFFU) == (fragment & 0x1FFFU) + payload.size() / 8);
                    const bool more = i + 1 < parts.size() || (fragment & 0x2000) != 0;
                    CHECK(((u16_at(part, 6) & 0x2000) != 0) == more);
                    if (i > 0 && !with.empty()) {
                        CHECK(octet_vector(part.begin() + 20, part.begin() + 28) ==
                              octet_vector{0x94, 4, 0, 0, 0x89, 3, 4, 0});
                    }
                    payload = join(payload, base::octets(part).subspan(header));
                }
                CHECK(payload == sent.payload);
                CHECK(parts.size() > 1);
            }
        }
    }
}

TEST_CASE("delivery/ip_forward: what may not be fragmented is dropped, and so are bad options") {
    const auto error_of = [](const octet_vector& octets) {
        return cut_of(check_ip(octets).value(), 1408).error();
    };
    CHECK(error_of(ipv4_packet{.payload = counting(1400), .fragment = 0x4000}.build()) ==
          drop::too_big);
    CHECK(error_of(ipv6_packet(1369)) == drop::too_big);
    CHECK(cut_of(check_ip(ipv6_packet(1368)).value(), 1408));
    for (const octet_vector& options :
         {octet_vector{0x94, 5, 0, 0}, octet_vector{0x94, 1, 0, 0}, octet_vector{1, 1, 1, 0x94}}) {
        const ipv4_packet small{.options = options};
        CHECK(cut_of(check_ip(small.build()).value(), 1408)->count == 1);
        CHECK(error_of(ipv4_packet{.options = options, .payload = counting(1400)}.build()) ==
              drop::bad_header);
    }
}
