// SPDX-License-Identifier: MIT
#include "delivery/udp_datagram.h"

#include "base/ip_header.h"
#include "base/put.h"

#include <algorithm>
#include <cassert>

namespace landfall::delivery {

namespace {

using base::ip_header_octets;
using base::udp_header_octets;

constexpr std::size_t ipv6_fragment_octets = 8;
constexpr std::uint8_t next_header_fragment = 44;

} // namespace

ip_cut cut_of(bool ipv6, std::size_t udp_data_octets, std::size_t mtu_octets) noexcept {
    assert(mtu_octets >= least_mtu_octets);
    const std::size_t payload = udp_header_octets + udp_data_octets;
    const std::size_t header = ip_header_octets(ipv6);
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
    base::write_udp(flow.source.port, flow.destination.port, head_octets_ + data.size(), head_);
    std::copy(before.begin(), before.end(), head_.begin() + udp_header_octets);
}

ip_cut udp_datagram::cut(std::size_t mtu_octets) const noexcept {
    return cut_of(flow_.destination.address.v6, head_octets_ - udp_header_octets + data_.size(),
                  mtu_octets);
}

void udp_datagram::write(const ip_cut& cut, std::size_t part, std::uint32_t identification,
                         std::span<std::uint8_t> out) noexcept {
    assert(part < cut.count && out.size() == cut.header_octets + cut.octets(part));
    write_ip(cut, part, identification, out);
    const std::span<std::uint8_t> payload = out.subspan(cut.header_octets);
    if (cut.count == 1 && !summed_) {
        set_checksum(
            base::add_and_copy_words(head_sum(), data_, payload.subspan(head_octets_).data()));
        base::octet_cursor(payload).append(head());
        return;
    }
    if (!summed_) {
        set_checksum(base::add_words(head_sum(), data_));
    }
    base::octet_cursor cursor(payload);
    const std::size_t begin = cut.offset(part);
    const std::size_t end = begin + cut.octets(part);
    if (begin < head_octets_) {
        cursor.append(head().subspan(begin, std::min(end, head_octets_) - begin));
    }
    if (end > head_octets_) {
        const std::size_t from = std::max(begin, head_octets_) - head_octets_;
        cursor.append(data_.subspan(from, end - head_octets_ - from));
    }
}

void udp_datagram::write_ip(const ip_cut& cut, std::size_t part, std::uint32_t identification,
                            std::span<std::uint8_t> out) const noexcept {
    const bool v6 = flow_.destination.address.v6;
    const bool more = part + 1 < cut.count;
    const std::size_t offset = cut.offset(part);
    // Don't Fragment stays clear: a router of the datacenter may have a smaller MTU.
    base::write_ip({.source = flow_.source.address,
                    .destination = flow_.destination.address,
                    .protocol = v6 && cut.count > 1 ? next_header_fragment : base::protocol_udp,
                    .hop_limit = first_hop_limit,
                    .total = out.size(),
                    .identification = static_cast<std::uint16_t>(identification),
                    .fragment = static_cast<std::uint16_t>(
                        offset / 8 | (more ? base::ipv4_more_fragments : 0U))},
                   out);
    if (v6 && cut.count > 1) { // RFC 8200, section 4.5
        base::octet_cursor cursor(out.subspan(base::ipv6_header_octets));
        cursor.u16(std::uint16_t{base::protocol_udp} << 8U);
        cursor.u16(static_cast<std::uint16_t>(offset | (more ? 1U : 0U)));
        cursor.u32(identification);
    }
}

/// Of all but the data.
std::uint64_t udp_datagram::head_sum() const noexcept {
    const std::size_t total = head_octets_ + data_.size();
    std::uint64_t sum = base::pseudo_header_sum(flow_.source.address, flow_.destination.address,
                                                base::protocol_udp, total);
    sum = base::add_u32(sum, std::uint32_t{flow_.source.port} << 16U | flow_.destination.port);
    sum = base::add_u32(sum, static_cast<std::uint32_t>(total) << 16U);
    return base::add_words(sum, head().subspan(udp_header_octets));
}

void udp_datagram::set_checksum(std::uint64_t sum) noexcept {
    base::put_u16(head_, 6, base::udp_checksum_of(sum));
    summed_ = true;
}

} // namespace landfall::delivery
