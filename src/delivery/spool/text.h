// SPDX-License-Identifier: MIT
// Numbers and names in the text of the spool: one form only of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace landfall::delivery {

/// Decimal digits without leading zeros.
[[nodiscard]] std::optional<std::uint64_t>
parse_number(std::string_view text, std::uint64_t most = ~std::uint64_t{0}) noexcept;

/// Letters, digits, '.', '_' and '-' as they are, all else as %XX.
[[nodiscard]] std::string escape(std::string_view text);
/// Only of what `escape` writes, up to `most` octets.
[[nodiscard]] std::optional<std::string> unescape(std::string_view text, std::size_t most);

} // namespace landfall::delivery
