// SPDX-License-Identifier: MIT
// `landfall status`: what the running gateway says of itself.
#pragma once

#include <filesystem>

namespace landfall::app {

struct status_options {
    bool json = false;
    bool watch = false;
    std::filesystem::path socket; ///< empty: `default_control_socket()`
};

/// `$RUNTIME_DIRECTORY/control.sock`, or /run/landfall/control.sock.
[[nodiscard]] std::filesystem::path default_control_socket();

/// Writes a page, or with `json` the gateway's JSON, to standard output. With `watch`, one each
/// second until Ctrl-C: on a terminal the page is redrawn in place, and a gateway that restarts is
/// waited for; else they follow each other, JSON one object a line. Exit codes: 75 where no gateway
/// answers, 77 where it may not be asked, 1 where standard output cannot be written.
[[nodiscard]] int status_command(const status_options& options);

} // namespace landfall::app
