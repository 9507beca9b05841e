// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "dsp/fft.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numbers>
#include <vector>

using namespace landfall;

TEST_CASE("dsp/fft: transforms agree with the sum in its definition") {
    for (const std::size_t size : {1U, 2U, 8U, 64U, 256U}) {
        for (const auto direction : {dsp::fft_direction::forward, dsp::fft_direction::backward}) {
            dsp::fft plan(size, direction);
            base::random_source random(size);
            std::vector<base::cf32> in(size);
            for (auto& value : in) {
                value = {static_cast<float>(random.gaussian()),
                         static_cast<float>(random.gaussian())};
            }
            std::copy(in.begin(), in.end(), plan.input().begin());
            const auto out = plan.run();
            REQUIRE(out.size() == size);
            const double sign = direction == dsp::fft_direction::forward ? -1.0 : 1.0;
            for (std::size_t k = 0; k < size; ++k) {
                std::complex<double> sum{};
                for (std::size_t n = 0; n < size; ++n) {
                    sum += std::complex<double>(in[n]) *
                           std::polar(1.0, sign * 2.0 * std::numbers::pi *
                                               static_cast<double>(k * n % size) /
                                               static_cast<double>(size));
                }
                CHECK(std::abs(sum - std::complex<double>(out[k])) < 1e-3);
            }
        }
    }
}

TEST_CASE("dsp/fft: back and forth multiplies by the size") {
    constexpr std::size_t size = 4096;
    dsp::fft forward(size, dsp::fft_direction::forward);
    dsp::fft backward(size, dsp::fft_direction::backward);
    base::random_source random(3);
    std::vector<base::cf32> in(size);
    for (auto& value : in) {
        value = {static_cast<float>(random.gaussian()), static_cast<float>(random.gaussian())};
    }
    std::copy(in.begin(), in.end(), forward.input().begin());
    const auto middle = forward.run();
    std::copy(middle.begin(), middle.end(), backward.input().begin());
    const auto out = backward.run();
    for (std::size_t k = 0; k < size; ++k) {
        CHECK(std::abs(out[k] / static_cast<float>(size) - in[k]) < 1e-5F);
    }
}

TEST_CASE("dsp/fft: powers of two are found") {
    CHECK(dsp::next_power_of_two(1) == 1);
    CHECK(dsp::next_power_of_two(2) == 2);
    CHECK(dsp::next_power_of_two(3) == 4);
    CHECK(dsp::next_power_of_two(4096) == 4096);
    CHECK(dsp::next_power_of_two(4097) == 8192);
}
