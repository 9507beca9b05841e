// SPDX-License-Identifier: MIT
// What sealing and opening of age files share.
#pragma once

#include "base/bytes.h"
#include "crypto/keys.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace landfall::crypto {

inline constexpr std::string_view age_version_line = "age-encryption.org/v1\n";
inline constexpr std::size_t age_file_key_octets = 16;
inline constexpr std::size_t age_wrapped_octets = 32; ///< file key and tag

/// HKDF with SHA-256 (RFC 5869), 32 octets. The salt may be empty.
void hkdf_sha256(std::span<std::uint8_t, 32> out, base::octets key,
                 std::initializer_list<base::octets> salt, std::string_view info) noexcept;
void age_wrap_key(std::span<std::uint8_t, 32> out, base::octets shared, base::octets share,
                  const public_key& recipient) noexcept;
void age_header_mac(std::span<std::uint8_t, 32> out, base::octets file_key,
                    std::string_view authenticated) noexcept;
/// The nonce of a chunk.
[[nodiscard]] std::array<std::uint8_t, 12> age_chunk_nonce(std::uint64_t number,
                                                           bool last) noexcept;

/// Base64 without padding (RFC 4648, 4).
[[nodiscard]] std::string age_base64(base::octets data);
/// Exactly `out.size()` octets, in the canonical form; false otherwise.
[[nodiscard]] bool parse_age_base64(std::string_view text, std::span<std::uint8_t> out) noexcept;

} // namespace landfall::crypto
