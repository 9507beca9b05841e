// SPDX-License-Identifier: MIT
// The keys that a configuration names, read from their files.
#pragma once

#include "app/findings.h"
#include "app/gateway.h"

namespace landfall::app {

/// Each file is read once. `crypto::start` comes first. The keys are whole where nothing was found
/// wrong: a file that cannot be read (77 where that is for want of a permission) or holds no key,
/// a peer's key that no private key belongs to, or that is the gateway's own.
[[nodiscard]] gateway_keys keys_of(const config::gateway& settings, findings& found);

} // namespace landfall::app
