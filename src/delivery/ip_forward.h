// SPDX-License-Identifier: MIT
// IP packets of a downlink, on their way on: checked, their hop limit lowered, fragmented where
// that is allowed (RFC 791, RFC 1812, RFC 8200).
#pragma once

#include "base/ip.h"
#include "delivery/drop.h"
#include "delivery/udp_datagram.h"

#include <expected>

namespace landfall::delivery {

/// A packet that may be forwarded. A view: what follows the packet's own length is cut off.
struct ip_packet {
    base::octets octets;
    base::ip_address source;
    base::ip_address destination;
    std::size_t header_octets = 0; ///< IPv4 with its options; IPv6 without extensions
};

/// Errors: bad_version, bad_header, bad_length, bad_checksum, bad_address, hop_limit.
[[nodiscard]] std::expected<ip_packet, drop> check_ip(base::octets octets) noexcept;

/// How it has to be cut for an MTU of `least_mtu_octets` or more. Errors: too_big, where a sender
/// has forbidden fragments or (IPv6) only a sender may make them; bad_header, when options that
/// fragments would have to repeat cannot be read.
[[nodiscard]] std::expected<ip_cut, drop> cut_of(const ip_packet& packet,
                                                 std::size_t mtu_octets) noexcept;

/// Octets of one of the packets of a cut: later fragments carry fewer options.
[[nodiscard]] std::size_t octets_of(const ip_packet& packet, const ip_cut& cut,
                                    std::size_t part) noexcept;

/// One of the packets of a cut, into exactly `octets_of` octets; hop limit and checksum are those
/// of the next hop.
void write(const ip_packet& packet, const ip_cut& cut, std::size_t part,
           std::span<std::uint8_t> out) noexcept;

} // namespace landfall::delivery
