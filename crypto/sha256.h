// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4).
#pragma once

#include <string>
#include <string_view>

namespace landfall::crypto {

/// 64 hexadecimal digits.
[[nodiscard]] std::string sha256_text(std::string_view data);

} // namespace landfall::crypto
