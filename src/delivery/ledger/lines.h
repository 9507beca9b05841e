// SPDX-License-Identifier: MIT
// What the text formats of a log have in common: lines that end in a newline, decimal numbers
// without leading zeros, hashes in base64.
#pragma once

#include "crypto/base64.h"
#include "delivery/ledger/merkle.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace landfall::delivery::ledger {

/// The next line, without its newline, taken off the text. Nothing where no newline is left.
inline std::optional<std::string_view> take_line(std::string_view& text) noexcept {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

inline std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    const bool good = error == std::errc() && at == end && (text.size() == 1 || text[0] != '0');
    return good ? std::optional(value) : std::nullopt;
}

inline std::optional<digest> parse_digest(std::string_view text) {
    const auto octets = crypto::parse_base64(text);
    digest hash{};
    if (!octets || octets->size() != hash.size()) {
        return std::nullopt;
    }
    std::ranges::copy(*octets, hash.begin());
    return hash;
}

inline base::octets octets_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string_view text_of(base::octets data) noexcept {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

} // namespace landfall::delivery::ledger
