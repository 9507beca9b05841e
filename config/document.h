// SPDX-License-Identifier: MIT
// A TOML 1.0 document as plain data with positions: the only part that knows the TOML library.
#pragma once

#include "config/diagnostics.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace landfall::config {

inline constexpr std::size_t file_octets_max = 256 * 1024;
inline constexpr unsigned nested_values_max = 16; ///< arrays and inline tables in one another
inline constexpr unsigned dots_in_line_max = 200; ///< bounds the depth of dotted keys

enum class value_kind : std::uint8_t { text, integer, number, boolean, time, list, table };

/// What a person calls it: "text", "an integer", …
[[nodiscard]] const char* name(value_kind kind) noexcept;

struct entry;

struct value {
    value_kind kind = value_kind::table;
    position at;
    std::string text;
    std::int64_t integer = 0;
    double number = 0; ///< also where `kind` is integer
    bool boolean = false;
    std::vector<value> items;   ///< of a list
    std::vector<entry> entries; ///< of a table, in the order of their names
    std::string typed;          ///< on the command line: a value that is no text, as it was typed
};

struct entry {
    std::string key;
    position at;
    value item;
};

/// The root table, or nothing and one more error (the first of the syntax).
[[nodiscard]] std::optional<value> parse_document(const source_text& source, diagnostics& errors);

/// The text of a regular file of at most `file_octets_max`, or nothing and one more error.
[[nodiscard]] std::optional<source_text> read_file(const std::filesystem::path& path,
                                                   diagnostics& errors);

/// `KEY=VALUE` of the command line: VALUE is a TOML value, or else text as it stands.
/// `source` is what errors refer to.
[[nodiscard]] std::optional<entry> parse_assignment(const source_text& source, diagnostics& errors);

} // namespace landfall::config
