// SPDX-License-Identifier: MIT
// Space packets, CCSDS 133.0-B section 4.1.
#pragma once

#include "base/bytes.h"

#include <expected>

namespace landfall::framing {

inline constexpr std::size_t space_packet_header_octets = 6;
inline constexpr std::size_t smallest_space_packet_octets = 7;
inline constexpr std::size_t largest_space_packet_octets = 65542;
inline constexpr std::uint16_t idle_apid = 0x7FF;

/// Why octets are not a packet. Each is a metric label.
enum class packet_error : std::uint8_t {
    too_short,       ///< fewer octets than a header, or than the header's length says
    unknown_version, ///< neither a space packet nor an encapsulation packet
    bad_length,      ///< encapsulation: shorter than its header, or idle form with a protocol
};
inline constexpr std::size_t packet_error_count = 3;
const char* name(packet_error error) noexcept;

enum class sequence_flags : std::uint8_t { continuation, first, last, unsegmented };

struct space_packet_header {
    bool telecommand = false; ///< the packet type
    bool has_secondary_header = false;
    std::uint16_t apid = 0; ///< 0–2047; 2047 is idle
    sequence_flags sequence = sequence_flags::unsegmented;
    std::uint16_t sequence_count = 0; ///< 14 bits
};

struct space_packet {
    space_packet_header header;
    base::octets data; ///< the packet data field, 1 to 65536 octets
};

/// Reads one packet at the front of `data`; what follows it is left alone.
/// Errors: too_short, unknown_version.
std::expected<space_packet, packet_error> parse_space_packet(base::octets data) noexcept;

/// Appends a packet. `data` has 1 to 65536 octets.
void append_space_packet(std::vector<std::uint8_t>& out, const space_packet_header& header,
                         base::octets data);

} // namespace landfall::framing
