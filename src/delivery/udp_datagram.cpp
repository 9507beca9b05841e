// SPDX-License-Identifier: MIT
#include "delivery/udp_datagram.h"

#include "delivery/checksum.h"
#include "delivery/put.h"

#include <algorithm>
#include <cassert>

namespace landfall::delivery {

namespace {

constexpr std::size_t udp_header_octets = 8;
constexpr std::size_t ipv4_header_octets = 20;
constexpr std::size_t ipv6_header_octets = 40;
constexpr std::size_t ipv6_fragment_octets = 8;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint8_t next_header_fragment = 44;
constexpr std::uint16_t ipv4_more_fragments = 0x2000;

/// Where a packet's part is in the datagram.
struct place {
    std::size_t offset = 0;
    bool more = false;
    std::uint32_t identification = 0;
};

void write_ipv4(const udp_flow& flow, const place& where, std::span<std::uint8_t> out) noexcept {
    const std::span<std::uint8_t> header = out.first(ipv4_header_octets);
    octet_cursor cursor(header);
    cursor.u16(0x4500);
    cursor.u16(static_cast<std::uint16_t>(out.size()));
    cursor.u16(static_cast<std::uint16_t>(where.identification));
    // Don't Fragment stays clear: a router of the datacenter may have a smaller MTU.
    cursor.u16(
        static_cast<std::uint16_t>(where.offset / 8 | (where.more ? ipv4_more_fragments : 0U)));
    cursor.u8(first_hop_limit);
    cursor.u8(protocol_udp);
    cursor.u16(0);
    cursor.append(flow.source.address.bytes());
    cursor.append(flow.destination.address.bytes());
    put_u16(header, 10, checksum_of(add_words(0, header)));
}

void write_ipv6(const udp_flow& flow, const place& where, bool fragment,
                std::span<std::uint8_t> out) noexcept {
    octet_cursor cursor(out);
    cursor.u32(0x6000'0000);
    cursor.u16(static_cast<std::uint16_t>(out.size() - ipv6_header_octets));
    cursor.u8(fragment ? next_header_fragment : protocol_udp);
    cursor.u8(first_hop_limit);
    cursor.append(flow.source.address.bytes());
    cursor.append(flow.destination.address.bytes());
    if (fragment) { // RFC 8200, section 4.5
        cursor.u16(std::uint16_t{protocol_udp} << 8U);
        cursor.u16(static_cast<std::uint16_t>(where.offset | (where.more ? 1U : 0U)));
        cursor.u32(where.identification);
    }
}

/// UDP header and pseudo-header: of IPv4 and IPv6 the sum is the same function.
std::uint16_t udp_checksum(const udp_flow& flow, base::octets head, base::octets data) noexcept {
    std::array<std::uint8_t, 4> rest{0, protocol_udp, head[4], head[5]};
    std::uint64_t sum = add_words(0, flow.source.address.bytes());
    sum = add_words(sum, flow.destination.address.bytes());
    sum = add_words(sum, rest);
    sum = add_words(sum, head);
    const std::uint16_t checksum = checksum_of(add_words(sum, data));
    return checksum == 0 ? 0xFFFF : checksum; // 0 would say that there is none
}

} // namespace

ip_cut cut_of(bool ipv6, std::size_t udp_data_octets, std::size_t mtu_octets) noexcept {
    assert(mtu_octets >= least_mtu_octets);
    const std::size_t payload = udp_header_octets + udp_data_octets;
    const std::size_t header = ipv6 ? ipv6_header_octets : ipv4_header_octets;
    if (header + payload <= mtu_octets) {
        return {header, payload, payload, 1};
    }
    const std::size_t each = header + (ipv6 ? ipv6_fragment_octets : 0);
    const std::size_t part = (mtu_octets - each) / 8 * 8;
    return {each, payload, part, (payload + part - 1) / part};
}

udp_datagram::udp_datagram(const udp_flow& flow, base::octets before, base::octets data) noexcept
    : flow_(flow), head_octets_(udp_header_octets + before.size()), data_(data) {
    assert(before.size() <= frame_header_octets && before.size() % 2 == 0);
    assert(before.size() + data.size() <= largest_udp_data_octets);
    octet_cursor cursor(head_);
    cursor.u16(flow.source.port);
    cursor.u16(flow.destination.port);
    cursor.u16(static_cast<std::uint16_t>(head_octets_ + data.size()));
    cursor.u16(0);
    cursor.append(before);
    put_u16(head_, 6, udp_checksum(flow, base::octets(head_).first(head_octets_), data));
}

ip_cut udp_datagram::cut(std::size_t mtu_octets) const noexcept {
    return cut_of(flow_.destination.address.v6, head_octets_ - udp_header_octets + data_.size(),
                  mtu_octets);
}

void udp_datagram::write(const ip_cut& cut, std::size_t part, std::uint32_t identification,
                         std::span<std::uint8_t> out) const noexcept {
    assert(part < cut.count && out.size() == cut.header_octets + cut.octets(part));
    const place where{cut.offset(part), part + 1 < cut.count, identification};
    if (flow_.destination.address.v6) {
        write_ipv6(flow_, where, cut.count > 1, out);
    } else {
        write_ipv4(flow_, where, out);
    }
    octet_cursor payload(out.subspan(cut.header_octets));
    const base::octets head = base::octets(head_).first(head_octets_);
    const std::size_t begin = where.offset;
    const std::size_t end = begin + cut.octets(part);
    if (begin < head.size()) {
        payload.append(head.subspan(begin, std::min(end, head.size()) - begin));
    }
    if (end > head.size()) {
        const std::size_t from = std::max(begin, head.size()) - head.size();
        payload.append(data_.subspan(from, end - head.size() - from));
    }
}

} // namespace landfall::delivery
