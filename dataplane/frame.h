// SPDX-License-Identifier: MIT
// Ethernet, IPv4, IPv6 and UDP headers: octets to structs and back (IEEE 802.3 and 802.1Q, RFC 791,
// RFC 8200, RFC 768). Nothing here copies a payload.
#pragma once

#include "base/ip.h"
#include "dataplane/drops.h"

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

namespace landfall::dataplane {

/// Nanoseconds of a clock that only goes forward.
using time_ns = std::int64_t;
inline constexpr time_ns second_ns = 1'000'000'000;

struct mac_address {
    std::array<std::uint8_t, 6> octet{};

    auto operator<=>(const mac_address&) const = default;

    /// A group address; the broadcast address is one.
    [[nodiscard]] bool group() const noexcept { return (octet[0] & 1U) != 0; }
    [[nodiscard]] bool zero() const noexcept { return *this == mac_address{}; }
    [[nodiscard]] static mac_address of(base::octets six) noexcept;
};
inline constexpr mac_address broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

namespace ether_type {
inline constexpr std::uint16_t ipv4 = 0x0800;
inline constexpr std::uint16_t arp = 0x0806;
inline constexpr std::uint16_t vlan = 0x8100;
inline constexpr std::uint16_t ipv6 = 0x86dd;
} // namespace ether_type

namespace ip_protocol {
inline constexpr std::uint8_t icmp = 1;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t icmpv6 = 58;
} // namespace ip_protocol

inline constexpr std::size_t ethernet_octets = 14;
inline constexpr std::size_t vlan_octets = 4;
inline constexpr std::size_t ipv4_octets = 20; ///< without options
inline constexpr std::size_t ipv6_octets = 40;
inline constexpr std::size_t udp_octets = 8;
/// Ethernet with a tag, IPv6, UDP: the most that is put before a payload.
inline constexpr std::size_t max_udp_header_octets = 66;
inline constexpr std::size_t max_extension_headers = 8;
inline constexpr std::size_t max_ip_header_octets = 440; ///< IPv6's extension headers included

struct ethernet_header {
    mac_address destination;
    mac_address source;
    std::optional<std::uint16_t> vlan; ///< a priority tag (identifier 0) counts as none
    std::uint16_t type = 0;
    std::size_t octets = 0; ///< 14 or 18
};
[[nodiscard]] std::expected<ethernet_header, rx_drop> parse_ethernet(base::octets frame) noexcept;
/// Returns how many octets it wrote, 14 or 18. `out` has room for 18. `octets` is not looked at.
std::size_t write_ethernet(const ethernet_header& header, std::span<std::uint8_t> out) noexcept;

struct ip_header {
    base::ip_address source;
    base::ip_address destination;
    std::uint8_t protocol = 0;  ///< of what follows the header and its extensions
    std::uint8_t hop_limit = 0; ///< TTL in IPv4
    std::size_t octets = 0;     ///< with options or extension headers
    std::size_t total = 0;      ///< header and payload; what is beyond is padding
};
/// Fragments are refused. The checksum is looked at unless the port has found it good.
[[nodiscard]] std::expected<ip_header, rx_drop> parse_ipv4(base::octets packet,
                                                           bool checksum_good = false) noexcept;
/// Skips hop-by-hop, destination and spent routing headers (RFC 8200, 4).
[[nodiscard]] std::expected<ip_header, rx_drop> parse_ipv6(base::octets packet) noexcept;
struct udp_header {
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    std::uint16_t length = 0; ///< header and payload, at most what `datagram` has
    std::uint16_t checksum = 0;
};
[[nodiscard]] std::expected<udp_header, rx_drop> parse_udp(base::octets datagram) noexcept;

/// fe80::/64 with the modified EUI-64 of the link address (RFC 4291, appendix A).
[[nodiscard]] base::ip_address link_local_address(const mac_address& mac) noexcept;
/// ff02::1:ffXX:XXXX (RFC 4291, 2.7.1).
[[nodiscard]] base::ip_address solicited_node(const base::ip_address& address) noexcept;
[[nodiscard]] base::ip_address all_nodes() noexcept;
/// 33:33 and the last four octets (RFC 2464, 7).
[[nodiscard]] mac_address group_mac(const base::ip_address& group) noexcept;
[[nodiscard]] bool link_local(const base::ip_address& address) noexcept;

inline std::uint16_t load_u16(base::octets data, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(data[at] << 8U | data[at + 1]);
}
inline std::uint32_t load_u32(base::octets data, std::size_t at) noexcept {
    return static_cast<std::uint32_t>(load_u16(data, at)) << 16U | load_u16(data, at + 2);
}
inline void store_u16(std::span<std::uint8_t> out, std::size_t at, std::size_t value) noexcept {
    out[at] = static_cast<std::uint8_t>(value >> 8U);
    out[at + 1] = static_cast<std::uint8_t>(value);
}

} // namespace landfall::dataplane
