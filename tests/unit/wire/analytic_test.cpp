// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "wire/analytic.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

using namespace landfall;

namespace {

std::vector<base::cf32> convert(const std::vector<float>& input, std::size_t chunk) {
    wire::analytic_converter converter(chunk);
    std::vector<base::cf32> output;
    const auto append = [&](std::span<const base::cf32> part) {
        output.insert(output.end(), part.begin(), part.end());
    };
    for (std::size_t at = 0; at < input.size(); at += chunk) {
        append(converter.process(std::span(input).subspan(at, std::min(chunk, input.size() - at))));
    }
    append(converter.flush());
    return output;
}

std::vector<float> tone(double cycles_per_sample, double phase, std::size_t count) {
    std::vector<float> samples(count);
    for (std::size_t n = 0; n < count; ++n) {
        samples[n] = static_cast<float>(
            std::cos(2 * std::numbers::pi * cycles_per_sample * static_cast<double>(n) + phase));
    }
    return samples;
}

/// The greatest distance from the tone that it should be, away from the ends.
double error_of(double cycles_per_sample) {
    const double phase = 0.7;
    const auto output = convert(tone(cycles_per_sample, phase, 4000), 1000);
    double worst = 0;
    for (std::size_t m = 100; m + 100 < output.size(); ++m) {
        const double angle =
            2 * std::numbers::pi * (cycles_per_sample - 0.25) * 2 * static_cast<double>(m) + phase;
        worst = std::max(worst, std::abs(std::complex<double>(output[m]) - std::polar(1.0, angle)));
    }
    return worst;
}

} // namespace

TEST_CASE("wire/analytic: a real tone becomes a complex one of magnitude 1, without delay") {
    for (const double frequency : {0.03, 0.1, 0.2, 0.25, 0.3, 0.41, 0.47}) {
        CAPTURE(frequency);
        CHECK(error_of(frequency) < 1e-3); // the mirrored tone is 60 dB down
    }
}

TEST_CASE("wire/analytic: every length yields half as many samples, whatever the chunks") {
    base::random_source random(5);
    for (const std::size_t count : {1U, 2U, 3U, 62U, 63U, 64U, 126U, 127U, 128U, 1000U, 1001U}) {
        std::vector<float> input(count);
        for (float& sample : input) {
            sample = static_cast<float>(random.gaussian());
        }
        const auto whole = convert(input, count);
        CHECK(whole.size() == (count + 1) / 2);
        for (const std::size_t chunk : {1U, 7U, 64U, 100U}) {
            CHECK(convert(input, chunk) == whole);
        }
    }
}

TEST_CASE("wire/analytic: an impulse comes out where it went in") {
    std::vector<float> input(400, 0.0F);
    input[200] = 1.0F;
    const auto output = convert(input, 400);
    const auto peak = std::max_element(output.begin(), output.end(),
                                       [](auto a, auto b) { return std::abs(a) < std::abs(b); });
    CHECK(peak - output.begin() == 100);
    CHECK(*peak == base::cf32{1.0F, 0.0F});
}
