// SPDX-License-Identifier: MIT
// From a captured frame to the UDP datagram in it, and back: IEEE 802.3 with 802.1Q tags,
// IPv4 (RFC 791), IPv6 (RFC 8200), UDP (RFC 768).
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

namespace landfall::wire {

/// How a captured frame begins.
enum class link_type : std::uint8_t {
    ethernet,
    raw_ip,     ///< IPv4 or IPv6, by its version number
    linux_sll,  ///< Linux "cooked" capture, version 1
    linux_sll2, ///< and version 2
    bsd_null,   ///< 4 octets of address family, in either byte order
};
/// From libpcap's DLT or LINKTYPE number.
[[nodiscard]] std::optional<link_type> link_type_of(int dlt) noexcept;

/// Why a frame has no UDP datagram for us. Each is a metric label; see `name`.
enum class frame_error : std::uint8_t {
    truncated,        ///< ends inside a header, or before the length in its header
    not_ip,           ///< ARP and the like
    bad_ip_header,    ///< version or length impossible
    too_many_headers, ///< more than 4 VLAN tags or 8 IPv6 extension headers
    fragment,         ///< of an IP datagram: not reassembled
    not_udp,
    bad_udp_length, ///< shorter than a header, or longer than the IP datagram
};
inline constexpr std::size_t frame_error_count = 7;
[[nodiscard]] const char* name(frame_error error) noexcept;

struct udp_datagram {
    base::octets source_address;      ///< 4 or 16 octets; a view into the frame
    base::octets destination_address; ///< likewise
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
    base::octets payload; ///< a view into the frame
};

/// Checksums are not looked at: frames captured on the sending host often have none yet.
[[nodiscard]] std::expected<udp_datagram, frame_error> parse_frame(link_type link,
                                                                   base::octets frame) noexcept;

/// Addresses of a frame to be written.
struct udp_flow {
    std::array<std::uint8_t, 6> source_mac{0x02, 0, 0, 0, 0, 0x01};
    std::array<std::uint8_t, 6> destination_mac{0x02, 0, 0, 0, 0, 0x02};
    std::array<std::uint8_t, 4> source_address{192, 0, 2, 1};
    std::array<std::uint8_t, 4> destination_address{192, 0, 2, 2};
    std::uint16_t source_port = 4991;
    std::uint16_t destination_port = 4991;
};
inline constexpr std::size_t udp_frame_overhead_octets = 14 + 20 + 8;

/// Appends an Ethernet frame with IPv4 and UDP headers and both checksums, not to be fragmented.
/// The payload is at most 65507 octets.
void write_udp_frame(std::vector<std::uint8_t>& out, const udp_flow& flow, base::octets payload);

} // namespace landfall::wire
