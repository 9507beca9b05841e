// SPDX-License-Identifier: MIT
// Which peer an inner address belongs to: the longest prefix that holds it (2).
#pragma once

#include "base/ip.h"

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::crypto {

inline constexpr std::uint16_t no_peer = 0xFFFF;

struct allowed_ip {
    base::ip_prefix prefix;
    std::uint16_t peer = no_peer;
};

/// Made once, then read only: the ranges in which the answer does not change, sorted.
class allowed_ips {
  public:
    allowed_ips() = default;
    /// Of two entries with the same prefix the later counts.
    explicit allowed_ips(std::span<const allowed_ip> entries);

    /// `no_peer` where no prefix holds it.
    [[nodiscard]] std::uint16_t find(const base::ip_address& address) const noexcept;

  private:
    struct key {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        auto operator<=>(const key&) const = default;
    };
    struct range {
        key first;
        std::uint16_t peer = no_peer;
    };
    using table = std::vector<range>;

    static key key_of(const base::ip_address& address) noexcept;
    static table build(std::span<const allowed_ip> entries, bool v6);

    table v4_;
    table v6_;
};

} // namespace landfall::crypto
