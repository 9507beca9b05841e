// SPDX-License-Identifier: MIT
// DPDK's log, made ours.
#pragma once

#include "dataplane/eal.h"

namespace landfall::dataplane {

/// From now on DPDK's messages go to `sink` (which may be empty). Before the environment starts.
void redirect_log(std::function<void(log_level, std::string_view)> sink);

/// The errors that DPDK has told since the last call, in one line: drivers say why they fail in no
/// other way.
[[nodiscard]] std::string complaints();

} // namespace landfall::dataplane
