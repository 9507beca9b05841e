// SPDX-License-Identifier: MIT
#include "dataplane/frame.h"

#include "base/checksum.h"

#include <algorithm>
#include <cstring>

namespace landfall::dataplane {
namespace {

// Extension headers (RFC 8200, 4.1).
constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t routing = 43;
constexpr std::uint8_t fragment = 44;
constexpr std::uint8_t destination_options = 60;

constexpr unsigned more_fragments_and_offset = 0x3fff;

base::ip_address address_at(base::octets packet, std::size_t at, bool v6) noexcept {
    base::ip_address made;
    made.v6 = v6;
    std::memcpy(made.octet.data(), packet.data() + at, v6 ? 16 : 4);
    return made;
}

} // namespace

mac_address mac_address::of(base::octets six) noexcept {
    mac_address made;
    std::memcpy(made.octet.data(), six.data(), made.octet.size());
    return made;
}

std::expected<ethernet_header, rx_drop> parse_ethernet(base::octets frame) noexcept {
    if (frame.size() < ethernet_octets) {
        return std::unexpected(rx_drop::frame_truncated);
    }
    ethernet_header header{mac_address::of(frame),
                           mac_address::of(frame.subspan(6)),
                           {},
                           load_u16(frame, 12),
                           ethernet_octets};
    if (header.type == ether_type::vlan) {
        if (frame.size() < ethernet_octets + vlan_octets) {
            return std::unexpected(rx_drop::frame_truncated);
        }
        if (const std::uint16_t id = load_u16(frame, 14) & 0xfffU; id != 0) {
            header.vlan = id;
        }
        header.type = load_u16(frame, 16);
        header.octets += vlan_octets;
    }
    return header;
}

std::size_t write_ethernet(const ethernet_header& header, std::span<std::uint8_t> out) noexcept {
    std::memcpy(out.data(), header.destination.octet.data(), 6);
    std::memcpy(out.data() + 6, header.source.octet.data(), 6);
    if (!header.vlan) {
        store_u16(out, 12, header.type);
        return ethernet_octets;
    }
    store_u16(out, 12, ether_type::vlan);
    store_u16(out, 14, *header.vlan);
    store_u16(out, 16, header.type);
    return ethernet_octets + vlan_octets;
}

std::expected<ip_header, rx_drop> parse_ipv4(base::octets packet, bool checksum_good) noexcept {
    if (packet.size() < ipv4_octets || packet[0] >> 4U != 4) {
        return std::unexpected(rx_drop::ip_malformed);
    }
    ip_header header;
    header.octets = 4 * (packet[0] & 0xfU);
    header.total = load_u16(packet, 2);
    if (header.octets < ipv4_octets || header.total < header.octets ||
        header.total > packet.size()) {
        return std::unexpected(rx_drop::ip_malformed);
    }
    if (!checksum_good && base::checksum_of(base::add_words(0, packet.first(header.octets))) != 0) {
        return std::unexpected(rx_drop::ip_checksum);
    }
    if ((load_u16(packet, 6) & more_fragments_and_offset) != 0) {
        return std::unexpected(rx_drop::ip_fragment);
    }
    header.hop_limit = packet[8];
    header.protocol = packet[9];
    header.source = address_at(packet, 12, false);
    header.destination = address_at(packet, 16, false);
    return header;
}

std::expected<ip_header, rx_drop> parse_ipv6(base::octets packet) noexcept {
    if (packet.size() < ipv6_octets || packet[0] >> 4U != 6) {
        return std::unexpected(rx_drop::ip_malformed);
    }
    ip_header header;
    header.total = ipv6_octets + load_u16(packet, 4);
    if (header.total > packet.size()) {
        return std::unexpected(rx_drop::ip_malformed);
    }
    header.octets = ipv6_octets;
    header.protocol = packet[6];
    header.hop_limit = packet[7];
    header.source = address_at(packet, 8, true);
    header.destination = address_at(packet, 24, true);
    for (std::size_t count = 0;; ++count) {
        switch (header.protocol) {
        case hop_by_hop:
        case routing:
        case destination_options:
            break;
        case fragment:
            return std::unexpected(rx_drop::ip_fragment);
        default:
            return header;
        }
        const base::octets extension = packet.first(header.total).subspan(header.octets);
        if (extension.size() < 8 || count == max_extension_headers) {
            return std::unexpected(rx_drop::ip_extension);
        }
        const std::size_t size = 8 * (std::size_t{extension[1]} + 1);
        const bool segments_left = header.protocol == routing && extension[3] != 0;
        if (size > extension.size() || header.octets + size > max_ip_header_octets ||
            segments_left || (header.protocol == hop_by_hop && count > 0)) {
            return std::unexpected(rx_drop::ip_extension);
        }
        header.protocol = extension[0];
        header.octets += size;
    }
}

std::expected<udp_header, rx_drop> parse_udp(base::octets datagram) noexcept {
    if (datagram.size() < udp_octets) {
        return std::unexpected(rx_drop::udp_malformed);
    }
    const udp_header header{load_u16(datagram, 0), load_u16(datagram, 2), load_u16(datagram, 4),
                            load_u16(datagram, 6)};
    if (header.length < udp_octets || header.length > datagram.size()) {
        return std::unexpected(rx_drop::udp_malformed);
    }
    return header;
}

base::ip_address link_local_address(const mac_address& mac) noexcept {
    const auto& m = mac.octet;
    base::ip_address made;
    made.v6 = true;
    made.octet = {0xfe, 0x80, 0,    0,    0,    0,    0,   0, static_cast<std::uint8_t>(m[0] ^ 2U),
                  m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
    return made;
}

base::ip_address solicited_node(const base::ip_address& address) noexcept {
    base::ip_address made;
    made.v6 = true;
    made.octet = {0xff,
                  2,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0,
                  1,
                  0xff,
                  address.octet[13],
                  address.octet[14],
                  address.octet[15]};
    return made;
}

base::ip_address all_nodes() noexcept {
    base::ip_address made;
    made.v6 = true;
    made.octet[0] = 0xff;
    made.octet[1] = 2;
    made.octet[15] = 1;
    return made;
}

mac_address group_mac(const base::ip_address& group) noexcept {
    return {{0x33, 0x33, group.octet[12], group.octet[13], group.octet[14], group.octet[15]}};
}

bool link_local(const base::ip_address& address) noexcept {
    return address.v6 && address.octet[0] == 0xfe && (address.octet[1] & 0xc0U) == 0x80;
}

} // namespace landfall::dataplane
