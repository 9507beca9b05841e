// SPDX-License-Identifier: MIT
#pragma once

#include "control/snapshot.h"

#include <string>

namespace landfall::app {

/// `landfall --version`: its own version and those of the libraries that are linked.
[[nodiscard]] std::string version_text();

/// The same for metrics.
[[nodiscard]] control::build_info build_versions();

/// Of the source, from git; empty where that was not known.
[[nodiscard]] const char* source_revision() noexcept;

} // namespace landfall::app
