// SPDX-License-Identifier: MIT
// Encapsulation packets, CCSDS 133.1-B section 4.1, and IP over CCSDS, 702.1-B section 2.
#pragma once

#include "framing/space_packet.h"

#include <optional>

namespace landfall::framing {

inline constexpr std::size_t largest_encapsulation_header_octets = 8;

/// The protocol id (SANA registry of encapsulation protocol identifiers).
enum class encapsulation_protocol : std::uint8_t {
    idle = 0,
    ltp = 1,
    ip_extension = 2,
    cfdp = 3,
    bundle = 4,
    reserved = 5,
    extended = 6, ///< the extension field names the protocol
    mission = 7,
};

struct encapsulation_packet {
    encapsulation_protocol protocol = encapsulation_protocol::idle;
    std::uint8_t user_defined = 0;       ///< 4 bits, with headers of 4 and 8 octets
    std::uint8_t protocol_extension = 0; ///< 4 bits, likewise
    std::uint16_t ccsds_defined = 0;     ///< with a header of 8 octets
    base::octets data;                   ///< what is encapsulated; may be empty
};

/// The whole packet's octets as its header says. Empty when `start` has not the whole header yet.
/// Errors: unknown_version, bad_length.
std::expected<std::optional<std::uint64_t>, packet_error>
encapsulation_length(base::octets start) noexcept;

/// Reads one packet at the front of `data`; what follows it is left alone.
/// Errors: too_short, unknown_version, bad_length.
std::expected<encapsulation_packet, packet_error> parse_encapsulation(base::octets data) noexcept;

/// What an IP extension packet carries; `datagram` is exactly one IP packet, without padding.
struct ip_content {
    unsigned version = 4; ///< 4 or 6
    base::octets datagram;
};

/// The IP packet in a packet of protocol `ip_extension`: extension header 0x21 IPv4 or 0x57 IPv6
/// (702.1-B; PPP's numbers). Empty when it is another protocol, or no well-formed IP header.
std::optional<ip_content> ip_in(const encapsulation_packet& packet) noexcept;

/// Appends a packet with the shortest header that its length allows (2, 4 or 8 octets).
void append_encapsulation(std::vector<std::uint8_t>& out, encapsulation_protocol protocol,
                          base::octets data);

/// Appends an IPv4 or IPv6 packet as IP over CCSDS. `datagram` begins with its version.
void append_ip_over_ccsds(std::vector<std::uint8_t>& out, base::octets datagram);

} // namespace landfall::framing
