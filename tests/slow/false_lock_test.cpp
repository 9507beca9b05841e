// SPDX-License-Identifier: MIT
// Noise, with and without strong tones, is not received.
#include "base/random.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>

using namespace landfall;
using dsp::modulation;

namespace {

struct tally {
    std::uint64_t acquisitions = 0;
    std::uint64_t symbols = 0; ///< given out
};

/// `symbols` of noise and a tone of `tone_db` over the noise in a symbol rate's bandwidth.
tally run(modulation kind, double symbols, double tone_db, double roll_off, std::uint64_t seed) {
    constexpr double ratio = 2.0;
    dsp::receiver_config config;
    config.wave.kind = kind;
    config.wave.roll_off = roll_off;
    config.sample_rate_hz = ratio * config.wave.symbol_rate_hz;
    const auto receiver = dsp::make_receiver(config, dsp::engine::block);
    base::random_source random(seed);
    const double tone = std::sqrt(2.0 * ratio) * std::pow(10.0, tone_db / 20.0);
    const double turn = 2.0 * std::numbers::pi * (random.uniform() - 0.5) / ratio;
    tally result;
    auto take = [&](const dsp::soft_block& soft) {
        result.symbols += soft.soft.size() / dsp::bits_per_symbol(kind);
    };
    std::vector<base::cf32> samples(static_cast<std::size_t>(symbols * ratio));
    for (std::size_t n = 0; n < samples.size(); ++n) {
        const auto wave = std::polar(tone, turn * static_cast<double>(n));
        samples[n] = {static_cast<float>(0.05 * (random.gaussian() + wave.real())),
                      static_cast<float>(0.05 * (random.gaussian() + wave.imag()))};
    }
    receiver->push(samples, take);
    receiver->flush(take);
    result.acquisitions = receiver->report().acquisitions;
    return result;
}

} // namespace

TEST_CASE("slow/false_lock: noise and bare carriers are not received") {
    for (const auto kind : {modulation::bpsk, modulation::qpsk, modulation::oqpsk}) {
        const char* name = kind == modulation::bpsk   ? "BPSK"
                           : kind == modulation::qpsk ? "QPSK"
                                                      : "OQPSK";
        for (const double tone_db :
             {-100.0, -20.0, -17.0, -14.0, -10.0, 0.0, 10.0, 30.0, 50.0, 70.0}) {
            const int runs = tone_db < -50.0 ? 60 : 20;
            tally sum;
            for (int seed = 1; seed <= runs; ++seed) {
                for (const double roll_off : {0.2, 0.35, 0.5}) {
                    const tally one =
                        run(kind, 33'000.0, tone_db, roll_off, static_cast<std::uint64_t>(seed));
                    sum.acquisitions += one.acquisitions;
                    sum.symbols += one.symbols;
                }
            }
            std::printf("%-5s tone %6.0f dB: %3llu acquisitions, %6llu symbols given out in %d "
                        "runs of 33,000\n",
                        name, tone_db, static_cast<unsigned long long>(sum.acquisitions),
                        static_cast<unsigned long long>(sum.symbols), 3 * runs);
            std::fflush(stdout);
            CAPTURE(name);
            CAPTURE(tone_db);
            CHECK(sum.acquisitions == 0);
            CHECK(sum.symbols == 0);
        }
    }
}
