// SPDX-License-Identifier: MIT
// Blocks of pcapng (draft-ietf-opsawg-pcapng), big-endian, with times to the nanosecond, into
// memory. A section, its interfaces, packets: in this order, interfaces also later.
#pragma once

#include "base/bytes.h"
#include "base/time.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace landfall::wire {

/// Link types of what we write (tcpdump.org/linktypes.html).
namespace link_number {
inline constexpr std::uint16_t ethernet = 1;
inline constexpr std::uint16_t raw_ip = 101;
inline constexpr std::uint16_t transfer_frames = 147; ///< USER0
inline constexpr std::uint16_t space_packets = 148;   ///< USER1
} // namespace link_number

/// What goes with a packet; empty ones are not written.
struct packet_options {
    std::string_view comment{};               ///< UTF-8, up to 65,535 octets
    std::optional<std::uint64_t> packet_id{}; ///< epb_packetid
};

void append_section(std::vector<std::uint8_t>& out);
/// Interfaces of a section are numbered from 0.
void append_interface(std::vector<std::uint8_t>& out, std::string_view name, std::uint16_t link);
/// Part of a nanosecond is cut off; a time before 1970 is none that pcapng can carry.
void append_packet(std::vector<std::uint8_t>& out, std::uint32_t interface_number,
                   const base::timestamp& time, base::octets packet,
                   const packet_options& options = {});

} // namespace landfall::wire
