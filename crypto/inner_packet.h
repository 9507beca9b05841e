// SPDX-License-Identifier: MIT
// As much of IP (RFC 791, RFC 8200) as a tunnel must know of what it carries.
#pragma once

#include "base/ip.h"

#include <cstdint>
#include <optional>

namespace landfall::crypto {

struct inner_packet {
    std::size_t length = 0; ///< as its header says; at most what was given
    base::ip_address source;
    base::ip_address destination;
};

/// Nothing where it is neither IPv4 nor IPv6, or longer than what is there. What is after it may
/// be padding.
[[nodiscard]] inline std::optional<inner_packet> read_inner(base::octets data) noexcept {
    constexpr std::size_t ipv4_header = 20;
    constexpr std::size_t ipv6_header = 40;
    if (data.empty()) {
        return std::nullopt;
    }
    const unsigned version = data[0] >> 4U;
    const auto u16_at = [&](std::size_t at) {
        return static_cast<std::size_t>(data[at]) << 8U | data[at + 1];
    };
    inner_packet read;
    std::size_t source_at = 0;
    std::size_t octets = 0;
    if (version == 4 && data.size() >= ipv4_header) {
        read.length = u16_at(2);
        source_at = 12;
        octets = 4;
        if (read.length < ipv4_header) {
            return std::nullopt;
        }
    } else if (version == 6 && data.size() >= ipv6_header) {
        read.length = ipv6_header + u16_at(4);
        source_at = 8;
        octets = 16;
    } else {
        return std::nullopt;
    }
    if (read.length > data.size()) {
        return std::nullopt;
    }
    read.source.v6 = read.destination.v6 = octets == 16;
    std::memcpy(read.source.octet.data(), data.data() + source_at, octets);
    std::memcpy(read.destination.octet.data(), data.data() + source_at + octets, octets);
    return read;
}

} // namespace landfall::crypto
