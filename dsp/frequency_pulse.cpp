// SPDX-License-Identifier: MIT
#include "dsp/frequency_pulse.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace landfall::dsp {
namespace {

/// Integral of the Gaussian distribution function up to x, x in standard deviations.
double ramp(double x) noexcept {
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
    return x * 0.5 * std::erfc(-x / std::numbers::sqrt2) + density;
}

} // namespace

frequency_pulse::frequency_pulse(const waveform& wave) noexcept {
    if (wave.kind == modulation::gmsk) {
        // 3 dB at B: exp(-(2 pi B s)^2) = 1/2.
        deviation_ = std::sqrt(std::numbers::ln2) / (2.0 * std::numbers::pi * wave.gaussian_bt);
    }
}

double frequency_pulse::area(double time_symbols) const noexcept {
    if (deviation_ <= 0.0) {
        return std::clamp(time_symbols + 0.5, 0.0, 1.0);
    }
    return deviation_ *
           (ramp((time_symbols + 0.5) / deviation_) - ramp((time_symbols - 0.5) / deviation_));
}

} // namespace landfall::dsp
