// SPDX-License-Identifier: MIT
#include "app/placement.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace landfall::app {
namespace {

std::vector<double> loads_of(std::span<const carrier_to_place> carriers,
                             std::span<const carrier_place> placed, std::size_t lcores) {
    std::vector<double> load(lcores, 0.0);
    for (std::size_t i = 0; i < placed.size(); ++i) {
        load.at(placed[i].demodulation) += carriers[i].cost.demodulation;
        load.at(placed[i].decoding) += carriers[i].cost.decoding;
    }
    return load;
}

} // namespace

TEST_CASE("app/placement: many slow carriers are spread evenly, none of them split") {
    std::vector<carrier_to_place> carriers;
    for (int i = 0; i < 60; ++i) {
        carriers.push_back({{0.001 * (1 + i % 7), 0.002}});
    }
    const auto placed = place(carriers, 3);
    CHECK(std::none_of(placed.begin(), placed.end(), [](auto& one) { return one.spread(); }));
    const auto load = loads_of(carriers, placed, 3);
    const double mean = std::accumulate(load.begin(), load.end(), 0.0) / 3;
    CHECK(*std::max_element(load.begin(), load.end()) < 1.02 * mean);
}

TEST_CASE("app/placement: a carrier that takes most of a lcore is spread over two") {
    const std::array carriers{carrier_to_place{{0.1, 0.1}}, carrier_to_place{{0.6, 0.5}},
                              carrier_to_place{{0.3, 0.3}}};
    const auto placed = place(carriers, 2);
    CHECK_FALSE(placed[0].spread());
    CHECK(placed[1].spread());
    CHECK_FALSE(placed[2].spread());
    const auto load = loads_of(carriers, placed, 2);
    CHECK(*std::max_element(load.begin(), load.end()) < 1.2);
    for (const auto& one : place(carriers, 1)) {
        CHECK(one.demodulation == 0);
        CHECK_FALSE(one.spread());
    }
}

TEST_CASE("app/placement: what the configuration says of lcores counts") {
    const std::array carriers{carrier_to_place{{0.01, 0.01}, 2}, carrier_to_place{{1.0, 1.0}, 1}};
    const auto placed = place(carriers, 4);
    CHECK(placed[0].spread());
    CHECK_FALSE(placed[1].spread());
    CHECK(placed[0].demodulation != placed[1].demodulation);
    CHECK(placed[0].decoding != placed[1].decoding);
}

TEST_CASE("app/placement: io lcores to spare are shared among the ports that have carriers") {
    CHECK(queues_to_ask(0, 3) == 1);
    CHECK(queues_to_ask(1, 2) == 2); // then none is left for the other
    CHECK(queues_to_ask(0, 1) == 1);
    CHECK(queues_to_ask(3, 2) == 3);
    CHECK(queues_to_ask(5, 1) == 6);
    config::gateway settings;
    settings.ports.resize(2);
    settings.ports[0].name = "rf";
    settings.carriers.resize(1);
    settings.carriers[0].port = "rf";
    CHECK(spare_io_lcores(settings) == 0);
    settings.lcores.io = {1, 2, 3};
    CHECK(spare_io_lcores(settings) == 1);
    CHECK(has_carriers(settings, settings.ports[0]));
    CHECK_FALSE(has_carriers(settings, settings.ports[1]));
}

TEST_CASE("app/placement: a carrier costs something, also one that cannot be simulated") {
    config::mission mission;
    mission.wave.symbol_rate_hz = 1e6;
    const carrier_cost cost = measure_cost(mission, 0.0);
    CHECK(cost.demodulation > 0.0);
    CHECK(cost.decoding > 0.0);
    const carrier_cost guess = measure_cost(mission, 1.0); // samples a second: too few
    CHECK(guess.both() > 0.0);
    CHECK(guess.both() < 1.0);
}

} // namespace landfall::app
