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

pulse_bank::pulse_bank(double roll_off, double samples_per_symbol, unsigned phases_log2)
    : phases_log2_(phases_log2),
      taps_((static_cast<std::size_t>(std::ceil(2.0 * bank_span_symbols * samples_per_symbol)) +
             bank_granularity - 1) /
            bank_granularity * bank_granularity),
      lines_(phases() * taps_ / 16) {
    const pulse shape(roll_off);
    std::vector<double> exact(phases() * 2 * taps_);
    double largest = 0.0;
    for (unsigned phase = 0; phase < phases(); ++phase) {
        const auto values = std::span(exact).subspan(phase * 2 * taps_, 2 * taps_);
        double sum = 0.0;
        double slope_sum = 0.0;
        for (std::size_t tap = 0; tap < taps_; ++tap) {
            const double time_symbols =
                (static_cast<double>(tap) - static_cast<double>(reach()) -
                 static_cast<double>(phase) / static_cast<double>(phases())) /
                samples_per_symbol;
            values[tap] = shape.at(time_symbols) / samples_per_symbol;
            values[taps_ + tap] =
                -shape.slope_at(time_symbols) / (samples_per_symbol * samples_per_symbol);
            sum += std::abs(values[tap]);
            slope_sum += std::abs(values[taps_ + tap]);
        }
        largest = std::max({largest, sum, slope_sum});
    }
    // Rounded, each tap may be larger by a half.
    const double unit = largest / (65535.0 - 0.5 * static_cast<double>(taps_));
    unit_ = static_cast<float>(unit);
    std::transform(exact.begin(), exact.end(), &lines_[0].values[0], [unit](double value) {
        return static_cast<std::int16_t>(std::lround(value / unit));
    });
}

} // namespace landfall::dsp
