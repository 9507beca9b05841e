// SPDX-License-Identifier: MIT
// The keys that a configuration names, read from their files.
#pragma once

#include "app/gateway.h"
#include "base/error.h"

namespace landfall::app {

/// `crypto::start` comes first. A failure names the file, or the peer.
[[nodiscard]] base::result<gateway_keys> keys_of(const config::gateway& settings);

} // namespace landfall::app
