// SPDX-License-Identifier: MIT
// What the receiver loses at one lost frame in a thousand, the carrier off, its frequency moving
// and the symbol clock off: against the same code with perfect synchronisation and exact soft
// values. Writes a CSV file to the path in LANDFALL_CURVES, if that is set.
#include "tests/slow/coded_link.h"
#include "tests/slow/ideal_code.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <future>
#include <iterator>
#include <string>
#include <vector>

using namespace landfall;
using dsp::modulation;

namespace {

constexpr double compared_rate = 1e-3;
constexpr double deviations = 1.96; // of 95 %

test::link_config impaired(modulation kind, double es_n0_db, std::uint64_t seed) {
    test::link_config config;
    config.wave.kind = kind;
    config.seed = seed;
    config.channel.es_n0_db = es_n0_db;
    config.channel.phase_rad = 0.7;
    config.channel.doppler_rate_hz_s = 3200.0; // of a 500 km orbit overhead, at 8.2 GHz
    config.offset_of_symbol_rate = 0.07;
    config.clock_error_ppm = -20.0;
    return config;
}

struct count {
    double level_db = 0.0;
    std::size_t sent = 0;
    std::size_t lost = 0;
};

struct estimate {
    double level_db = 0.0; ///< where the rate is `compared_rate`
    double deviation_db = 0.0;
};

/// The logarithm of the rate as a straight line over the level, by the likelihood of the counts.
estimate fit(const std::vector<count>& counts) {
    double middle = 0.0;
    for (const count& one : counts) {
        middle += one.level_db / static_cast<double>(counts.size());
    }
    double a = std::log(compared_rate);
    double b = -20.0; // per decibel, to begin with
    double aa = 0.0;
    double ab = 0.0;
    double bb = 0.0;
    for (int pass = 0; pass < 100; ++pass) {
        double da = 0.0;
        double db = 0.0;
        aa = ab = bb = 0.0;
        for (const count& one : counts) {
            const double x = one.level_db - middle;
            const double expected = static_cast<double>(one.sent) * std::exp(a + b * x);
            const double miss = static_cast<double>(one.lost) - expected;
            da += miss;
            db += miss * x;
            aa += expected;
            ab += expected * x;
            bb += expected * x * x;
        }
        const double determinant = aa * bb - ab * ab;
        a += std::clamp((bb * da - ab * db) / determinant, -1.0, 1.0);
        b += std::clamp((aa * db - ab * da) / determinant, -10.0, 10.0);
    }
    const double x = (std::log(compared_rate) - a) / b;
    const double determinant = aa * bb - ab * ab;
    // Of a + b x at that x, over the slope.
    const double variance = (bb - 2.0 * x * ab + x * x * aa) / determinant;
    return {middle + x, std::sqrt(variance) / std::abs(b)};
}

struct loss_case {
    modulation kind;
    fec::code_rate rate;
    unsigned interleave;
    double most_db;
    std::vector<double> ideal_db; ///< E_b/N_0 around one lost frame in a thousand
    double expected_db;           ///< what the receiver's levels are higher by
};

std::string code_name(const loss_case& which) {
    return (which.rate == fec::code_rate::r1_2 ? "rs+1/2 I=" : "rs+3/4 I=") +
           std::to_string(which.interleave);
}

/// One count a level, side by side.
template <class Measure>
std::vector<count> counts_at(const std::vector<double>& levels_db, Measure&& measure) {
    std::vector<std::future<count>> running;
    for (const double level_db : levels_db) {
        running.push_back(std::async(std::launch::async, measure, level_db));
    }
    std::vector<count> counts;
    std::transform(running.begin(), running.end(), std::back_inserter(counts),
                   [](std::future<count>& one) { return one.get(); });
    return counts;
}

void print(const char* what, const loss_case& which, const std::vector<count>& counts) {
    for (const count& one : counts) {
        std::printf("%-5s %s E_b/N_0 %.2f dB: %zu of %zu frames lost\n", what,
                    code_name(which).c_str(), one.level_db, one.lost, one.sent);
    }
    std::fflush(stdout);
}

std::vector<count> ideal_counts(const loss_case& which) {
    constexpr std::size_t frames = 15'000;
    const auto counts = counts_at(which.ideal_db, [&](double level_db) {
        const auto seen = test::ideal_frames({.rate = which.rate,
                                              .eb_n0_db = level_db,
                                              .psk8 = which.kind == modulation::psk8,
                                              .interleave = which.interleave},
                                             frames);
        return count{level_db, seen.frames, seen.lost};
    });
    print("ideal", which, counts);
    return counts;
}

std::vector<count> received_counts(const loss_case& which) {
    constexpr std::size_t run_length = 120;
    constexpr std::size_t most_runs = 80;
    constexpr std::size_t enough_lost = 30;
    const fec::coding code = test::concatenated(which.rate, which.interleave);
    const double to_symbol_db = test::symbol_over_bit_db(which.kind, which.rate);
    const auto counts = counts_at(which.ideal_db, [&](double level_db) {
        count now{.level_db = level_db + which.expected_db};
        for (std::uint64_t seed = 1; seed <= most_runs && now.lost < enough_lost; ++seed) {
            const auto run = test::run_frames(
                impaired(which.kind, now.level_db + to_symbol_db, seed), code, run_length);
            now.sent += run.sent;
            now.lost += run.sent - run.good;
        }
        return now;
    });
    print(test::name_of(which.kind), which, counts);
    return counts;
}

void write(const loss_case& which, const std::vector<count>& received,
           const std::vector<count>& ideal) {
    for (std::size_t k = 0; k < received.size(); ++k) {
        const double to_symbol_db = test::symbol_over_bit_db(which.kind, which.rate);
        for (const bool is_ideal : {true, false}) {
            const count& at = is_ideal ? ideal[k] : received[k];
            // The ideal's own counts are the line, at their own levels.
            const double rate =
                std::max(static_cast<double>(at.lost), 0.5) / static_cast<double>(at.sent);
            test::write({.kind = test::name_of(which.kind),
                         .code = code_name(which) + (is_ideal ? " ideal" : ""),
                         .es_n0_db = at.level_db + to_symbol_db,
                         .eb_n0_db = at.level_db,
                         .trials = at.sent,
                         .errors = at.lost,
                         .theory = is_ideal ? rate : 0.0});
        }
    }
}

void measure(const loss_case& which, const std::vector<count>& ideal) {
    const auto received = received_counts(which);
    write(which, received, ideal);
    const estimate theirs = fit(ideal);
    const estimate ours = fit(received);
    const double loss_db = ours.level_db - theirs.level_db;
    const double deviation_db = std::hypot(ours.deviation_db, theirs.deviation_db);
    std::printf("%-5s %s: one frame in 1,000 lost at E_b/N_0 %.3f dB, ideal %.3f dB: loss %.3f +- "
                "%.3f dB\n",
                test::name_of(which.kind), code_name(which).c_str(), ours.level_db, theirs.level_db,
                loss_db, deviations * deviation_db);
    std::fflush(stdout);
    CAPTURE(test::name_of(which.kind));
    CAPTURE(which.interleave);
    CHECK(loss_db + deviations * deviation_db <= which.most_db);
    CHECK(loss_db + deviations * deviation_db >= 0.0); // nothing is better than ideal
    CHECK(deviations * deviation_db <= 0.07);
}

} // namespace

