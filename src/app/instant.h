// SPDX-License-Identifier: MIT
// This instant by both clocks: the one of the lcores, and the wall's.
#pragma once

#include "crypto/control_half.h"
#include "dataplane/lcore.h"

#include <chrono>

namespace landfall::app {

[[nodiscard]] inline crypto::instant instant_now() {
    const auto unix_time = std::chrono::system_clock::now().time_since_epoch();
    return {.now_ns = dataplane::time_now(),
            .unix_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(unix_time).count()};
}

} // namespace landfall::app
