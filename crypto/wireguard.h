// SPDX-License-Identifier: MIT
// WireGuard: every message format and every limit by name. Sections are those of the whitepaper
// (J. A. Donenfeld, "WireGuard: Next Generation Kernel Network Tunnel"); integers are
// little-endian.
#pragma once

#include <cstddef>
#include <cstdint>

namespace landfall::crypto {

inline constexpr std::size_t key_octets = 32;
inline constexpr std::size_t tag_octets = 16; ///< of Poly1305
inline constexpr std::size_t mac_octets = 16; ///< of mac1, mac2 and a cookie
inline constexpr std::size_t index_octets = 4;

/// First octet of a message; the three after it are 0.
enum class message_type : std::uint8_t { initiation = 1, response = 2, cookie = 3, data = 4 };

/// 5.4.2, first message: initiator to responder.
namespace initiation {
inline constexpr std::size_t sender_at = 4;
inline constexpr std::size_t ephemeral_at = 8;
inline constexpr std::size_t static_at = 40;    ///< 32 octets and a tag
inline constexpr std::size_t timestamp_at = 88; ///< 12 octets and a tag
inline constexpr std::size_t mac1_at = 116;
inline constexpr std::size_t mac2_at = 132;
inline constexpr std::size_t octets = 148;
} // namespace initiation

/// 5.4.3, second message: responder to initiator.
namespace response {
inline constexpr std::size_t sender_at = 4;
inline constexpr std::size_t receiver_at = 8;
inline constexpr std::size_t ephemeral_at = 12;
inline constexpr std::size_t empty_at = 44; ///< a tag
inline constexpr std::size_t mac1_at = 60;
inline constexpr std::size_t mac2_at = 76;
inline constexpr std::size_t octets = 92;
} // namespace response

/// 5.4.7, cookie reply.
namespace cookie_reply {
inline constexpr std::size_t receiver_at = 4;
inline constexpr std::size_t nonce_at = 8;
inline constexpr std::size_t nonce_octets = 24;
inline constexpr std::size_t cookie_at = 32; ///< 16 octets and a tag
inline constexpr std::size_t octets = 64;
} // namespace cookie_reply

/// 5.4.6, transport data: the header, the padded packet, a tag.
namespace data_message {
inline constexpr std::size_t receiver_at = 4;
inline constexpr std::size_t counter_at = 8;
inline constexpr std::size_t packet_at = 16;
inline constexpr std::size_t least_octets = packet_at + tag_octets; ///< a keepalive
} // namespace data_message

/// A packet is padded with zeros to a multiple of this, but not beyond the inner MTU.
inline constexpr std::size_t padding_octets = 16;
inline constexpr std::size_t timestamp_octets = 12; ///< TAI64N

// 6.1 to 6.7; times in ns of a monotonic clock.
inline constexpr std::int64_t millisecond_ns = 1'000'000;
inline constexpr std::int64_t second_ns = 1'000'000'000;
inline constexpr std::int64_t rekey_after_ns = 120 * second_ns;
inline constexpr std::int64_t reject_after_ns = 180 * second_ns;
inline constexpr std::int64_t rekey_attempt_ns = 90 * second_ns;
inline constexpr std::int64_t rekey_timeout_ns = 5 * second_ns;
inline constexpr std::int64_t rekey_jitter_ns = 333 * millisecond_ns; ///< at most, added to it
inline constexpr std::int64_t keepalive_ns = 10 * second_ns;
/// On receipt: there must be time for a keepalive's wait and one retry before keys are refused.
inline constexpr std::int64_t rekey_on_receipt_ns =
    reject_after_ns - keepalive_ns - rekey_timeout_ns;
/// Data was sent and nothing came back.
inline constexpr std::int64_t unanswered_ns = keepalive_ns + rekey_timeout_ns;
inline constexpr std::int64_t wipe_after_ns = 3 * reject_after_ns;
inline constexpr std::int64_t cookie_ns = 120 * second_ns;
/// Between two initiations of one peer that are answered.
inline constexpr std::int64_t initiation_spacing_ns = 20 * millisecond_ns;
inline constexpr std::uint64_t rekey_after_messages = std::uint64_t{1} << 60U;
inline constexpr std::uint64_t reject_after_messages = ~std::uint64_t{0} - (1U << 13U);
/// Per source address under load.
inline constexpr std::int64_t handshakes_per_second = 20;
inline constexpr std::int64_t handshake_burst = 5;

// Room that the caller gives around a packet that is encrypted in place.
inline constexpr std::size_t scratch_headroom = 64; ///< before it; header and first block
inline constexpr std::size_t least_headroom = data_message::packet_at;
/// After it, for the fast form: padding, tag, and the cipher's rounding up.
inline constexpr std::size_t scratch_tailroom = padding_octets - 1 + tag_octets + 511;
inline constexpr std::size_t least_tailroom = padding_octets - 1 + tag_octets;

/// From the inner packet's first octet to the datagram's payload and back: header and tag.
inline constexpr std::size_t message_overhead = data_message::packet_at + tag_octets;
inline constexpr std::size_t udp_ipv4_octets = 28;
inline constexpr std::size_t udp_ipv6_octets = 48;

/// What the tunnel puts around a padded inner packet, up to the outer IP header: 60 or 80 octets.
[[nodiscard]] constexpr std::size_t tunnel_overhead(bool ipv6) noexcept {
    return message_overhead + (ipv6 ? udp_ipv6_octets : udp_ipv4_octets);
}

/// The largest inner MTU, a multiple of 16, of which every packet fits the port's MTU: 1440 (IPv4
/// only) and 1408 (IPv6) of 1500, 8928 and 8912 of 9000. 0 where nothing fits.
[[nodiscard]] constexpr std::size_t inner_mtu_of(std::size_t port_mtu, bool ipv6) noexcept {
    const std::size_t around = tunnel_overhead(ipv6);
    return port_mtu < around ? 0 : (port_mtu - around) / padding_octets * padding_octets;
}

/// The port's MTU that an inner packet needs.
[[nodiscard]] constexpr std::size_t port_mtu_of(std::size_t inner_octets, bool ipv6) noexcept {
    return (inner_octets + padding_octets - 1) / padding_octets * padding_octets +
           tunnel_overhead(ipv6);
}

} // namespace landfall::crypto
