// SPDX-License-Identifier: MIT
// What a configuration asks of the machine, found before anything is started.
#pragma once

#include "app/findings.h"
#include "app/gateway.h"
#include "config/gateway.h"

namespace landfall::app {

struct preflight {
    findings found;
    gateway_keys keys{}; ///< where nothing is wrong: no file of a key is read twice
};

/// Key files, CPUs, PCI devices, network interfaces, captures, drivers and addresses that the
/// configuration names and that are not there, not known or not permitted; and what works but
/// should not be so, after the warnings of the configuration itself. Nothing is changed.
[[nodiscard]] preflight inspect(const config::gateway& gateway);

/// The same of what could be read of a configuration with `errors`, after them: what is said of
/// a place that has none, as far as the text tells what is asked of the machine.
[[nodiscard]] findings inspect_parts(const config::gateway& parts, config::diagnostics errors);

} // namespace landfall::app
