// SPDX-License-Identifier: MIT
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace landfall;
using dsp::modulation;

namespace {

/// Liquid's objects do not tell their delay to the symbol: the count of symbols is compared.
test::comparison compare_in_order(const test::simulated_link& link, test::reception got) {
    test::comparison best{.errors = link.bits.size()};
    for (int shift = -40; shift <= 40; ++shift) {
        for (std::size_t k = 0; k < got.position.size(); ++k) {
            got.position[k] =
                link.first_position + (static_cast<double>(k) + shift) * link.samples_per_symbol;
        }
        const auto seen = test::compare(link, got, 20'000, 140'000);
        best = seen.errors < best.errors ? seen : best;
    }
    return best;
}

} // namespace

TEST_CASE("dsp/liquid_receiver: liquid's loops and the block engine make like errors") {
    for (const auto kind : {modulation::bpsk, modulation::qpsk}) {
        for (const double ratio : {2.5, 4.0}) {
            test::link_config config;
            config.wave.kind = kind;
            config.samples_per_symbol = ratio;
            config.symbols = 150'000;
            config.channel.es_n0_db = kind == modulation::bpsk ? 5.0 : 8.0;
            config.offset_of_symbol_rate = 0.05;
            config.clock_error_ppm = 20.0;
            const auto link = test::simulate(config);
            const auto ours = test::receive(link, dsp::engine::block);
            const auto theirs = test::receive(link, dsp::engine::liquid);
            REQUIRE(ours.parts.size() == 1);
            REQUIRE(theirs.parts.size() == 1);
            // Its loops pull in while symbols pass.
            const auto a = test::compare(link, ours.parts[0], 20'000, 140'000);
            const auto b = compare_in_order(link, theirs.parts[0]);
            MESSAGE("block " << a.errors << ", liquid " << b.errors << " of " << a.symbols);
            CHECK(a.symbols > 119'990);
            CHECK(b.symbols > 119'990);
            CHECK(static_cast<double>(a.errors) < 1.1 * static_cast<double>(b.errors) + 20.0);
            CHECK(static_cast<double>(b.errors) < 1.6 * static_cast<double>(a.errors) + 20.0);
            CHECK(std::abs(theirs.report.frequency_offset_hz - 5e4) < 200.0);
        }
    }
}
