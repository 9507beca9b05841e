// SPDX-License-Identifier: MIT
#include "delivery/udp_datagram.h"
#include "support.h"

using namespace landfall;
using namespace landfall::delivery;

namespace {

/// The UDP datagram in the packets of a cut, put together by their offsets, and all that must hold
/// of their IP headers.
octet_vector reassembled(const std::vector<octet_vector>& packets, bool ipv6, std::size_t mtu) {
    octet_vector datagram;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const octet_vector& packet = packets[i];
        CHECK(packet.size() <= mtu);
        const bool fragments = packets.size() > 1;
        const std::size_t header = ipv6 ? (fragments ? 48 : 40) : 20;
        CHECK(u16_at(packet, ipv6 ? 4 : 2) == packet.size() - (ipv6 ? 40 : 0));
        std::size_t offset = 0;
        bool more = false;
        if (!ipv6) {
            CHECK(plain_sum(base::octets(packet).first(20)) == 0xFFFF);
            CHECK((u16_at(packet, 6) & 0x4000) == 0);
            offset = std::size_t{8} * (u16_at(packet, 6) & 0x1FFFU);
            more = (u16_at(packet, 6) & 0x2000) != 0;
        } else if (fragments) {
            CHECK(packet[6] == 44);
            CHECK(packet[40] == 17);
            offset = u16_at(packet, 42) & 0xFFF8U;
            more = (u16_at(packet, 42) & 1U) != 0;
        }
        CHECK(more == (i + 1 < packets.size()));
        CHECK(offset == datagram.size());
        datagram = join(datagram, base::octets(packet).subspan(header));
    }
    return datagram;
}

std::vector<octet_vector> packets_of(udp_datagram& datagram, std::size_t mtu) {
    const ip_cut cut = datagram.cut(mtu);
    std::vector<octet_vector> packets;
    for (std::size_t part = 0; part < cut.count; ++part) {
        packets.emplace_back(cut.header_octets + cut.octets(part));
        datagram.write(cut, part, 0xABCD1234, packets.back());
    }
    return packets;
}

/// UDP checksum with pseudo-header (RFC 768; RFC 8200, section 8.1), summed in the plain way.
std::uint16_t sum_of(const udp_flow& flow, const octet_vector& datagram) {
    const auto size = static_cast<std::uint32_t>(datagram.size());
    std::uint32_t sum = plain_sum(flow.source.address.bytes(), 17 + size);
    sum = plain_sum(flow.destination.address.bytes(), sum);
    return plain_sum(datagram, sum);
}

} // namespace

TEST_CASE("delivery/udp_datagram: datagrams of any length and MTU come together again") {
    base::random_source random(3);
    for (const udp_flow& flow : {flow_ipv4, flow_ipv6}) {
        const bool ipv6 = flow.source.address.v6;
        for (const std::size_t mtu : {68UL, 1280UL, 1408UL, 1427UL, 8912UL}) {
            for (const std::size_t size :
                 {0UL, 1UL, 2UL, 27UL, 1023UL, mtu - 29, mtu - 28, mtu - 27, mtu - 49, mtu - 48,
                  mtu - 47, 2 * mtu, 9001UL, 65483UL}) {
                for (const std::size_t before : {0UL, 24UL}) {
                    CAPTURE(mtu);
                    CAPTURE(size);
                    const octet_vector head = random_octets(random, before);
                    const octet_vector data = random_octets(random, size);
                    udp_datagram made(flow, head, data);
                    const octet_vector got = reassembled(packets_of(made, mtu), ipv6, mtu);
                    REQUIRE(got.size() == 8 + before + size);
                    CHECK(u16_at(got, 0) == flow.source.port);
                    CHECK(u16_at(got, 2) == flow.destination.port);
                    CHECK(u16_at(got, 4) == got.size());
                    CHECK(sum_of(flow, got) == 0xFFFF);
                    CHECK(u16_at(got, 6) != 0);
                    CHECK(part_of(got, 8) == join(head, data));
                }
            }
        }
    }
}

TEST_CASE(
    "delivery/udp_datagram: a whole copy and one in fragments are the same, in either order") {
    base::random_source random(4);
    for (const udp_flow& flow : {flow_ipv4, flow_ipv6}) {
        const octet_vector data = random_octets(random, 1001);
        const auto both = [&](std::size_t first_mtu, std::size_t second_mtu) {
            udp_datagram made(flow, {}, data);
            const auto first = packets_of(made, first_mtu);
            return std::pair{first, packets_of(made, second_mtu)};
        };
        const auto [whole, cut] = both(1408, 576);
        const auto [cut_before, whole_after] = both(576, 1408);
        CHECK(whole.size() == 1);
        CHECK(cut.size() == 2);
        CHECK(whole == whole_after);
        CHECK(cut == cut_before);
        CHECK(both(1408, 1408).second == whole);
    }
}

TEST_CASE("delivery/udp_datagram: it is cut only when it does not fit") {
    CHECK(cut_of(false, 1380, 1408).count == 1);
    CHECK(cut_of(false, 1381, 1408).count == 2);
    CHECK(cut_of(true, 1360, 1408).count == 1);
    CHECK(cut_of(true, 1361, 1408).count == 2);
    CHECK(cut_of(false, 65507, 65535).count == 1);
}

TEST_CASE("delivery/udp_datagram: a checksum of zero is sent as all ones") {
    octet_vector data(2);
    udp_datagram of_zeros(flow_ipv4, {}, data);
    const octet_vector first = packets_of(of_zeros, 1408).front();
    data = {first[26], first[27]}; // makes the sum of all else FFFF
    udp_datagram made(flow_ipv4, {}, data);
    const octet_vector packet = packets_of(made, 1408).front();
    CHECK(u16_at(packet, 26) == 0xFFFF);
}
