// SPDX-License-Identifier: MIT
// Where a value of the configuration is written.
#pragma once

#include "config/diagnostics.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::config {

/// `source` null: it is written nowhere, it is a default.
struct origin {
    const source_text* source = nullptr;
    position at;
};

/// Of one key of a table.
struct key_origin {
    origin at;                   ///< of its value
    std::vector<position> items; ///< of the values of a list, one for each that was taken
    bool wrong = false;          ///< an error has been reported for it
};

/// The keys of a table that are written. What is not among them has its default.
using key_origins = std::map<std::string, key_origin, std::less<>>;

/// Nothing where the key is not written.
[[nodiscard]] const key_origin* find_origin(const key_origins& given, std::string_view key);

/// A default's where the key is not written.
[[nodiscard]] origin origin_of(const key_origins& given, std::string_view key);

/// Of one value of a list; of the key where it is no list.
[[nodiscard]] origin item_origin(const key_origins& given, std::string_view key, std::size_t item);

/// False where an error has been reported for the key's value.
[[nodiscard]] bool sound(const key_origins& given, std::string_view key);

/// `FILE:LINE:COL`, or `default`.
[[nodiscard]] std::string place(const origin& at);

} // namespace landfall::config
