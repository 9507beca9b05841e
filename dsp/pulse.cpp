// SPDX-License-Identifier: MIT
#include "dsp/pulse.h"

#include <liquid/liquid.h>

#include <cmath>
#include <complex>

namespace landfall::dsp {
namespace {

constexpr unsigned table_steps = 512; // per symbol: linear interpolation errs by less than 1e-5

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

pulse_bank::pulse_bank(double roll_off, double samples_per_symbol, unsigned phases)
    : phases_(phases),
      reach_(static_cast<std::size_t>(std::ceil(pulse_span_symbols * samples_per_symbol))),
      row_floats_((2 * (2 * reach_ + 2) + 7) / 8 * 8), values_(row_floats_ * phases),
      slopes_(row_floats_ * phases) {
    const pulse shape(roll_off);
    for (unsigned phase = 0; phase < phases; ++phase) {
        for (std::size_t tap = 0; tap < 2 * reach_ + 2; ++tap) {
            const double time_symbols = (static_cast<double>(tap) - static_cast<double>(reach_) -
                                         static_cast<double>(phase) / static_cast<double>(phases)) /
                                        samples_per_symbol;
            const std::size_t place = phase * row_floats_ + 2 * tap;
            const auto value = static_cast<float>(shape.at(time_symbols) / samples_per_symbol);
            const auto slope = static_cast<float>(-shape.slope_at(time_symbols) /
                                                  (samples_per_symbol * samples_per_symbol));
            values_[place] = values_[place + 1] = value;
            slopes_[place] = slopes_[place + 1] = slope;
        }
    }
}

} // namespace landfall::dsp
