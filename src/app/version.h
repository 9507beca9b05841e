// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace landfall::app {

/// `landfall --version`: its own version and those of the libraries that are linked.
[[nodiscard]] std::string version_text();

} // namespace landfall::app
