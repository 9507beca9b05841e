// SPDX-License-Identifier: MIT
#include "wire/analytic.h"

#include <cmath>
#include <numbers>

namespace landfall::wire {

namespace {

double bessel_i0(double x) {
    double sum = 1;
    double term = 1;
    for (int k = 1; k < 50; ++k) {
        term *= (x / 2) / k * ((x / 2) / k);
        sum += term;
    }
    return sum;
}

} // namespace

analytic_converter::analytic_converter(std::size_t max_inputs) {
    constexpr double kaiser_beta = 0.1102 * (80 - 8.7);
    std::array<double, std::tuple_size_v<decltype(taps_)>> ideal{};
    double sum = 0;
    for (std::size_t i = 0; i < ideal.size(); ++i) {
        const double distance = 2.0 * static_cast<double>(i) + 1.0;
        const double edge = distance / (reach + 1);
        const double window =
            bessel_i0(kaiser_beta * std::sqrt(1 - edge * edge)) / bessel_i0(kaiser_beta);
        ideal[i] = 2.0 / (std::numbers::pi * distance) * window;
        sum += 2 * ideal[i] * (i % 2 == 0 ? 1 : -1);
    }
    for (std::size_t i = 0; i < ideal.size(); ++i) { // a tone in mid-band keeps its amplitude
        taps_[i] = static_cast<float>(ideal[i] / sum);
    }
    inputs_.reserve(max_inputs + 3 * reach);
    outputs_.reserve(max_inputs / 2 + 2 * reach);
    inputs_.assign(reach, 0.0F);
}

std::span<const base::cf32> analytic_converter::process(std::span<const float> inputs) {
    outputs_.clear();
    inputs_.insert(inputs_.end(), inputs.begin(), inputs.end());
    input_count_ += inputs.size();
    if (input_count_ > reach) {
        produce((input_count_ - reach + 1) / 2);
    }
    return outputs_;
}

std::span<const base::cf32> analytic_converter::flush() {
    outputs_.clear();
    inputs_.insert(inputs_.end(), reach + 1, 0.0F);
    produce((input_count_ + 1) / 2);
    return outputs_;
}

/// The shift by fs/4 is a multiplication by 1, -j, -1, j in turn. With a half-band filter, whose
/// even taps but the middle one are 0, the middle gives the real part alone and the odd taps the
/// imaginary part alone.
void analytic_converter::produce(std::uint64_t output_end) {
    std::size_t middle = reach;
    for (; next_output_ < output_end; ++next_output_, middle += 2) {
        float imaginary = 0;
        for (std::size_t i = 0; i < taps_.size(); ++i) {
            const std::size_t distance = 2 * i + 1;
            imaginary += taps_[i] * (inputs_[middle - distance] - inputs_[middle + distance]);
        }
        const float sign = next_output_ % 2 == 0 ? 1.0F : -1.0F;
        outputs_.emplace_back(sign * inputs_[middle], sign * imaginary);
    }
    const auto used = static_cast<std::ptrdiff_t>(middle - reach);
    inputs_.erase(inputs_.begin(), inputs_.begin() + used);
}

} // namespace landfall::wire
