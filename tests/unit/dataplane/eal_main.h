// SPDX-License-Identifier: MIT
#pragma once

#include "dataplane/eal.h"

#include <doctest/doctest.h>

namespace landfall::dataplane {

/// The environment of this test program.
eal& the_eal();

} // namespace landfall::dataplane
