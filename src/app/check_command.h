// SPDX-License-Identifier: MIT
// `landfall check`: whether a configuration can be started, and what is wrong with it.
#pragma once

#include <string>

namespace landfall::app {

struct check_options {
    std::string config_file;
    bool print = false; ///< the merged configuration, with the origin of every value
    bool json = false;
};

/// Errors and warnings go to standard error, `FILE: ok: …` or the configuration to standard output.
/// Returns the exit code: 0; 1 where standard output cannot be written; 78 where there is an error,
/// 77 where each of them is a missing permission, or 75 a thing that the machine does not have now.
///
/// With `json`, on standard output whatever the outcome: `{"schema": 1, "file", "ok", "errors":
/// [{"file", "line", "column", "message"}], "warnings": […], "counts": {"ports", "carriers",
/// "peers", "routes"}}`; line and column are 0 where there is none, `counts` is null after errors
/// in the text, `configuration` is the text that `print` asks for.
[[nodiscard]] int check_command(const check_options& options);

} // namespace landfall::app
