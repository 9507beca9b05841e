// SPDX-License-Identifier: MIT
// Error rates over E_s/N_0, through modulator, channel and receiver, beside theory. Writes a CSV
// file to the path in LANDFALL_CURVES, if that is set: plot_curves.py draws it.
#include "tests/slow/coded_link.h"
#include "tests/slow/ideal_code.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>

using namespace landfall;
using dsp::modulation;
using test::curve_point;
using test::name_of;
using test::write;

namespace {

constexpr double most_loss_db = 0.5;
constexpr std::size_t run_length = 60; // frames

test::link_config impaired(modulation kind, double es_n0_db, std::uint64_t seed) {
    test::link_config config;
    config.wave.kind = kind;
    config.seed = seed;
    config.channel.es_n0_db = es_n0_db;
    config.channel.phase_rad = 0.7;
    config.offset_of_symbol_rate = 0.07;
    config.clock_error_ppm = -35.0;
    return config;
}

void measure_symbols(modulation kind, std::span<const double> es_n0_db, double& worst_db) {
    for (const double level_db : es_n0_db) {
        curve_point now{.kind = name_of(kind), .code = "symbols"};
        now.es_n0_db = level_db;
        now.eb_n0_db = level_db - 10.0 * std::log10(dsp::bits_per_symbol(kind));
        now.theory = test::symbol_error_rate(kind, level_db);
        for (std::uint64_t seed = 1; seed <= 6 && now.errors < 2000; ++seed) {
            auto config = impaired(kind, level_db, seed);
            config.symbols = 300'000;
            const auto link = test::simulate(config);
            const auto got = test::receive(link);
            REQUIRE(got.parts.size() == 1);
            const auto seen = test::compare(link, got.parts[0]);
            CHECK(seen.contiguous);
            now.trials += seen.symbols;
            now.errors += seen.errors;
        }
        write(now);
        const double rate = static_cast<double>(now.errors) / static_cast<double>(now.trials);
        const double loss_db = level_db - test::es_n0_for(kind, rate);
        std::printf(
            "%-5s E_s/N_0 %5.2f dB: %8zu of %8zu symbols wrong, theory %.3e, loss %+.3f dB\n",
            name_of(kind), level_db, now.errors, now.trials, now.theory, loss_db);
        if (now.errors >= 100) {
            worst_db = std::max(worst_db, loss_db);
        }
    }
}

using curve = std::vector<std::pair<double, double>>; ///< E_b/N_0 in dB, frame error rate

/// A code with Reed-Solomon around it. Levels are E_b/N_0 per information bit.
struct coded_case {
    const char* name;
    fec::code_rate rate;
    std::vector<double> eb_n0_db;
    /// Of another simulation of the same code, with soft values of 5 bits: level and rate.
    std::pair<double, double> published;
};

/// Linear in the logarithm of the rate, extrapolated beyond the ends.
double at_level(const curve& points, double eb_n0_db) {
    REQUIRE(points.size() >= 2);
    std::size_t k = 0;
    while (k + 2 < points.size() && points[k + 1].first < eb_n0_db) {
        ++k;
    }
    const auto [x0, y0] = points[k];
    const auto [x1, y1] = points[k + 1];
    const double slope = (std::log(y1) - std::log(y0)) / (x1 - x0);
    return std::min(1.0, std::exp(std::log(y0) + slope * (eb_n0_db - x0)));
}

/// The level at which the curve falls to `rate`.
double level_for(const curve& points, double rate) {
    double low = -2.0;
    double high = 12.0;
    for (int i = 0; i < 60; ++i) {
        const double middle = 0.5 * (low + high);
        (at_level(points, middle) > rate ? low : high) = middle;
    }
    return low;
}

/// Frames of I = 5 Reed-Solomon codewords whose octets are wrong independently.
double uncoded_frame_error_rate(double eb_n0_db) {
    const double ratio = std::pow(10.0, eb_n0_db / 10.0) * 223.0 / 255.0;
    const double octet = 1.0 - std::pow(1.0 - test::q_function(std::sqrt(2.0 * ratio)), 8.0);
    double good = 0.0;
    for (int k = 0; k <= 16; ++k) {
        good += std::exp(std::lgamma(256.0) - std::lgamma(k + 1.0) - std::lgamma(256.0 - k) +
                         k * std::log(octet) + (255.0 - k) * std::log1p(-octet));
    }
    return 1.0 - std::pow(good, 5.0);
}

double frame_error_rate(std::size_t lost, std::size_t frames) {
    return std::max(static_cast<double>(lost), 0.5) / static_cast<double>(frames);
}

/// The code's ideal curve, simulated, and held against what is known of it from elsewhere.
curve ideal_curve(const coded_case& which, bool psk8 = false) {
    constexpr std::size_t frames = 3000;
    curve ideal;
    for (const double level_db : which.eb_n0_db) {
        const auto seen =
            test::ideal_frames({.rate = which.rate, .eb_n0_db = level_db, .psk8 = psk8}, frames);
        ideal.emplace_back(level_db, frame_error_rate(seen.lost, seen.frames));
        std::printf("ideal %-6s E_b/N_0 %5.2f dB: %4zu of %4zu frames lost\n", which.name, level_db,
                    seen.lost, seen.frames);
    }
    CAPTURE(which.name);
    if (psk8) {
        return ideal;
    }
    CHECK(at_level(ideal, which.published.first) <= 1.3 * which.published.second);
    if (which.rate == fec::code_rate::none) {
        for (const auto& [level_db, rate] : ideal) {
            const double theory = uncoded_frame_error_rate(level_db);
            CHECK(std::abs(rate - theory) < 5.0 * std::sqrt(theory / static_cast<double>(frames)));
        }
    }
    return ideal;
}

void measure_frames(modulation kind, const coded_case& which, const curve& ideal,
                    double most_db = most_loss_db) {
    constexpr std::uint64_t most_runs = 8;
    constexpr std::size_t enough_errors = 40;
    const fec::coding code = test::concatenated(which.rate, 5);
    const double to_symbol_db = test::symbol_over_bit_db(kind, which.rate);
    curve measured;
    for (const double eb_n0_db : which.eb_n0_db) {
        curve_point now{.kind = name_of(kind), .code = which.name};
        now.eb_n0_db = eb_n0_db;
        now.es_n0_db = eb_n0_db + to_symbol_db;
        now.theory = at_level(ideal, eb_n0_db);
        for (std::uint64_t seed = 1; seed <= most_runs && now.errors < enough_errors; ++seed) {
            const auto run = test::run_frames(impaired(kind, now.es_n0_db, seed), code, run_length);
            now.trials += run.sent;
            now.errors += run.sent - run.good;
        }
        write(now);
        std::printf("%-5s %-6s E_b/N_0 %5.2f (E_s/N_0 %5.2f) dB: %4zu of %4zu frames lost, ideal "
                    "%.2e\n",
                    name_of(kind), which.name, eb_n0_db, now.es_n0_db, now.errors, now.trials,
                    now.theory);
        measured.emplace_back(eb_n0_db, frame_error_rate(now.errors, now.trials));
    }
    constexpr double compared_rate = 0.05;
    const double loss_db = level_for(measured, compared_rate) - level_for(ideal, compared_rate);
    std::printf("%-5s %-6s loss at 5 %% lost frames: %+.2f dB\n", name_of(kind), which.name,
                loss_db);
    std::fflush(stdout);
    CAPTURE(name_of(kind));
    CAPTURE(which.name);
    CHECK(loss_db <= most_db);
    CHECK(loss_db >= -0.1); // nothing is better than ideal: the measurement would be wrong
}

} // namespace

