// SPDX-License-Identifier: MIT
// The address resolution protocol for IPv4 over Ethernet (RFC 826).
#pragma once

#include "dataplane/frame.h"

namespace landfall::dataplane {

inline constexpr std::size_t arp_octets = 28;

struct arp_packet {
    bool request = true; ///< or a reply
    mac_address sender_mac;
    base::ip_address sender;
    mac_address target_mac;
    base::ip_address target;
};

/// `packet` is what follows the Ethernet header; padding is ignored. A sender that cannot be
/// (group or zero) is `bad_link_address`.
[[nodiscard]] std::expected<arp_packet, rx_drop> parse_arp(base::octets packet) noexcept;
/// Writes 28 octets.
void write_arp(const arp_packet& packet, std::span<std::uint8_t> out) noexcept;

} // namespace landfall::dataplane
