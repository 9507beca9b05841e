// SPDX-License-Identifier: MIT
// How long a demonstration of a mission takes, on this machine.
#pragma once

#include "base/error.h"
#include "config/mission.h"

namespace landfall::app {

/// Seconds of signal in which a receiver finds the carrier and some frames follow.
[[nodiscard]] double least_pass_seconds(const config::mission& mission);

/// Seconds of the mission's signal that this machine both makes and receives in one second, each on
/// a processor of its own where there are two. Tries it out, which takes a moment. Fails as
/// `satellite::create` does.
[[nodiscard]] base::result<double> real_time_factor(const config::mission& mission);

struct demo_plan {
    double signal_seconds = 0.0;
    double real_time = 1.0; ///< 1: live; less: slowed down by that
    double wall_seconds() const { return signal_seconds / real_time; }
};

/// A pass that takes about `wanted_seconds`: with `factor` below 1 less signal, slowed down; never
/// less than `least_pass_seconds`.
[[nodiscard]] demo_plan plan_pass(const config::mission& mission, double wanted_seconds,
                                  double factor);

} // namespace landfall::app
