// SPDX-License-Identifier: MIT
// How much faster a carrier is on two modem lcores than on one.
#pragma once

#include "config/mission.h"

#include <cstdint>
#include <span>
#include <vector>

namespace landfall::app {

/// Samples a second of processor time, from DIFI packets to delivered frames: on two lcores, of the
/// one that takes longer. 0: no frame was decoded.
struct cores_rates {
    double one = 0.0;
    double two = 0.0;
};

/// `packets`: of `samples` samples, received again and again for about `seconds` with each.
[[nodiscard]] cores_rates measure_cores(const config::mission& mission,
                                        std::span<const std::vector<std::uint8_t>> packets,
                                        std::size_t samples, double seconds);

} // namespace landfall::app
