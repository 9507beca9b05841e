// SPDX-License-Identifier: MIT
// Ed25519 signatures (RFC 8032), and the digest that minisign signs.
#pragma once

#include "base/bytes.h"
#include "crypto/secret.h"

#include <array>
#include <cstdint>

namespace landfall::crypto {

using ed25519_public = std::array<std::uint8_t, 32>;
using ed25519_signature = std::array<std::uint8_t, 64>;

class signing_key {
  public:
    /// Any 32 secret octets are a seed, those of a file of `read_key_file` as well.
    explicit signing_key(const secret<32>& seed);

    [[nodiscard]] const ed25519_public& public_key() const noexcept { return public_; }
    /// The same signature of the same message, always.
    [[nodiscard]] ed25519_signature sign(base::octets message) const noexcept;

  private:
    secret<64> secret_;
    ed25519_public public_{};
};

[[nodiscard]] bool verify(const ed25519_public& key, base::octets message,
                          const ed25519_signature& signature) noexcept;

/// BLAKE2b-512 (RFC 7693), without a key.
[[nodiscard]] std::array<std::uint8_t, 64> blake2b512(base::octets data) noexcept;

} // namespace landfall::crypto