TEST_CASE("slow/curves: symbol errors are within half a decibel of theory") {
    double worst_db = -10.0;
    SUBCASE("bpsk") {
        measure_symbols(modulation::bpsk, std::array{-1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0},
                        worst_db);
    }
    SUBCASE("qpsk") {
        measure_symbols(modulation::qpsk, std::array{2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0},
                        worst_db);
    }
    SUBCASE("oqpsk") {
        measure_symbols(modulation::oqpsk, std::array{2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0},
                        worst_db);
    }
    CHECK(worst_db <= most_loss_db);
}

TEST_CASE("slow/curves: frame errors are within half a decibel of the code's ideal curve") {
    const std::array<coded_case, 6> cases{{
        {"rs", fec::code_rate::none, {5.6, 5.8, 5.9, 6.0, 6.2}, {6.0, 2.6e-2}},
        {"rs+1/2", fec::code_rate::r1_2, {1.9, 2.0, 2.1, 2.2, 2.3}, {2.2, 1.8e-2}},
        {"rs+2/3", fec::code_rate::r2_3, {2.6, 2.7, 2.8, 2.9, 3.0}, {2.8, 4.2e-2}},
        {"rs+3/4", fec::code_rate::r3_4, {3.1, 3.2, 3.3, 3.4, 3.5}, {3.2, 0.21}},
        {"rs+5/6", fec::code_rate::r5_6, {3.7, 3.8, 3.9, 4.0, 4.1}, {3.8, 0.45}},
        {"rs+7/8", fec::code_rate::r7_8, {4.2, 4.3, 4.4, 4.5, 4.6}, {4.65, 3.0e-2}},
    }};
    for (const auto& one : cases) {
        const curve ideal = ideal_curve(one);
        for (const auto kind : {modulation::bpsk, modulation::qpsk, modulation::oqpsk}) {
            measure_frames(kind, one, ideal);
        }
    }
}

TEST_CASE("slow/curves: 8PSK's frame errors are within 0.3 dB of the code's ideal curve") {
    constexpr double most_db = 0.3;
    const std::array<coded_case, 4> cases{{
        {"rs", fec::code_rate::none, {8.6, 8.8, 9.0, 9.2}, {}},
        {"rs+3/4", fec::code_rate::r3_4, {5.4, 5.6, 5.8, 6.0}, {}},
        {"rs+5/6", fec::code_rate::r5_6, {6.2, 6.4, 6.6, 6.8}, {}},
        {"rs+7/8", fec::code_rate::r7_8, {6.7, 6.9, 7.1, 7.3}, {}},
    }};
    for (const auto& one : cases) {
        measure_frames(modulation::psk8, one, ideal_curve(one, true), most_db);
    }
}
