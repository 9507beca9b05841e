// SPDX-License-Identifier: MIT
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace landfall;
using dsp::modulation;

namespace {

/// A carrier `place` symbol rates off the centre.
test::simulated_link carrier(modulation kind, double ratio, double place, double es_n0_db) {
    test::link_config config;
    config.wave.kind = kind;
    config.symbols = 30'000;
    config.samples_per_symbol = ratio;
    config.offset_of_symbol_rate = place;
    config.clock_error_ppm = 15.0;
    config.channel.es_n0_db = es_n0_db;
    config.seed = place > 0 ? 2 : 1;
    return test::simulate(config);
}

} // namespace

TEST_CASE("dsp/expected_carrier: near where it is expected a weak one is received, not a stronger "
          "one elsewhere") {
    struct place {
        double ratio, weak, strong; // symbol rates
    };
    for (const auto kind : {modulation::bpsk, modulation::qpsk, modulation::oqpsk}) {
        for (const place at : {place{5.0, -0.8, 1.1}, place{40.0, -7.1, 9.0}}) {
            auto link = carrier(kind, at.ratio, at.weak, 6.0);
            const auto strong = carrier(kind, at.ratio, at.strong, 100.0);
            const std::size_t count = std::min(link.samples.size(), strong.samples.size());
            for (std::size_t n = 0; n < count; ++n) {
                link.samples[n] += 3.2F * strong.samples[n];
            }
            const double rate_hz = link.receiver.wave.symbol_rate_hz;
            CAPTURE(static_cast<int>(kind));
            CAPTURE(at.ratio);
            const auto untold = test::receive(link);
            CHECK(std::abs(untold.report.frequency_offset_hz - at.strong * rate_hz) <
                  0.01 * rate_hz);

            link.receiver.frequency_hint_hz = (at.weak + 0.07) * rate_hz;
            link.receiver.frequency_known = true;
            link.receiver.search_range_hz = 0.1 * rate_hz;
            const auto told = test::receive(link);
            CHECK(std::abs(told.report.frequency_offset_hz - at.weak * rate_hz) < 0.01 * rate_hz);
            REQUIRE(told.parts.size() == 1);
            const auto seen = test::compare(link, told.parts[0]);
            CHECK(seen.symbols > 29'900);
            CHECK(static_cast<double>(seen.errors) <
                  1.5 * test::symbol_error_rate(kind, 6.0) * static_cast<double>(seen.symbols));

            // Nothing where it is expected: the stronger one is not taken for it.
            link.receiver.frequency_hint_hz = -at.weak * 0.1 * rate_hz;
            const auto missed = test::receive(link);
            CHECK(missed.parts.empty());
        }
    }
}

TEST_CASE("dsp/expected_carrier: a place that the samples do not have is refused") {
    dsp::receiver_config config;
    config.sample_rate_hz = 4e6;
    config.frequency_hint_hz = -1.9e6;
    CHECK(dsp::unsupported(config, dsp::engine::automatic) == nullptr);
    config.frequency_hint_hz = -2.1e6;
    CHECK(dsp::unsupported(config, dsp::engine::automatic) != nullptr);
}
