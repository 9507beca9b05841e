// SPDX-License-Identifier: MIT
#pragma once

#include "control/snapshot.h"

#include <string>

namespace landfall::app {

/// `landfall --version`: its own version and those of the libraries that are linked.
[[nodiscard]] std::string version_text();

/// The same for metrics.
[[nodiscard]] control::build_info build_versions();

} // namespace landfall::app
