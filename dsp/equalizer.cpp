// SPDX-License-Identifier: MIT
#include "dsp/equalizer.h"

#include "dsp/psk8.h"

#include <algorithm>
#include <cmath>
#include <complex>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr std::size_t blind_symbols = 3000;
constexpr float blind_step = 6e-4F;
constexpr float directed_step = 3e-4F;
constexpr float power_share = 1.0F / 16; // of a block
// Draws the taps back to where they began: else the delay, which the timing loop sets as well,
// drifts.
constexpr float leakage = 2e-6F;

cf32 times(cf32 a, cf32 b) noexcept {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

cf32 times_conj(cf32 a, cf32 b) noexcept {
    return {a.real() * b.real() + a.imag() * b.imag(), a.imag() * b.real() - a.real() * b.imag()};
}

} // namespace

void equalizer::reset(double rail_amplitude, double rail_power) noexcept {
    tap_ = value_ = slope_ = {};
    tap_[taps / 2] = 1.0F;
    const double signal = rail_amplitude * rail_amplitude;
    const double power = 2.0 * rail_power - (kind_ == modulation::bpsk ? signal : 0.0);
    unit_ = static_cast<float>(rail_amplitude);
    power_ = static_cast<float>(power);
    reference_ = static_cast<float>(std::sqrt(power) / rail_amplitude);
    symbols_ = 0;
}

/// What is too much in y.
cf32 equalizer::error_of(cf32 y, float certainty) const noexcept {
    const float radius = kind_ == modulation::bpsk ? 1.0F : 2.0F; // squared
    if (symbols_ < blind_symbols) {
        // Noise adds to the modulus of its own.
        const float noise = kind_ == modulation::bpsk ? 2.0F / certainty : 4.0F / certainty;
        return y * std::clamp((std::norm(y) - radius - noise) / radius, -1.0F, 2.0F);
    }
    if (kind_ == modulation::bpsk) {
        return y - cf32(std::tanh(certainty * y.real()), 0.0F);
    }
    if (kind_ == modulation::qpsk) {
        return y - cf32(std::tanh(certainty * y.real()), std::tanh(certainty * y.imag()));
    }
    const bool steep = std::abs(y.imag()) > std::abs(y.real());
    return y - psk8_point(y.imag() < 0.0F ? 1 : 0, y.real() < 0.0F ? 1 : 0, steep ? 1 : 0);
}

void equalizer::run(rails on_time, rails late, float amplitude, float certainty) noexcept {
    float mean = 0;
    for (const cf32 value : on_time.value) {
        mean += std::norm(value) / static_cast<float>(on_time.value.size());
    }
    mean *= amplitude * amplitude;
    // Silence is not amplified; a step of gain is followed at once.
    const bool step_of_gain = mean > 4.0F * power_ || mean < 0.1F * power_;
    if (mean > 1e-6F * power_) {
        power_ += (step_of_gain ? 1.0F : power_share) * (mean - power_);
    }
    const float scale = amplitude * reference_ / std::sqrt(power_);
    const float unit = unit_ / amplitude;
    const auto take = [&](cf32 value, cf32 slope) {
        std::copy_backward(value_.begin(), value_.end() - 1, value_.end());
        std::copy_backward(slope_.begin(), slope_.end() - 1, slope_.end());
        value_[0] = scale * value;
        slope_[0] = scale * slope;
    };
    for (std::size_t k = 0; k < on_time.value.size(); ++k) {
        take(on_time.value[k], on_time.slope[k]);
        cf32 y{};
        cf32 dy{};
        for (std::size_t i = 0; i < taps; ++i) {
            y += times(tap_[i], value_[i]);
            dy += times(tap_[i], slope_[i]);
        }
        const float step = symbols_ < blind_symbols ? blind_step : directed_step;
        const cf32 change = step * error_of(y, certainty);
        for (std::size_t i = 0; i < taps; ++i) {
            tap_[i] -= times_conj(change, value_[i]) + leakage * tap_[i];
        }
        tap_[taps / 2] += leakage;
        symbols_ += symbols_ < 2 * blind_symbols ? 1 : 0;
        take(late.value[k], late.slope[k]);
        on_time.value[k] = unit * y;
        on_time.slope[k] = unit * dy;
    }
}

} // namespace landfall::dsp
