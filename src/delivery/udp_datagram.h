// SPDX-License-Identifier: MIT
// A UDP datagram as IP packets that fit an MTU: IPv4 (RFC 791), IPv6 (RFC 8200), UDP (RFC 768).
#pragma once

#include "base/ip.h"
#include "delivery/frame_header.h"

#include <array>
#include <span>

namespace landfall::delivery {

/// The data of a UDP datagram over IPv4, and our bound for IPv6 as well.
inline constexpr std::size_t largest_udp_data_octets = 65507;
/// Of an inner MTU: what every IPv4 host forwards unfragmented (RFC 791).
inline constexpr std::size_t least_mtu_octets = 68;
inline constexpr std::uint8_t first_hop_limit = 64;

/// Both of one family.
struct udp_flow {
    base::udp_endpoint source;
    base::udp_endpoint destination;
};

/// How an IP payload is cut: every packet but the last carries `part_octets` of it.
struct ip_cut {
    std::size_t header_octets = 0; ///< of each packet, the IPv6 fragment header included
    std::size_t payload_octets = 0;
    std::size_t part_octets = 0;
    std::size_t count = 1; ///< of packets; 1: not fragmented

    [[nodiscard]] std::size_t offset(std::size_t part) const noexcept { return part * part_octets; }
    [[nodiscard]] std::size_t octets(std::size_t part) const noexcept {
        return part + 1 < count ? part_octets : payload_octets - offset(part);
    }
};

/// Holds a view of the data, and everything before it. Its checksum is worked out when the first
/// packet is written: in one pass with the copy where that packet is all of it.
class udp_datagram {
  public:
    /// `before` is at most a frame header, of an even length; both at most
    /// `largest_udp_data_octets`.
    udp_datagram(const udp_flow& flow, base::octets before, base::octets data) noexcept;

    /// How it has to be cut for an MTU of `least_mtu_octets` or more.
    [[nodiscard]] ip_cut cut(std::size_t mtu_octets) const noexcept;

    /// One of the packets of a cut, into exactly `header_octets + octets(part)` octets. Packets of
    /// one datagram have the same identification, of which IPv4 takes the lower 16 bits.
    void write(const ip_cut& cut, std::size_t part, std::uint32_t identification,
               std::span<std::uint8_t> out) noexcept;

  private:
    [[nodiscard]] base::octets head() const noexcept {
        return base::octets(head_).first(head_octets_);
    }
    [[nodiscard]] std::uint64_t head_sum() const noexcept;
    void set_checksum(std::uint64_t sum) noexcept;
    void write_ip(const ip_cut& cut, std::size_t part, std::uint32_t identification,
                  std::span<std::uint8_t> out) const noexcept;

    const udp_flow& flow_;
    std::array<std::uint8_t, 8 + frame_header_octets> head_; ///< UDP header, and what follows it
    std::size_t head_octets_;
    base::octets data_;
    bool summed_ = false;
};

/// How a datagram of that many octets of data would be cut.
[[nodiscard]] ip_cut cut_of(bool ipv6, std::size_t udp_data_octets,
                            std::size_t mtu_octets) noexcept;

} // namespace landfall::delivery
