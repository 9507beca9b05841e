// SPDX-License-Identifier: MIT
// Reads mission files: by name from the mission folders, or by path.
#pragma once

#include "config/diagnostics.h"
#include "config/mission.h"
#include "config/mission_keys.h"

#include <expected>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::config {

using folders = std::vector<std::filesystem::path>;
using mission_result = std::expected<mission, diagnostics>;

/// Where missions are looked for, in this order: each folder of `$LANDFALL_MISSIONS` (parted by
/// `:`), `../config/missions` and `config/missions` beside the program, and the installed ones.
[[nodiscard]] folders mission_folders();

/// `name` is a mission of `where`, or a path (it has a `/` or ends with `.toml`). Each of `sets` is
/// a `KEY=VALUE` that overrides one key; the last one of a key wins.
[[nodiscard]] mission_result load_mission(std::string_view name,
                                          std::span<const std::string> sets = {},
                                          const folders& where = mission_folders());

/// The same from text. `source.name` is the file that errors refer to.
[[nodiscard]] mission_result read_mission(const source_text& source,
                                          std::span<const std::string> sets = {});

struct listed_mission {
    std::string name;
    std::filesystem::path path;
    mission_result loaded;
};

/// Every mission of the folders by name; an earlier folder hides a later one. At most 1000.
[[nodiscard]] std::vector<listed_mission> list_missions(const folders& where = mission_folders());

/// The mission as a file that loads to the same mission.
[[nodiscard]] std::string toml_text(const mission& source);

} // namespace landfall::config
