// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "dsp/acquisition.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace landfall;

namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;
constexpr std::size_t window_symbols = 4096;

dsp::acquisition_config config_for(dsp::modulation kind, double ratio) {
    dsp::acquisition_config config;
    config.wave.kind = kind;
    config.wave.roll_off = 0.35;
    config.samples_per_symbol = ratio;
    config.search_range = 0.25 / ratio;
    config.max_frequency_rate = 2e-7;
    return config;
}

std::vector<base::cf32> noise(std::size_t count, std::uint64_t seed) {
    base::random_source random(seed);
    std::vector<base::cf32> samples(count);
    for (auto& sample : samples) {
        sample = {static_cast<float>(random.gaussian()), static_cast<float>(random.gaussian())};
    }
    return samples;
}

} // namespace

TEST_CASE("dsp/acquisition: frequency, clock, phase and position are found") {
    constexpr double ratio = 2.5;
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        for (std::uint64_t seed = 1; seed <= 6; ++seed) {
            base::random_source random(seed);
            test::link_config config;
            config.wave.kind = kind;
            config.symbols = window_symbols + 100;
            config.clock_error_ppm = 180.0 * random.uniform() - 90.0;
            config.offset_of_symbol_rate = 0.4 * random.uniform() - 0.2;
            config.channel.phase_rad = two_pi * random.uniform();
            config.channel.es_n0_db = kind == dsp::modulation::bpsk ? 2.0 : 5.0;
            config.seed = seed;
            const auto link = test::simulate(config);
            dsp::acquisition acquisition(config_for(kind, ratio));
            const std::span window = std::span(link.samples).subspan(100, 10'240);
            const auto found = acquisition.search(window);
            REQUIRE(found);
            const auto& state = found->state;
            CHECK(found->rail_power > found->rail_amplitude * found->rail_amplitude);
            const double middle = 5120.0;
            const double steps = std::round((middle - state.position) / state.step);
            const auto at = state.advanced(steps);
            const double true_frequency = two_pi * config.offset_of_symbol_rate / ratio;
            CHECK(std::abs(at.frequency - true_frequency) * ratio / two_pi < 1.5e-5);
            CHECK(std::abs(at.step / link.samples_per_symbol - 1.0) < 60e-6);
            const double grid = kind == dsp::modulation::oqpsk ? 2.0 : 1.0;
            const double symbols =
                (at.position + 100.0 - link.first_position) / link.samples_per_symbol * grid;
            CHECK(std::abs(symbols - std::round(symbols)) / grid < 0.06);
            const double order = kind == dsp::modulation::bpsk ? 2.0 : 4.0;
            const double true_phase =
                config.channel.phase_rad + true_frequency * (at.position + 100.0);
            const double miss = std::remainder(at.phase - true_phase, two_pi / order);
            CHECK(std::abs(miss) < 0.25);
        }
    }
}

TEST_CASE("dsp/acquisition: a signal that begins within the window is found where it begins") {
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        test::link_config config;
        config.wave.kind = kind;
        config.symbols = 4096;
        config.lead_symbols = 1500.0;
        config.channel.es_n0_db = 6.0;
        const auto link = test::simulate(config);
        dsp::acquisition acquisition(config_for(kind, 2.5));
        const auto found = acquisition.search(std::span(link.samples).first(10'240));
        REQUIRE(found);
        const double begins =
            (found->state.position - link.first_position) / link.samples_per_symbol;
        MESSAGE("begins " << begins << " symbols off");
        CHECK(begins > -400.0);
        CHECK(begins < 64.0);
    }
}

TEST_CASE("dsp/acquisition: nothing is found where there is no signal") {
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        dsp::acquisition acquisition(config_for(kind, 2.5));
        CHECK_FALSE(acquisition.search(std::vector<base::cf32>(10'240)));
        for (std::uint64_t seed = 1; seed <= 10; ++seed) {
            auto samples = noise(10'240, seed);
            CHECK_FALSE(acquisition.search(samples));
            for (std::size_t n = 0; n < samples.size(); ++n) {
                samples[n] += base::cf32(
                    std::polar(10.0, 0.013 * static_cast<double>(seed) * static_cast<double>(n)));
            }
            CHECK_FALSE(acquisition.search(samples)); // a bare carrier
        }
    }
}

TEST_CASE("dsp/acquisition: another symbol rate is not taken for ours") {
    test::link_config config;
    config.symbols = 8000;
    config.clock_error_ppm = 20'000.0;
    config.channel.es_n0_db = 10.0;
    const auto link = test::simulate(config);
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        dsp::acquisition acquisition(config_for(kind, 2.5));
        CHECK_FALSE(acquisition.search(std::span(link.samples).subspan(200, 10'240)));
    }
}
