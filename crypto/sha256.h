// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4).
#pragma once

#include "base/bytes.h"

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace landfall::crypto {

using sha256_digest = std::array<std::uint8_t, 32>;

/// Of the parts, one after the other.
[[nodiscard]] sha256_digest sha256(std::initializer_list<base::octets> parts) noexcept;
/// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_text(std::string_view data);

} // namespace landfall::crypto
