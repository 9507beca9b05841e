// SPDX-License-Identifier: MIT
// The time stamp of an initiation (5.1): TAI64N, coarse so that it tells little of the clock.
#pragma once

#include "crypto/wireguard.h"

#include <array>
#include <compare>
#include <cstdint>

namespace landfall::crypto {

/// Big-endian: 8 octets of seconds, 4 of nanoseconds. Later is greater.
struct tai64n {
    std::array<std::uint8_t, timestamp_octets> octet{};

    auto operator<=>(const tai64n&) const = default;

    /// Of a POSIX time, in steps of 2^24 ns. Times before 1970 count as 1970.
    [[nodiscard]] static tai64n of(std::int64_t unix_ns) noexcept;
    /// One step later.
    [[nodiscard]] tai64n next() const noexcept;
};

} // namespace landfall::crypto
