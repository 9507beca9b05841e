// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4).
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace landfall::crypto {

using sha256_digest = std::array<std::uint8_t, 32>;

/// Of the parts, one after the other.
[[nodiscard]] sha256_digest sha256(std::initializer_list<base::octets> parts) noexcept;
/// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_text(std::string_view data);
/// Likewise, lower case.
[[nodiscard]] std::string to_text(const sha256_digest& digest);
/// Nothing from any other text.
[[nodiscard]] std::optional<sha256_digest> parse_digest(std::string_view text) noexcept;

} // namespace landfall::crypto
