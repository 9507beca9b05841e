// SPDX-License-Identifier: MIT
// DPDK's environment, started once for the tests between cables.
#pragma once

#include "app/cabled_gateway.h"
#include "app/satellite.h"
#include "config/mission_loader.h"
#include "dataplane/cpu_plan.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

namespace landfall::app::tests {

inline std::string a_mission() {
    const char* const source = std::getenv("LANDFALL_SOURCE");
    return std::string(source == nullptr ? "." : source) + "/config/missions/generic-ccsds.toml";
}

template <class T>
T must(base::result<T> made) {
    if (!made) {
        FAIL(made.error().message);
    }
    return std::move(*made);
}

inline const dataplane::eal& the_eal() {
    const auto cpus = dataplane::allowed_cpus();
    static const auto started = must(dataplane::eal::start(
        {.cpus = {.io = {cpus.front()}, .modem = {cpus.back(), cpus.front()}}, // may share one
         .memory_octets = must(cabled_gateway::memory_octets(a_mission())),
         .hugepages = false}));
    return *started;
}

inline satellite a_pass(double seconds, frame_check& check) {
    const auto mission = config::load_mission(a_mission());
    REQUIRE(mission);
    return must(satellite::create(*mission, seconds, cabled_gateway::stream_id, check));
}

} // namespace landfall::app::tests
