// SPDX-License-Identifier: MIT
#include "dataplane/frame.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace landfall::dataplane {
namespace {

// Extension headers (RFC 8200, 4.1).
constexpr std::uint8_t hop_by_hop = 0;
constexpr std::uint8_t routing = 43;
constexpr std::uint8_t fragment = 44;
constexpr std::uint8_t destination_options = 60;

constexpr unsigned more_fragments_and_offset = 0x3fff;
constexpr std::size_t dont_fragment = 0x4000;

base::ip_address address_at(base::octets packet, std::size_t at, bool v6) noexcept {
    base::ip_address made;
    made.v6 = v6;
    std::memcpy(made.octet.data(), packet.data() + at, v6 ? 16 : 4);
    return made;
}

void put(const base::ip_address& address, std::span<std::uint8_t> out, std::size_t at) noexcept {
    std::memcpy(out.data() + at, address.octet.data(), address.size());
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
    if (!checksum_good && checksum_of(checksum_add(0, packet.first(header.octets))) != 0) {
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

void write_ipv4(const ip_header& header, std::span<std::uint8_t> out) noexcept {
    std::fill_n(out.begin(), ipv4_octets, std::uint8_t{0});
    out[0] = 0x45;
    store_u16(out, 2, header.total);
    store_u16(out, 6, dont_fragment); // the identification may then be anything (RFC 6864)
    out[8] = header.hop_limit;
    out[9] = header.protocol;
    put(header.source, out, 12);
    put(header.destination, out, 16);
    store_u16(out, 10, checksum_of(checksum_add(0, out.first(ipv4_octets))));
}

void write_ipv6(const ip_header& header, std::span<std::uint8_t> out) noexcept {
    std::fill_n(out.begin(), 4, std::uint8_t{0});
    out[0] = 0x60;
    store_u16(out, 4, header.total - ipv6_octets);
    out[6] = header.protocol;
    out[7] = header.hop_limit;
    put(header.source, out, 8);
    put(header.destination, out, 24);
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

void write_udp(const udp_header& header, std::span<std::uint8_t> out) noexcept {
    store_u16(out, 0, header.source_port);
    store_u16(out, 2, header.destination_port);
    store_u16(out, 4, header.length);
    store_u16(out, 6, header.checksum);
}

// The sum does not depend on the byte order it is taken in, but for a swap at the end (RFC 1071,
// 2.B): 32 bits at a time of the machine's own.
std::uint64_t checksum_add(std::uint64_t sum, base::octets data) noexcept {
    while (data.size() >= 4) {
        std::uint32_t word = 0;
        std::memcpy(&word, data.data(), 4);
        sum += word;
        data = data.subspan(4);
    }
    if (!data.empty()) {
        std::uint32_t word = 0;
        std::memcpy(&word, data.data(), data.size());
        sum += word;
    }
    return sum;
}

std::uint16_t checksum_of(std::uint64_t sum) noexcept {
    while (sum >> 16U != 0) {
        sum = (sum & 0xffffU) + (sum >> 16U);
    }
    const auto folded = static_cast<std::uint16_t>(~sum);
    return std::endian::native == std::endian::little
               ? static_cast<std::uint16_t>(folded << 8U | folded >> 8U)
               : folded;
}

std::uint64_t pseudo_header_sum(const base::ip_address& source, const base::ip_address& destination,
                                std::uint8_t protocol, std::size_t octets) noexcept {
    std::array<std::uint8_t, 8> tail{};
    store_u16(tail, 0, octets >> 16U);
    store_u16(tail, 2, octets);
    tail[7] = protocol;
    return checksum_add(checksum_add(checksum_add(0, source.bytes()), destination.bytes()), tail);
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
