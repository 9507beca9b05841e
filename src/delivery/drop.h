// SPDX-License-Identifier: MIT
// Why something that a route selected was not sent.
#pragma once

#include <cstddef>
#include <cstdint>

namespace landfall::delivery {

/// Each is a metric label; see `name`.
enum class drop : std::uint8_t {
    no_buffer,    ///< none was free; of a fragmented datagram, the rest is not sent
    too_long,     ///< more than a UDP datagram holds
    bad_version,  ///< neither IPv4 nor IPv6
    bad_header,   ///< ends inside the IP header, or its length or options are impossible
    bad_length,   ///< the IP length is not that of what came
    bad_checksum, ///< of the IPv4 header
    bad_address,  ///< not to be forwarded: loopback, link-local, or an impossible source
    filtered,     ///< not of the route's sources and destinations
    hop_limit,    ///< TTL or hop limit has run out
    too_big,      ///< larger than the tunnel's MTU, and not to be fragmented
};
inline constexpr std::size_t drop_count = 10;
[[nodiscard]] const char* name(drop reason) noexcept;

} // namespace landfall::delivery
