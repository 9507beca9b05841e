// SPDX-License-Identifier: MIT
// BLAKE2s (RFC 7693), HMAC over it (RFC 2104) and the KDF of WireGuard (5.4).
#pragma once

#include "base/bytes.h"
#include "crypto/wireguard.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace landfall::crypto {

using digest = std::array<std::uint8_t, 32>;

/// BLAKE2s-256 of the parts, one after the other. `out` may be a part.
void hash(std::span<std::uint8_t, 32> out, std::initializer_list<base::octets> parts) noexcept;
/// Keyed BLAKE2s with 16 octets of result; `key` has at most 32.
void mac(std::span<std::uint8_t, mac_octets> out, base::octets key, base::octets data) noexcept;
void hmac(std::span<std::uint8_t, 32> out, base::octets key,
          std::initializer_list<base::octets> parts) noexcept;
/// KDF1 to KDF3: 32 octets at each of `out`, of which one may be `key`.
void kdf(base::octets key, base::octets input,
         std::initializer_list<std::span<std::uint8_t, 32>> out) noexcept;

} // namespace landfall::crypto
