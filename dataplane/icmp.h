// SPDX-License-Identifier: MIT
// ICMP and ICMPv6: echo (RFC 792, RFC 4443) and neighbour discovery (RFC 4861).
#pragma once

#include "dataplane/frame.h"

namespace landfall::dataplane {

namespace icmp_type {
inline constexpr std::uint8_t echo_reply = 0;
inline constexpr std::uint8_t echo_request = 8;
inline constexpr std::uint8_t echo_request_v6 = 128;
inline constexpr std::uint8_t echo_reply_v6 = 129;
inline constexpr std::uint8_t neighbour_solicitation = 135;
inline constexpr std::uint8_t neighbour_advertisement = 136;
} // namespace icmp_type

inline constexpr std::size_t icmp_octets = 8; ///< type, code, checksum, and four more
/// A solicitation or advertisement with the option that tells the link address.
inline constexpr std::size_t nd_octets = 32;

/// Checks length and checksum of a message of either family; returns its type.
[[nodiscard]] std::expected<std::uint8_t, rx_drop> check_icmp(base::octets message,
                                                              const ip_header& ip) noexcept;

/// Turns a checked echo request into its reply, in place: type and checksum. The addresses are
/// the caller's to swap, which leaves the sum as it is. False when it is no echo request.
[[nodiscard]] bool turn_echo(std::span<std::uint8_t> message, bool v6) noexcept;

struct nd_message {
    bool solicitation = true; ///< or an advertisement
    bool solicited = false;   ///< advertisements only
    bool override_ = false;   ///< advertisements only
    base::ip_address target;
    std::optional<mac_address> link_address; ///< the source's, or the target's in advertisements
};
/// A checked message of type 135 or 136, with what RFC 4861, 7.1 demands of it.
[[nodiscard]] std::expected<nd_message, rx_drop> parse_nd(base::octets message,
                                                          const ip_header& ip) noexcept;
/// Writes IPv6 header and message, 72 octets, with checksum. `link_address` must be set.
void write_nd(const nd_message& message, const base::ip_address& source,
              const base::ip_address& destination, std::span<std::uint8_t> out) noexcept;

} // namespace landfall::dataplane
