// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "dsp/psk8.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

using namespace landfall;
using base::cf32;

namespace {

constexpr double pi = std::numbers::pi;

cf32 point(std::size_t place) {
    const std::size_t gray = place ^ place >> 1U;
    return dsp::psk8_point(gray >> 2U & 1U, gray >> 1U & 1U, gray & 1U);
}

test::link_config clean() {
    test::link_config config;
    config.wave.kind = dsp::modulation::psk8;
    config.channel.es_n0_db = 19.0;
    config.symbols = 12'000;
    return config;
}

test::comparison check_whole(const test::link_config& config) {
    const auto link = test::simulate(config);
    const auto got = test::receive(link);
    CAPTURE(config.samples_per_symbol);
    CAPTURE(config.wave.roll_off);
    CAPTURE(config.offset_of_symbol_rate);
    CHECK(got.report.acquisitions == 1);
    REQUIRE(got.parts.size() == 1);
    const auto seen = test::compare(link, got.parts[0]);
    CHECK(seen.first_symbol == 0);
    CHECK(seen.symbols + 2 >= config.symbols);
    CHECK(seen.contiguous);
    CHECK(seen.worst_error_symbols < 0.05);
    CHECK(std::abs(got.report.frequency_offset_hz / config.wave.symbol_rate_hz -
                   config.offset_of_symbol_rate) < 1e-4);
    CHECK(std::abs(got.report.mean_es_n0_db - config.channel.es_n0_db) < 0.6);
    return seen;
}

} // namespace

TEST_CASE("dsp/psk8: points lie on a circle, neighbours differ by one bit") {
    for (std::size_t k = 0; k < 8; ++k) {
        const auto expected = std::polar(
            std::sqrt(2.0F), static_cast<float>(pi / 8.0 + pi / 4.0 * static_cast<double>(k)));
        CHECK(std::abs(point(k) - expected) < 1e-5F);
    }
}

TEST_CASE("dsp/psk8: soft bits are the differences of the greatest log-likelihoods") {
    base::random_source random(3);
    for (int i = 0; i < 2000; ++i) {
        const cf32 z(static_cast<float>(0.8 * random.gaussian()),
                     static_cast<float>(0.8 * random.gaussian()));
        std::array<std::int8_t, 3> soft{};
        dsp::psk8_soft({&z, 1}, soft.data());
        for (unsigned bit = 0; bit < 3; ++bit) {
            std::array<double, 2> best{-1e9, -1e9};
            for (unsigned bits = 0; bits < 8; ++bits) {
                const cf32 p = dsp::psk8_point(bits >> 2U, bits >> 1U & 1U, bits & 1U);
                auto& most = best[bits >> (2U - bit) & 1U];
                most = std::max(most, static_cast<double>((z * std::conj(p)).real()));
            }
            const double expected =
                std::clamp(48.2 * (best[0] - best[1]) / std::numbers::sqrt2, -127.0, 127.0);
            CHECK(std::abs(soft[bit] - expected) < 1.01);
        }
    }
}

TEST_CASE("dsp/psk8: the detector tells turns and lateness, and the slopes that scale them") {
    base::random_source random(9);
    for (const double level_db : {9.0, 14.0, 25.0}) {
        const double certainty = std::pow(10.0, level_db / 10.0);
        const double deviation = std::sqrt(1.0 / certainty);
        for (const double turn : {-0.05, 0.05}) {
            std::vector<cf32> values;
            std::vector<cf32> slopes;
            for (int k = 0; k < 40'000; ++k) {
                const cf32 p = point(random.below(8));
                const cf32 noise(static_cast<float>(deviation * random.gaussian()),
                                 static_cast<float>(deviation * random.gaussian()));
                values.push_back((p + noise) * cf32(std::polar(1.0, turn)));
                slopes.push_back(0.1F * p);
            }
            std::vector<std::int8_t> soft(3 * values.size());
            const auto sums = dsp::detect_psk8({.value = values.data(),
                                                .slope = slopes.data(),
                                                .count = values.size(),
                                                .certainty = static_cast<float>(certainty)},
                                               soft.data());
            const double slope = static_cast<double>(sums.turn_gain) -
                                 certainty * static_cast<double>(sums.turn_loss);
            CAPTURE(level_db);
            CHECK(static_cast<double>(sums.phase) / slope == doctest::Approx(turn).epsilon(0.25));
            CHECK(sums.timing > 0.0F);
            const double line = static_cast<double>(sums.lock_wanted / sums.lock_power);
            CHECK(line > 0.05);
            CHECK(line < 1.0);
        }
    }
}

TEST_CASE("dsp/psk8: every symbol arrives, at any roll-off, rate and offset") {
    for (const double ratio : {2.0, 2.5, 5.3, 24.0}) {
        auto config = clean();
        config.samples_per_symbol = ratio;
        config.offset_of_symbol_rate = ratio > 2.2 ? 0.2 : 0.02;
        config.clock_error_ppm = 60.0;
        CHECK(check_whole(config).errors == 0);
    }
    for (const double roll_off : {0.2, 0.35, 0.6}) {
        auto config = clean();
        config.wave.roll_off = roll_off;
        config.offset_of_symbol_rate = -0.24;
        config.clock_error_ppm = -60.0;
        CHECK(check_whole(config).errors == 0);
    }
}

TEST_CASE("dsp/psk8: symbol errors are within 0.3 dB of theory") {
    for (const double level_db : {10.0, 12.0}) {
        auto config = clean();
        config.symbols = 60'000;
        config.channel.es_n0_db = level_db;
        config.offset_of_symbol_rate = 0.07;
        config.clock_error_ppm = -35.0;
        const auto seen = check_whole(config);
        const double rate = static_cast<double>(seen.errors) / static_cast<double>(seen.symbols);
        CAPTURE(level_db);
        CHECK(test::es_n0_for(dsp::modulation::psk8, rate) > level_db - 0.3);
        CHECK(test::es_n0_for(dsp::modulation::psk8, rate) < level_db + 0.1);
    }
}
