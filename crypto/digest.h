// SPDX-License-Identifier: MIT
// BLAKE2b-256 (RFC 7693): names what is stored. Stock `b2sum -l 256` computes the same; it is
// several times as fast as SHA-256 without special instructions.
#pragma once

#include "base/bytes.h"
#include "crypto/hash.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace landfall::crypto {

inline constexpr std::size_t digest_characters = 64;

/// Of the parts, one after the other.
[[nodiscard]] digest blake2b_256(std::initializer_list<base::octets> parts) noexcept;
/// 64 hexadecimal digits, lower case.
[[nodiscard]] std::string to_text(const digest& value);
/// Nothing from any other text.
[[nodiscard]] std::optional<digest> parse_digest(std::string_view text) noexcept;

} // namespace landfall::crypto
