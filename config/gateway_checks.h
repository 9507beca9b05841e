// SPDX-License-Identifier: MIT
// What must hold between the tables of a configuration.
#pragma once

#include "config/gateway.h"

namespace landfall::config {

/// Adds what is wrong to `errors`, and what is probably not meant to `source.warnings`. Values that
/// an error has been reported for already are left alone.
void check_gateway(gateway& source, use purpose, diagnostics& errors);

} // namespace landfall::config
