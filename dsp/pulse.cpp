// SPDX-License-Identifier: MIT
#include "dsp/pulse.h"

#include <liquid/liquid.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>

namespace landfall::dsp {
namespace {

constexpr unsigned table_steps = 512; // per symbol: linear interpolation errs by less than 1e-5

/// To either side. That costs 0.001 dB of the matched filter's gain, and lets symbols interfere at
/// -43 dB at most, at any roll-off.
constexpr double bank_span_symbols = 5.5;
constexpr std::size_t bank_granularity = 8;

std::size_t bank_taps(double samples_per_symbol, bool staggered) {
    const double span = (2.0 * bank_span_symbols + (staggered ? 0.5 : 0.0)) * samples_per_symbol;
    const std::size_t taps = static_cast<std::size_t>(std::ceil(span)) + 1; // one is zero
    return (taps + bank_granularity - 1) / bank_granularity * bank_granularity;
}

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
    : phases_log2_(phases_log2), taps_(bank_taps(samples_per_symbol, staggered)),
      rows_(staggered ? 3 : 2),
      // In the middle between an instant and, if there is one, that half a symbol later.
      lead_(0.5 * static_cast<double>(taps_ - 3) - (staggered ? 0.25 * samples_per_symbol : 0.0)),
      lines_((2 * phases() * step() + 31) / 32) {
    const pulse shape(roll_off);
    const double late = staggered ? 0.5 : 0.0;
    const auto value = [&](double time) { return shape.at(time) / samples_per_symbol; };
    const auto slope = [&](double time) {
        return -shape.slope_at(time) / (samples_per_symbol * samples_per_symbol);
    };
    // Of each phase: values, slopes of I and of Q, late values.
    const std::size_t used = taps_ - 1;
    std::vector<std::array<double, 4>> exact(phases() * used);
    double largest = 0.0;
    for (unsigned phase = 0; phase < phases(); ++phase) {
        std::array<double, 4> sums{};
        for (std::size_t tap = 0; tap < used; ++tap) {
            const double samples = static_cast<double>(tap) - lead_ -
                                   static_cast<double>(phase) / static_cast<double>(phases());
            const double time = samples / samples_per_symbol;
            auto& each = exact[phase * used + tap];
            each = {value(time), slope(time), slope(time - late), value(time - late)};
            for (std::size_t kind = 0; kind < each.size(); ++kind) {
                sums[kind] += std::abs(each[kind]);
            }
        }
        largest = std::max(largest, *std::max_element(sums.begin(), sums.end()));
    }
    // Rounded, each tap may be larger by a half.
    const double unit = largest / (65535.0 - 0.5 * static_cast<double>(taps_));
    unit_ = static_cast<float>(unit);
    constexpr std::array<std::array<std::size_t, 2>, 3> kinds{{{0, 0}, {1, 2}, {3, 3}}}; // I, Q
    for (std::size_t place = 0; place < exact.size(); ++place) {
        for (std::size_t odd = 0; odd < 2; ++odd) {
            const std::size_t tap = place % used + odd;
            std::int16_t* const first = &lines_[0].values[(odd * phases() + place / used) * step()];
            for (std::size_t to = 0; to < 2 * rows_; ++to) {
                const double of = exact[place][kinds[to / 2][to % 2]];
                first[to / 2 * 2 * taps_ + tap / 2 * 4 + to % 2 * 2 + tap % 2] =
                    static_cast<std::int16_t>(std::lround(of / unit));
            }
        }
    }
}

} // namespace landfall::dsp
