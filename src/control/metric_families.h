// SPDX-License-Identifier: MIT
// A snapshot as families of Prometheus metrics. Internal to this room.
#pragma once

#include "control/process.h"
#include "control/snapshot.h"

#include <prometheus/metric_family.h>

#include <vector>

namespace landfall::control {

[[nodiscard]] std::vector<prometheus::MetricFamily> families_of(const snapshot& now);
[[nodiscard]] std::vector<prometheus::MetricFamily> families_of(const process_state& now);
[[nodiscard]] prometheus::MetricFamily collect_errors(std::uint64_t count);

} // namespace landfall::control
