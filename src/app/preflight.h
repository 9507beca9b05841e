// SPDX-License-Identifier: MIT
// What a configuration asks of the machine, found before anything is started.
#pragma once

#include "config/gateway.h"

namespace landfall::app {

/// Key files, CPUs, network interfaces and captures that the configuration names and that are not
/// there or not permitted. What works but should not be so is added to `warnings`. Nothing is
/// changed, and no key is read further than to see that it can be.
[[nodiscard]] config::diagnostics environment_errors(const config::gateway& gateway,
                                                     config::diagnostics& warnings);

} // namespace landfall::app
