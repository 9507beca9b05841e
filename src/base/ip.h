// SPDX-License-Identifier: MIT
// IPv4 and IPv6 addresses, prefixes and UDP endpoints, and their text (RFC 4291, RFC 5952).
#pragma once

#include "base/bytes.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace landfall::base {

/// IPv4: the first 4 octets, the others 0.
struct ip_address {
    std::array<std::uint8_t, 16> octet{};
    bool v6 = false;

    auto operator<=>(const ip_address&) const = default;

    [[nodiscard]] std::size_t size() const noexcept { return v6 ? 16 : 4; }
    [[nodiscard]] octets bytes() const noexcept { return octets(octet).first(size()); }
    /// From 4 or 16 octets; nothing from any other number.
    [[nodiscard]] static std::optional<ip_address> of(octets bytes) noexcept;
    /// All zeros.
    [[nodiscard]] bool unspecified() const noexcept;
    /// 224.0.0.0/4 or ff00::/8.
    [[nodiscard]] bool multicast() const noexcept;
};

/// An address and how many of its leading bits count. The host's bits may be set: an interface's
/// own address is written so.
struct ip_prefix {
    ip_address address;
    std::uint8_t length = 0; ///< at most 32, or 128 for IPv6

    auto operator<=>(const ip_prefix&) const = default;

    [[nodiscard]] bool contains(const ip_address& other) const noexcept;
    /// Whether any address is in both.
    [[nodiscard]] bool overlaps(const ip_prefix& other) const noexcept;
    /// The same with the host's bits 0.
    [[nodiscard]] ip_prefix network() const noexcept;
};

/// The largest IP packet that a port carries, octets: jumbo frames, as switches have them.
inline constexpr std::uint16_t port_mtu_max = 9216;

struct udp_endpoint {
    ip_address address;
    std::uint16_t port = 0;

    auto operator<=>(const udp_endpoint&) const = default;
};

/// "192.0.2.1", "2001:db8::1". No zone, no brackets, no leading zeros in IPv4.
[[nodiscard]] std::optional<ip_address> parse_ip(std::string_view text) noexcept;
/// "192.0.2.0/24"; without a length, a host (/32 or /128).
[[nodiscard]] std::optional<ip_prefix> parse_prefix(std::string_view text) noexcept;
/// "192.0.2.1:51820", "[2001:db8::1]:51820"; the port is 1 to 65535.
[[nodiscard]] std::optional<udp_endpoint> parse_endpoint(std::string_view text) noexcept;

[[nodiscard]] std::string to_text(const ip_address& address);
[[nodiscard]] std::string to_text(const ip_prefix& prefix);
[[nodiscard]] std::string to_text(const udp_endpoint& endpoint);

} // namespace landfall::base
