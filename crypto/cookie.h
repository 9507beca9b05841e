// SPDX-License-Identifier: MIT
// mac1, mac2 and cookies (5.4.4, 5.4.7): who may cost us a key agreement.
#pragma once

#include "base/ip.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/wireguard.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace landfall::crypto {

using mac_value = std::array<std::uint8_t, mac_octets>;
using const_cookie_reply = std::span<const std::uint8_t, cookie_reply::octets>;

/// The keys that follow from the public key of the one who gets a message.
struct mac_keys {
    digest mac1{};
    digest cookie{};

    [[nodiscard]] static mac_keys of(const public_key& receiver) noexcept;
};

/// On a message's last 32 octets; a mac of the octets before it.
[[nodiscard]] bool mac1_is_good(const mac_keys& ours, base::octets message) noexcept;

/// What we give to those who send us handshakes.
class cookie_jar {
  public:
    explicit cookie_jar(const randomness& random) : random_(random) {}

    [[nodiscard]] bool mac2_is_good(const base::udp_endpoint& source, base::octets message,
                                    std::int64_t now_ns);
    /// A cookie reply to a message whose mac1 is good.
    void reply(const mac_keys& ours, const base::udp_endpoint& source, base::octets message,
               std::span<std::uint8_t, cookie_reply::octets> out, std::int64_t now_ns);

  private:
    mac_value cookie_for(const base::udp_endpoint& source, std::int64_t now_ns);

    const randomness& random_;
    secret<32> changing_; ///< drawn anew every 120 s
    std::optional<std::int64_t> drawn_ns_;
};

/// What a partner gave us, and the mac1 that the next one will refer to.
class cookie_holder {
  public:
    /// Writes mac1 and mac2 at the end of the message.
    void sign(const mac_keys& theirs, std::span<std::uint8_t> message,
              std::int64_t now_ns) noexcept;
    /// False where it is no reply to the message signed last.
    [[nodiscard]] bool take(const mac_keys& theirs, const_cookie_reply reply,
                            std::int64_t now_ns) noexcept;

  private:
    std::optional<mac_value> last_mac1_;
    mac_value cookie_{};
    std::optional<std::int64_t> taken_ns_;
};

/// 20 handshakes a second per source address (IPv6: per /64), 5 at once; bounded.
class handshake_limit {
  public:
    explicit handshake_limit(std::size_t most_sources) : buckets_(most_sources) {}

    /// False when the source, or the table, has had enough.
    [[nodiscard]] bool allow(const base::ip_address& source, std::int64_t now_ns) noexcept;

  private:
    struct bucket {
        std::optional<base::ip_address> source;
        std::int64_t filled_ns = 0;
        std::int64_t tokens_ns = 0; ///< one handshake costs second_ns / handshakes_per_second
    };
    std::vector<bucket> buckets_;
};

} // namespace landfall::crypto
