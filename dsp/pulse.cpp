// SPDX-License-Identifier: MIT
#include "dsp/pulse.h"

#include <liquid/liquid.h>

#include <algorithm>
#include <cmath>
#include <complex>

namespace landfall::dsp {
namespace {

constexpr unsigned table_steps = 512; // per symbol: linear interpolation errs by less than 1e-5

/// To either side, at least. That costs 0.001 dB of the matched filter's gain, and lets symbols
/// interfere at -43 dB at most, at any roll-off.
constexpr double bank_span_symbols = 5.5;
constexpr std::size_t bank_granularity = 16;

} // namespace

pulse::pulse(double roll_off) : table_(std::size_t{2} * table_steps * pulse_span_symbols + 1) {
    liquid_firdes_rrcos(table_steps, pulse_span_symbols, static_cast<float>(roll_off), 0.0F,
                        table_.data());
    const float peak = table_[std::size_t{table_steps} * pulse_span_symbols];
    for (float& value : table_) {
        value /= peak;
    }
}

double pulse::at(double time_symbols) const noexcept {
    const double place = (time_symbols + pulse_span_symbols) * table_steps;
    if (!(place >= 0.0) || place >= static_cast<double>(table_.size() - 1)) {
        return 0.0;
    }
    const auto index = static_cast<std::size_t>(place);
    const double fraction = place - static_cast<double>(index);
    return (1.0 - fraction) * static_cast<double>(table_[index]) +
           fraction * static_cast<double>(table_[index + 1]);
}

double pulse::slope_at(double time_symbols) const noexcept {
    constexpr double step = 2.0 / table_steps;
    return (at(time_symbols + step) - at(time_symbols - step)) / (2.0 * step);
}

pulse_bank::pulse_bank(double roll_off, double samples_per_symbol, unsigned phases_log2,
                       bool staggered)
    : phases_log2_(phases_log2),
      taps_((static_cast<std::size_t>(std::ceil(2.0 * bank_span_symbols * samples_per_symbol)) +
             bank_granularity - 1) /
            bank_granularity * bank_granularity),
      rows_(staggered ? 4 : 2), lines_((phases() * step() + 31) / 32) {
    const pulse shape(roll_off);
    std::vector<double> exact(phases() * step());
    double largest = 0.0;
    for (unsigned phase = 0; phase < phases(); ++phase) {
        for (std::size_t row = 0; row < rows_; ++row) {
            const auto values = std::span(exact).subspan(phase * step() + row * taps_, taps_);
            double sum = 0.0;
            for (std::size_t tap = 0; tap < taps_; ++tap) {
                const double samples = static_cast<double>(tap) - static_cast<double>(reach()) -
                                       static_cast<double>(phase) / static_cast<double>(phases());
                const double time = samples / samples_per_symbol - (row < 2 ? 0.0 : 0.5);
                values[tap] = row % 2 == 0 ? shape.at(time) / samples_per_symbol
                                           : -shape.slope_at(time) /
                                                 (samples_per_symbol * samples_per_symbol);
                sum += std::abs(values[tap]);
            }
            largest = std::max(largest, sum);
        }
    }
    // Rounded, each tap may be larger by a half.
    const double unit = largest / (65535.0 - 0.5 * static_cast<double>(taps_));
    unit_ = static_cast<float>(unit);
    std::transform(exact.begin(), exact.end(), &lines_[0].values[0], [unit](double value) {
        return static_cast<std::int16_t>(std::lround(value / unit));
    });
}

} // namespace landfall::dsp
