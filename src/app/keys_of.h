// SPDX-License-Identifier: MIT
// The keys that a configuration names, read from their files.
#pragma once

#include "app/gateway.h"
#include "base/error.h"

#include <string>
#include <vector>

namespace landfall::app {

struct read_keys {
    gateway_keys keys;
    std::vector<std::string> warnings; ///< of files that others may read
};

/// `crypto::start` comes first. A failure names the file, or the peer.
[[nodiscard]] base::result<read_keys> keys_of(const config::gateway& settings);

} // namespace landfall::app
