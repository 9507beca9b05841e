// SPDX-License-Identifier: MIT
#include "dsp/front_end.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

using namespace landfall;

namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;

dsp::receiver_config at_ratio(double samples_per_symbol) {
    dsp::receiver_config config;
    config.sample_rate_hz = samples_per_symbol * config.wave.symbol_rate_hz;
    return config;
}

std::vector<base::cf32> all(dsp::front_end& front, std::span<const base::cf32> samples,
                            std::size_t block) {
    std::vector<base::cf32> out;
    for (std::size_t at = 0; at < samples.size(); at += block) {
        const auto part = front.process(samples.subspan(at, std::min(block, samples.size() - at)));
        out.insert(out.end(), part.begin(), part.end());
    }
    const auto rest = front.drain();
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

std::vector<base::cf32> tone(double cycles_per_sample, std::size_t count) {
    std::vector<base::cf32> samples(count);
    for (std::size_t n = 0; n < count; ++n) {
        samples[n] =
            base::cf32(std::polar(1.0, two_pi * cycles_per_sample * static_cast<double>(n)));
    }
    return samples;
}

} // namespace

TEST_CASE("dsp/front_end: narrow streams pass untouched") {
    dsp::front_end front(at_ratio(2.5));
    CHECK(front.decimation() == 1.0);
    const auto samples = tone(0.1, 1000);
    CHECK(all(front, samples, 77) == samples);
}

TEST_CASE("dsp/front_end: between 8 and 16 samples per symbol are left") {
    for (const double ratio : {16.0, 16.1, 33.0, 100.0, 500.0, 1000.0}) {
        dsp::front_end front(at_ratio(ratio));
        CHECK(ratio / front.decimation() <= 16.0);
        CHECK((ratio <= 16.0 || ratio / front.decimation() > 8.0));
    }
}

TEST_CASE("dsp/front_end: output sample n is centred on input sample n times the decimation") {
    for (const double ratio : {33.0, 100.0, 1000.0}) {
        for (const std::size_t block : {std::size_t{1}, std::size_t{100}, std::size_t{4096}}) {
            dsp::front_end front(at_ratio(ratio));
            const auto step = static_cast<std::size_t>(front.decimation());
            // A pulse that the low-pass filter leaves as it is.
            const double centre = 40.0 * static_cast<double>(step);
            const double width = 4.0 * static_cast<double>(step);
            std::vector<base::cf32> samples(100 * step);
            for (std::size_t n = 0; n < samples.size(); ++n) {
                const double x = (static_cast<double>(n) - centre) / width;
                samples[n] = static_cast<float>(std::exp(-x * x));
            }
            const auto out = all(front, samples, block);
            double weight = 0.0;
            double moment = 0.0;
            for (std::size_t n = 0; n < out.size(); ++n) {
                weight += static_cast<double>(out[n].real());
                moment += static_cast<double>(out[n].real()) * static_cast<double>(n);
            }
            CHECK(moment / weight == doctest::Approx(40.0).epsilon(1e-4));
            CHECK(std::abs(out[40]) == doctest::Approx(1.0).epsilon(0.01));
        }
    }
}

TEST_CASE("dsp/front_end: the expected carrier is mixed to the centre") {
    dsp::receiver_config config = at_ratio(100.0);
    config.frequency_hint_hz = 21.7e6;
    dsp::front_end front(config);
    CHECK(front.mixed_hz() == 21.7e6);
    const auto out = all(front, tone(0.217, 200'000), 4096);
    const std::size_t middle = out.size() / 2;
    CHECK(std::abs(out[middle]) == doctest::Approx(1.0).epsilon(0.01));
    CHECK(std::abs(std::arg(out[middle + 500] / out[middle])) < 0.01F);
}

TEST_CASE("dsp/front_end: what would fold onto the carrier is kept out") {
    dsp::front_end front(at_ratio(100.0));
    const double image = 1.0 / front.decimation();
    const auto out = all(front, tone(image, 100'000), 4096);
    CHECK(std::abs(out[out.size() / 2]) < 1e-3F);
}

TEST_CASE("dsp/front_end: mirrored spectra are set right") {
    for (const bool inverted : {false, true}) {
        for (const bool swapped : {false, true}) {
            for (const double ratio : {4.0, 50.0}) {
                dsp::receiver_config config = at_ratio(ratio);
                config.wave.spectrum_inverted = inverted;
                config.wave.iq_swapped = swapped;
                dsp::front_end front(config);
                CHECK(front.mirrored() == (inverted != swapped));
                const double cycles = 0.01;
                auto samples = tone(cycles, 20'000);
                for (auto& sample : samples) {
                    sample = inverted ? std::conj(sample) : sample;
                    sample = swapped ? base::cf32{sample.imag(), sample.real()} : sample;
                }
                const auto out = all(front, samples, 1000);
                const std::size_t middle = out.size() / 2;
                CHECK(std::arg(out[middle + 1] / out[middle]) ==
                      doctest::Approx(two_pi * cycles * front.decimation()).epsilon(0.01));
            }
        }
    }
}
