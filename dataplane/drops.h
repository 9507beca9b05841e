// SPDX-License-Identifier: MIT
// Why a packet goes no further. Each enumerator is a metric label.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace landfall::dataplane {

/// Why a received frame is dropped.
enum class rx_drop : std::uint8_t {
    frame_truncated,    ///< shorter than its Ethernet header
    frame_too_long,     ///< more than one buffer of the pool holds
    other_protocol,     ///< neither IPv4 nor IPv6 nor ARP, or a tag within a tag
    other_vlan,         ///< a tag that is not the port's, or none where it has one
    arp_malformed,      ///< not Ethernet and IPv4, cut short, or an unknown operation
    arp_not_for_us,     ///< asks for, or answers to, someone else
    arp_unsolicited,    ///< an answer that was not asked for
    own_address,        ///< says it comes from one of our addresses
    bad_link_address,   ///< a neighbour with a group or zero link address
    ip_malformed,       ///< version, lengths, or cut short
    ip_checksum,        ///< of the IPv4 header
    ip_fragment,        ///< fragments are not put together
    ip_extension,       ///< an IPv6 extension header that is malformed, unknown, or one too many
    ip_source,          ///< a source that cannot be: group, unspecified, loopback
    ip_not_for_us,      ///< neither one of our addresses nor one of our groups
    ip_other_transport, ///< neither UDP nor ICMP
    udp_malformed,      ///< cut short, or a length that does not fit
    udp_checksum,       ///< found wrong by the port, or absent over IPv6
    udp_unknown_port,   ///< no flow has this port
    unknown_stream,     ///< a flow has this UDP port, but none this word, a DIFI stream's id
    icmp_malformed,     ///< cut short, or a code that does not exist
    icmp_checksum,      ///< of ICMP or ICMPv6
    icmp_rate,          ///< more echo requests than are answered
    icmp_other,         ///< anything but what is answered here
    nd_malformed,       ///< RFC 4861, 7.1: hop limit, options, addresses
    nd_not_for_us,      ///< asks for someone else
    nd_unsolicited,     ///< an advertisement that was not asked for
};
inline constexpr std::size_t rx_drop_count = 27;
inline constexpr std::array<std::string_view, rx_drop_count> rx_drop_names{
    "frame_truncated",    "frame_too_long",  "other_protocol", "other_vlan",       "arp_malformed",
    "arp_not_for_us",     "arp_unsolicited", "own_address",    "bad_link_address", "ip_malformed",
    "ip_checksum",        "ip_fragment",     "ip_extension",   "ip_source",        "ip_not_for_us",
    "ip_other_transport", "udp_malformed",   "udp_checksum",   "udp_unknown_port", "unknown_stream",
    "icmp_malformed",     "icmp_checksum",   "icmp_rate",      "icmp_other",       "nd_malformed",
    "nd_not_for_us",      "nd_unsolicited"};
[[nodiscard]] constexpr std::string_view name(rx_drop reason) noexcept {
    return rx_drop_names[static_cast<std::size_t>(reason)];
}

/// Why a packet is not sent.
enum class tx_drop : std::uint8_t {
    no_route,        ///< neither on a link nor is there a gateway; or a group
    no_neighbour,    ///< the next hop does not answer
    waiting_full,    ///< too many packets wait for the next hop: the oldest
    neighbours_full, ///< too many next hops at once
    too_big,         ///< more than the port's MTU
    no_headroom,     ///< the packet has no room for its headers
    no_packet,       ///< the pool is empty: an ARP or ND query was not sent
    port_full,       ///< the port did not take it
    link_down,       ///< the port has no link
};
inline constexpr std::size_t tx_drop_count = 9;
inline constexpr std::array<std::string_view, tx_drop_count> tx_drop_names{
    "no_route",    "no_neighbour", "waiting_full", "neighbours_full", "too_big",
    "no_headroom", "no_packet",    "port_full",    "link_down"};
[[nodiscard]] constexpr std::string_view name(tx_drop reason) noexcept {
    return tx_drop_names[static_cast<std::size_t>(reason)];
}

} // namespace landfall::dataplane
