// SPDX-License-Identifier: MIT
#include "wire/ethernet.h"

#include "base/ip_header.h"
#include "base/put.h"

#include <algorithm>
#include <cassert>

namespace landfall::wire {

namespace {

using base::protocol_udp;
using base::udp_header_octets;

constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_ipv6 = 0x86DD;
constexpr int max_vlan_tags = 4;
constexpr int max_extension_headers = 8;

using parsed = std::expected<udp_datagram, frame_error>;

parsed parse_udp(base::byte_reader reader, udp_datagram datagram) noexcept {
    const std::size_t available = reader.remaining();
    datagram.source_port = reader.u16();
    datagram.destination_port = reader.u16();
    const std::size_t length = reader.u16();
    reader.skip(2); // checksum
    if (reader.failed()) {
        return std::unexpected(frame_error::truncated);
    }
    if (length < udp_header_octets || length > available) {
        return std::unexpected(frame_error::bad_udp_length);
    }
    datagram.payload = reader.take(length - udp_header_octets);
    return datagram;
}

parsed parse_ipv4(base::octets packet) noexcept {
    base::byte_reader reader(packet);
    const std::uint8_t first = reader.u8();
    const std::size_t header_octets = std::size_t{first & 0x0FU} * 4;
    reader.skip(1);
    std::size_t total = reader.u16();
    reader.skip(2); // identification
    const std::uint16_t fragment = reader.u16();
    reader.skip(1); // time to live
    const std::uint8_t protocol = reader.u8();
    reader.skip(2); // checksum
    udp_datagram datagram;
    datagram.source_address = reader.take(4);
    datagram.destination_address = reader.take(4);
    if (reader.failed()) {
        return std::unexpected(frame_error::truncated);
    }
    total = total == 0 ? packet.size() : total; // 0: the card was to cut it into segments
    if (first >> 4U != 4 || header_octets < 20 || total < header_octets) {
        return std::unexpected(frame_error::bad_ip_header);
    }
    if (total > packet.size()) {
        return std::unexpected(frame_error::truncated);
    }
    if ((fragment & 0x3FFFU) != 0) { // more fragments, or an offset
        return std::unexpected(frame_error::fragment);
    }
    if (protocol != protocol_udp) {
        return std::unexpected(frame_error::not_udp);
    }
    return parse_udp(base::byte_reader(packet.subspan(header_octets, total - header_octets)),
                     datagram);
}

enum class header_kind : std::uint8_t { udp, skip, skip_authentication, fragment, other };

header_kind kind_of(std::uint8_t next_header) noexcept {
    switch (next_header) {
    case protocol_udp:
        return header_kind::udp;
    case 0:   // hop-by-hop options
    case 43:  // routing
    case 60:  // destination options
    case 135: // mobility
    case 139: // host identity
    case 140: // shim6
        return header_kind::skip;
    case 51:
        return header_kind::skip_authentication;
    case 44:
        return header_kind::fragment;
    default:
        return header_kind::other;
    }
}

/// Walks the extension headers (RFC 8200, section 4).
parsed parse_ipv6_payload(base::byte_reader reader, std::uint8_t next_header,
                          const udp_datagram& datagram) noexcept {
    for (int i = 0; i <= max_extension_headers; ++i) {
        const header_kind kind = kind_of(next_header);
        if (kind == header_kind::udp) {
            return parse_udp(reader, datagram);
        }
        if (kind == header_kind::other) {
            return std::unexpected(frame_error::not_udp);
        }
        next_header = reader.u8();
        const std::size_t length = reader.u8();
        if (kind == header_kind::fragment) {
            if ((reader.u16() & 0xFFF9U) != 0) { // an offset, or more fragments
                return std::unexpected(frame_error::fragment);
            }
            reader.skip(4);
        } else {
            reader.skip(kind == header_kind::skip ? length * 8 + 6 : (length + 2) * 4 - 2);
        }
        if (reader.failed()) {
            return std::unexpected(frame_error::truncated);
        }
    }
    return std::unexpected(frame_error::too_many_headers);
}

parsed parse_ipv6(base::octets packet) noexcept {
    base::byte_reader reader(packet);
    const std::uint32_t first = reader.u32();
    const std::size_t length = reader.u16();
    const std::uint8_t next_header = reader.u8();
    reader.skip(1); // hop limit
    udp_datagram datagram;
    datagram.source_address = reader.take(16);
    datagram.destination_address = reader.take(16);
    if (reader.failed()) {
        return std::unexpected(frame_error::truncated);
    }
    if (first >> 28U != 6) {
        return std::unexpected(frame_error::bad_ip_header);
    }
    if (length > reader.remaining()) {
        return std::unexpected(frame_error::truncated);
    }
    return parse_ipv6_payload(base::byte_reader(reader.take(length)), next_header, datagram);
}

parsed parse_ip(base::octets packet) noexcept {
    if (packet.empty()) {
        return std::unexpected(frame_error::truncated);
    }
    switch (packet[0] >> 4U) {
    case 4:
        return parse_ipv4(packet);
    case 6:
        return parse_ipv6(packet);
    default:
        return std::unexpected(frame_error::bad_ip_header);
    }
}

bool is_vlan_tag(std::uint16_t ethertype) noexcept {
    return ethertype == 0x8100 || ethertype == 0x88A8 || ethertype == 0x9100;
}

/// From an EtherType on.
parsed parse_ethertype(base::byte_reader reader, std::uint16_t ethertype) noexcept {
    for (int tags = 0; is_vlan_tag(ethertype); ++tags) {
        if (tags == max_vlan_tags) {
            return std::unexpected(frame_error::too_many_headers);
        }
        reader.skip(2);
        ethertype = reader.u16();
    }
    if (reader.failed()) {
        return std::unexpected(frame_error::truncated);
    }
    if (ethertype != ethertype_ipv4 && ethertype != ethertype_ipv6) {
        return std::unexpected(frame_error::not_ip);
    }
    return ethertype == ethertype_ipv4 ? parse_ipv4(reader.rest()) : parse_ipv6(reader.rest());
}

} // namespace

std::optional<link_type> link_type_of(int dlt) noexcept {
    switch (dlt) {
    case 0:
    case 108: // OpenBSD loopback: the same, in network byte order
        return link_type::bsd_null;
    case 1:
        return link_type::ethernet;
    case 12:
    case 14:
    case 101:
    case 228: // IPv4 only
    case 229: // IPv6 only
        return link_type::raw_ip;
    case 113:
        return link_type::linux_sll;
    case 276:
        return link_type::linux_sll2;
    default:
        return std::nullopt;
    }
}

const char* name(frame_error error) noexcept {
    switch (error) {
    case frame_error::truncated:
        return "truncated";
    case frame_error::not_ip:
        return "not_ip";
    case frame_error::bad_ip_header:
        return "bad_ip_header";
    case frame_error::too_many_headers:
        return "too_many_headers";
    case frame_error::fragment:
        return "fragment";
    case frame_error::not_udp:
        return "not_udp";
    case frame_error::bad_udp_length:
        return "bad_udp_length";
    }
    return "unknown";
}

parsed parse_frame(link_type link, base::octets frame) noexcept {
    base::byte_reader reader(frame);
    std::uint16_t ethertype = 0;
    switch (link) {
    case link_type::raw_ip:
        return parse_ip(frame);
    case link_type::bsd_null:
        reader.skip(4);
        return reader.failed() ? parsed(std::unexpected(frame_error::truncated))
                               : parse_ip(reader.rest());
    case link_type::ethernet:
        reader.skip(12);
        ethertype = reader.u16();
        break;
    case link_type::linux_sll:
        reader.skip(14);
        ethertype = reader.u16();
        break;
    case link_type::linux_sll2:
        ethertype = reader.u16();
        reader.skip(18);
        break;
    }
    return parse_ethertype(reader, ethertype);
}

void write_udp_frame(std::vector<std::uint8_t>& out, const udp_flow& flow, base::octets payload) {
    const std::size_t udp_octets = udp_header_octets + payload.size();
    assert(udp_octets + base::ipv4_header_octets <= 65535);
    base::byte_writer writer(out);
    writer.append(flow.destination_mac);
    writer.append(flow.source_mac);
    writer.u16(ethertype_ipv4);
    const std::size_t ip_at = out.size();
    out.resize(ip_at + base::ipv4_header_octets + udp_header_octets);
    writer.append(payload);
    const base::ip_header header{.source = *base::ip_address::of(flow.source_address),
                                 .destination = *base::ip_address::of(flow.destination_address),
                                 .protocol = protocol_udp,
                                 .total = base::ipv4_header_octets + udp_octets};
    base::write_ip(header, std::span(out).subspan(ip_at));
    const auto datagram = std::span(out).subspan(ip_at + base::ipv4_header_octets);
    base::write_udp(flow.source_port, flow.destination_port, udp_octets, datagram);
    const std::uint64_t start =
        base::pseudo_header_sum(header.source, header.destination, protocol_udp, udp_octets);
    base::put_u16(datagram, 6, base::udp_checksum_of(base::add_words(start, datagram)));
}

} // namespace landfall::wire
