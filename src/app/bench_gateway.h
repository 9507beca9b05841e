// SPDX-License-Identifier: MIT
// The whole gateway, from a capture of DIFI packets to encrypted packets on a port.
#pragma once

#include "base/error.h"
#include "config/mission.h"

namespace landfall::app {

struct gateway_rates {
    double samples_per_s = 0.0; ///< as fast as one io and one modem lcore take them
    double real_time = 0.0;     ///< the mission's samples per second
};

/// A pass of `seconds`, simulated into a capture; every frame has to arrive behind the tunnel.
[[nodiscard]] base::result<gateway_rates> measure_gateway(const config::mission& mission,
                                                          double seconds);

} // namespace landfall::app
