// SPDX-License-Identifier: MIT
// `landfall run`: the gateway, in the foreground, until it is told to end.
#pragma once

#include "config/gateway.h"

#include <string>

namespace landfall::app {

struct run_options {
    std::string file = config::default_gateway_file;
    std::string log_level = "info"; ///< "debug", "info", "warning", "error"
};

/// Returns the exit code: 0 after SIGTERM or SIGINT.
[[nodiscard]] int run_command(const run_options& options);

} // namespace landfall::app
