// SPDX-License-Identifier: MIT
#include "dsp/channel.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace landfall;

namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;

std::vector<base::cf32> through(const dsp::channel_config& config, std::size_t count,
                                base::cf32 value = {1.0F, 0.0F}) {
    std::vector<base::cf32> samples(count, value);
    dsp::channel(config).apply(samples);
    return samples;
}

double power(std::span<const base::cf32> samples) {
    double sum = 0.0;
    for (const auto sample : samples) {
        sum += static_cast<double>(std::norm(sample));
    }
    return sum / static_cast<double>(samples.size());
}

} // namespace

TEST_CASE("dsp/channel: noise is what the ratio asks for, in each rail alike") {
    for (const double es_n0_db : {-3.0, 0.0, 4.0, 10.0}) {
        for (const double ratio : {2.0, 2.5, 16.0}) {
            dsp::channel_config config;
            config.samples_per_symbol = ratio;
            config.es_n0_db = es_n0_db;
            config.amplitude = 0.25F;
            const auto samples = through(config, 200'000, {});
            // Noise power of a sample is N_0 times the sample rate; E_s is power over symbol rate.
            const double n0 = power(samples) / ratio;
            const double measured = 10.0 * std::log10(0.25 * 0.25 / n0);
            CHECK(measured == doctest::Approx(es_n0_db).scale(1).epsilon(0.03));
            double in_phase = 0.0;
            for (const auto sample : samples) {
                in_phase += static_cast<double>(sample.real() * sample.real());
            }
            CHECK(in_phase / static_cast<double>(samples.size()) ==
                  doctest::Approx(0.5 * power(samples)).epsilon(0.02));
        }
    }
}

TEST_CASE("dsp/channel: offset, Doppler rate and phase turn the signal") {
    dsp::channel_config config;
    config.sample_rate_hz = 1000.0;
    config.es_n0_db = 200.0;
    config.frequency_offset_hz = 12.5;
    config.doppler_rate_hz_s = -3.0;
    config.phase_rad = 0.4;
    const auto samples = through(config, 20'000);
    for (const std::size_t n : {0U, 1U, 999U, 5000U, 19'999U}) {
        const double t = static_cast<double>(n) / 1000.0;
        const double wanted = 0.4 + two_pi * (12.5 * t - 1.5 * t * t);
        const double miss =
            std::remainder(static_cast<double>(std::arg(samples[n])) - wanted, two_pi);
        CHECK(std::abs(miss) < 1e-4);
        CHECK(std::abs(samples[n]) == doctest::Approx(0.25).epsilon(1e-4));
    }
}

TEST_CASE("dsp/channel: fades take the signal, gain steps take everything") {
    dsp::channel_config config;
    config.sample_rate_hz = 100'000.0;
    config.es_n0_db = 10.0;
    config.samples_per_symbol = 2.0; // noise 7 dB below the signal
    config.fades = {{1.0, 2.0, -100.0}, {3.0, 4.0, -10.0}};
    config.gain_steps = {{4.5, -20.0}};
    const auto samples = through(config, 550'000);
    const auto level = [&](double from_s) {
        return power(std::span(samples).subspan(static_cast<std::size_t>(from_s * 1e5), 40'000)) /
               0.0625;
    };
    CHECK(level(0.1) == doctest::Approx(1.2).epsilon(0.02));
    CHECK(level(1.1) == doctest::Approx(0.2).epsilon(0.03));
    CHECK(level(2.1) == doctest::Approx(1.2).epsilon(0.02));
    CHECK(level(3.1) == doctest::Approx(0.3).epsilon(0.03));
    CHECK(level(5.0) == doctest::Approx(0.012).epsilon(0.02));
}

TEST_CASE("dsp/channel: the same seed gives the same samples, in pieces too") {
    dsp::channel_config config;
    config.sample_rate_hz = 1e5;
    config.es_n0_db = 3.0;
    config.doppler_rate_hz_s = 100.0;
    config.seed = 77;
    const auto once = through(config, 10'000);
    CHECK(once == through(config, 10'000));
    std::vector<base::cf32> pieces(10'000, {1.0F, 0.0F});
    dsp::channel other(config);
    for (std::size_t at = 0; at < pieces.size(); at += 1000) {
        other.apply(std::span(pieces).subspan(at, 1000));
    }
    CHECK(once == pieces);
    config.seed = 78;
    CHECK(once != through(config, 10'000));
}
