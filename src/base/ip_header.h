// SPDX-License-Identifier: MIT
// IP and UDP headers that we send: IPv4 (RFC 791), IPv6 (RFC 8200), UDP (RFC 768).
#pragma once

#include "base/checksum.h"
#include "base/ip.h"

namespace landfall::base {

inline constexpr std::size_t ipv4_header_octets = 20; ///< without options
inline constexpr std::size_t ipv6_header_octets = 40;
inline constexpr std::size_t udp_header_octets = 8;
inline constexpr std::uint8_t protocol_udp = 17;
inline constexpr std::uint16_t ipv4_do_not_fragment = 0x4000;
inline constexpr std::uint16_t ipv4_more_fragments = 0x2000;

[[nodiscard]] constexpr std::size_t ip_header_octets(bool v6) noexcept {
    return v6 ? ipv6_header_octets : ipv4_header_octets;
}

/// Traffic class and flow label are 0, there are no options or extensions.
struct ip_header {
    ip_address source; ///< whose family is the packet's
    ip_address destination;
    std::uint8_t protocol = 0;
    std::uint8_t hop_limit = 64;
    std::size_t total = 0; ///< header and payload, octets
    // Of IPv4. A packet that is not to be fragmented may have any identification (RFC 6864).
    std::uint16_t identification = 0;
    std::uint16_t fragment = ipv4_do_not_fragment; ///< flags and offset
};
/// Into the first 20 or 40 octets, the checksum of IPv4 included.
void write_ip(const ip_header& header, std::span<std::uint8_t> out) noexcept;

/// Into the first 8 octets; the checksum is 0. `total`: header and data.
void write_udp(std::uint16_t source_port, std::uint16_t destination_port, std::size_t total,
               std::span<std::uint8_t> out) noexcept;

/// Of the pseudo-header that UDP and ICMPv6 sum up as well; of IPv4 and IPv6 it is the same
/// function. `total`: header and data.
[[nodiscard]] std::uint64_t pseudo_header_sum(const ip_address& source,
                                              const ip_address& destination, std::uint8_t protocol,
                                              std::size_t total) noexcept;

/// UDP's checksum field of the sum of all: 0 would say that there is none.
[[nodiscard]] inline std::uint16_t udp_checksum_of(std::uint64_t sum) noexcept {
    const std::uint16_t checksum = checksum_of(sum);
    return checksum == 0 ? std::uint16_t{0xFFFF} : checksum;
}

} // namespace landfall::base
