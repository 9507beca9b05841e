// SPDX-License-Identifier: MIT
#include "dsp/symbol_sampler.h"

#include <liquid/liquid.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <complex>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr unsigned phases = 64;
constexpr double least_half_symbols = 2.0;
constexpr double least_half_samples = 7.0;
constexpr double widest_cutoff = 0.46; // of the sample rate
constexpr float stop_band_db = 50.0F;
constexpr double most_stretch = 1.001; // of the clock error
constexpr double edge_symbols = 0.5 * (1.0 - 1.0 / symbol_sampler::per_symbol);

} // namespace

symbol_sampler::symbol_sampler(double samples_per_symbol, double cutoff_symbol_rates)
    : half_taps_(static_cast<std::size_t>(
          std::ceil(std::max(least_half_symbols * samples_per_symbol, least_half_samples)))),
      samples_per_symbol_(samples_per_symbol), bank_(phases * 4 * half_taps_),
      mixed_(static_cast<std::size_t>(std::ceil(most_symbols * samples_per_symbol * most_stretch)) +
             2 * half_taps_ + 4),
      out_(most_symbols * per_symbol) {
    const double cutoff = std::min(cutoff_symbol_rates / samples_per_symbol, widest_cutoff);
    const auto row = 2 * half_taps_;
    for (unsigned phase = 0; phase < phases; ++phase) {
        // The wanted place lies phase / phases behind tap half_taps_ - 1.
        double sum = 0.0;
        std::vector<double> taps(row);
        for (std::size_t tap = 0; tap < row; ++tap) {
            const double time = static_cast<double>(tap) - static_cast<double>(half_taps_ - 1) -
                                static_cast<double>(phase) / phases;
            const double place = 2.0 * std::numbers::pi * cutoff * time;
            const double sinc = place == 0.0 ? 1.0 : std::sin(place) / place;
            const auto edge = std::clamp(time / static_cast<double>(half_taps_), -1.0, 1.0);
            const float beta = kaiser_beta_As(stop_band_db);
            const auto shape = static_cast<double>(
                liquid_besseli0f(beta * static_cast<float>(std::sqrt(1.0 - edge * edge))) /
                liquid_besseli0f(beta));
            taps[tap] = sinc * shape;
            sum += taps[tap];
        }
        double power = 0.0;
        for (std::size_t tap = 0; tap < row; ++tap) {
            const double value = taps[tap] / sum;
            power += value * value;
            bank_[2 * (phase * row + tap)] = bank_[2 * (phase * row + tap) + 1] =
                static_cast<float>(value);
        }
        noise_gain_ += power / phases;
    }
}

std::size_t symbol_sampler::reach() const noexcept {
    return half_taps_ + static_cast<std::size_t>(std::ceil(0.5 * samples_per_symbol_)) + 1;
}

std::ptrdiff_t symbol_sampler::end_sample(const carrier_state& at,
                                          std::size_t count) const noexcept {
    return static_cast<std::ptrdiff_t>(
               std::ceil(at.position + static_cast<double>(count) * at.step)) +
           static_cast<std::ptrdiff_t>(half_taps_ + 2);
}

std::span<const cf32> symbol_sampler::run(std::span<const cf32> buffer, const carrier_state& at,
                                          std::size_t count) {
    assert(count <= most_symbols);
    const double first_place = at.position - edge_symbols * at.step;
    const auto first = static_cast<std::ptrdiff_t>(std::floor(first_place)) -
                       static_cast<std::ptrdiff_t>(half_taps_) + 1;
    const auto last =
        static_cast<std::ptrdiff_t>(
            std::floor(first_place + (static_cast<double>(count) - 1.0 / per_symbol) * at.step)) +
        static_cast<std::ptrdiff_t>(half_taps_) + 1;
    const auto needed = std::min(
        static_cast<std::size_t>(std::max<std::ptrdiff_t>(last - first + 1, 0)), mixed_.size());
    std::complex<double> phasor =
        std::polar(1.0, -(at.phase + at.frequency * (static_cast<double>(first) - at.position)));
    const std::complex<double> turn = std::polar(1.0, -at.frequency);
    for (std::size_t i = 0; i < needed; ++i) {
        const std::ptrdiff_t index = first + static_cast<std::ptrdiff_t>(i);
        const bool inside = index >= 0 && index < std::ssize(buffer);
        mixed_[i] = inside ? buffer[static_cast<std::size_t>(index)] * cf32(phasor) : cf32{};
        phasor *= turn;
    }
    const std::size_t row = 4 * half_taps_;
    const auto* samples = reinterpret_cast<const float*>(mixed_.data());
    for (std::size_t k = 0; k < count * per_symbol; ++k) {
        const double place = first_place + static_cast<double>(k) / per_symbol * at.step -
                             static_cast<double>(first);
        const auto fine = static_cast<std::size_t>(std::lround(place * phases));
        const std::size_t start = std::min(fine / phases - (half_taps_ - 1), needed - row / 2);
        const float* taps = &bank_[fine % phases * row];
        const float* from = samples + 2 * start;
        float in_phase = 0.0F;
        float quadrature = 0.0F;
        for (std::size_t i = 0; i < row; i += 2) {
            in_phase += taps[i] * from[i];
            quadrature += taps[i + 1] * from[i + 1];
        }
        out_[k] = {in_phase, quadrature};
    }
    return std::span(out_).first(count * per_symbol);
}

} // namespace landfall::dsp
