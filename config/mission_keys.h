// SPDX-License-Identifier: MIT
// The one table of mission keys: what loads, checks, prints and documents them.
#pragma once

#include "config/document.h"
#include "config/mission.h"
#include "config/units.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace landfall::config {

/// Text of at most `octets_max`, without control characters (line breaks where allowed).
struct text_kind {
    std::string& (*at)(mission&);
    bool line_breaks = false;
    std::size_t octets_max = 4000;
};

struct number_kind {
    double& (*at)(mission&);
    double least = 0;
    double most = 0;
    bool& (*given)(mission&) = nullptr; ///< where the key has no default
    quantity unit = quantity::none;     ///< text with such a unit is taken, too
};

struct integer_kind {
    std::int64_t (*get)(const mission&);
    void (*set)(mission&, std::int64_t);
    std::int64_t least = 0;
    std::int64_t most = 0;
};

struct flag_kind {
    bool& (*at)(mission&);
};

struct word {
    std::string_view text;
    int value = 0;
};

/// One word of a closed list; `later` are words that a coming version will know.
struct word_kind {
    int (*get)(const mission&);
    void (*set)(mission&, int);
    std::span<const word> words;
    std::span<const std::string_view> later;
    bool booleans = false; ///< the words "true" and "false" are written as booleans
};

/// 2 to 16 hexadecimal digits.
struct marker_kind {};

struct mission_key {
    std::string_view name;
    std::string_view summary;
    std::variant<text_kind, number_kind, integer_kind, flag_kind, word_kind, marker_kind> kind;
};

[[nodiscard]] std::span<const mission_key> mission_keys() noexcept;
[[nodiscard]] std::span<const std::string_view> mission_key_names() noexcept;
[[nodiscard]] std::optional<std::size_t> find_mission_key(std::string_view name) noexcept;

/// The values a key takes, for a person: `"qpsk", "bpsk", "oqpsk"`, or `1 to 8`.
[[nodiscard]] std::string values_of(const mission_key& key);

/// Sets the key, or says what is wrong with the value.
[[nodiscard]] std::optional<std::string> set_key(const mission_key& key, const value& item,
                                                 mission& target);

/// A key's value, to be printed: nothing where it has none.
using key_value = std::variant<std::monostate, std::string, double, std::int64_t, bool>;
[[nodiscard]] key_value get_key(const mission_key& key, const mission& source);

/// A TOML basic string, in the form of several lines where it has several.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// As it is written in a mission file.
[[nodiscard]] std::string toml_text(const key_value& item);

} // namespace landfall::config
