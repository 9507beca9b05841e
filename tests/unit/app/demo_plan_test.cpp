// SPDX-License-Identifier: MIT
#include "app/demo_plan.h"

#include <doctest/doctest.h>

using namespace landfall;
using namespace landfall::app;

TEST_CASE("app/demo_plan: a pass that the machine can follow is as long as asked for, and live") {
    const config::mission mission; // 1 Msym/s
    const demo_plan plan = plan_pass(mission, 20.0, 1.7);
    CHECK(plan.signal_seconds == 20.0);
    CHECK(plan.real_time == 1.0);
    CHECK(plan.wall_seconds() == 20.0);
}

TEST_CASE("app/demo_plan: a machine that is too slow gets less signal, in the same time") {
    const config::mission mission;
    const demo_plan plan = plan_pass(mission, 20.0, 0.25);
    CHECK(plan.signal_seconds == 5.0);
    CHECK(plan.wall_seconds() == 20.0);
}

TEST_CASE("app/demo_plan: never less than what lock and some frames take, whatever the rate") {
    config::mission mission;
    for (const double rate_hz : {1200.0, 9600.0, 1e6, 250e6}) {
        mission.wave.symbol_rate_hz = rate_hz;
        const double least = least_pass_seconds(mission);
        CAPTURE(rate_hz);
        // The default's four frames of 1020 octets and a marker: r=1/2 and QPSK cancel out.
        CHECK(least * rate_hz == doctest::Approx(8192 + 4 * (8 * 1020 + 32)));
        CHECK(plan_pass(mission, 1e-9, 2.0).signal_seconds == least);
        CHECK(plan_pass(mission, 1e-9, 0.01).signal_seconds == least);
        CHECK(plan_pass(mission, 1e-9, 0.01).wall_seconds() == doctest::Approx(100 * least));
    }
}
