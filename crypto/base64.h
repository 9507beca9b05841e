// SPDX-License-Identifier: MIT
// Base64 with padding (RFC 4648, 4), of what is not secret; keys have their own form in "keys.h".
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::crypto {

[[nodiscard]] std::string base64(base::octets data);
/// Nothing where the text is not what `base64` writes of some octets.
[[nodiscard]] std::optional<std::vector<std::uint8_t>> parse_base64(std::string_view text);

} // namespace landfall::crypto
