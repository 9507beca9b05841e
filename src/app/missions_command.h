// SPDX-License-Identifier: MIT
// `landfall missions [NAME]`: the mission presets, or one preset's parameters.
#pragma once

#include <optional>
#include <string>

namespace landfall::app {

/// Writes to standard output, errors to standard error. Returns the exit code: 0; 1 where standard
/// output cannot be written; 78 where a mission is missing or wrong (the good ones are listed all
/// the same).
///
/// With `json`: `{"schema": 1, "missions": [{"name", "path", KEYS…}]}`, or for one mission
/// `{"schema": 1, "name", KEYS…}`. KEYS are those of a mission file, all of them, with their
/// values; `frequency_hz` is null where it is not known.
[[nodiscard]] int missions_command(const std::optional<std::string>& name, bool json);

} // namespace landfall::app