TEST_CASE("slow/loss: one frame in 1,000 lost within 0.2 dB of the ideal, 8PSK 0.3 dB") {
    for (const unsigned interleave : {4U, 5U}) {
        loss_case which{.kind = modulation::bpsk,
                        .rate = fec::code_rate::r1_2,
                        .interleave = interleave,
                        .most_db = 0.2,
                        .ideal_db = {2.22, 2.28, 2.34, 2.40},
                        .expected_db = 0.08};
        const auto ideal = ideal_counts(which);
        for (const auto kind : {modulation::bpsk, modulation::qpsk, modulation::oqpsk}) {
            which.kind = kind;
            measure(which, ideal);
        }
        which = {.kind = modulation::psk8,
                 .rate = fec::code_rate::r3_4,
                 .interleave = interleave,
                 .most_db = 0.3,
                 .ideal_db = {5.50, 5.56, 5.62, 5.68},
                 .expected_db = 0.12};
        measure(which, ideal_counts(which));
    }
}

TEST_CASE("loss: 0.5 dB above the ideal code's one lost frame in 1,000 hardly any is lost") {
    for (const auto kind : {modulation::bpsk, modulation::qpsk, modulation::oqpsk}) {
        const double es_n0_db = 2.75 + test::symbol_over_bit_db(kind, fec::code_rate::r1_2);
        const auto run = test::run_frames(impaired(kind, es_n0_db, 1),
                                          test::concatenated(fec::code_rate::r1_2, 4), 60);
        CAPTURE(test::name_of(kind));
        CHECK(run.good == run.sent);
    }
}
