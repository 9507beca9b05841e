// SPDX-License-Identifier: MIT
#include "dsp/fsk_modulator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace landfall::dsp {
namespace {

constexpr std::int64_t reach = 3; // symbols, at least frequency_pulse::reach_symbols
constexpr std::int64_t kept_symbols = 1024;

} // namespace

fsk_modulator::fsk_modulator(const waveform& wave, double samples_per_symbol, unsigned lead_symbols)
    : pulse_(wave), index_(wave.modulation_index), samples_per_symbol_(samples_per_symbol),
      lead_symbols_(lead_symbols) {}

void fsk_modulator::push(std::span<const std::uint8_t> bits, std::vector<base::cf32>& out) {
    for (const std::uint8_t bit : bits) {
        levels_.push_back(bit == 0 ? -1 : 1);
    }
    emit(out);
}

void fsk_modulator::flush(std::vector<base::cf32>& out) {
    levels_.insert(levels_.end(), lead_symbols_ + reach, 0);
    emit(out);
}

void fsk_modulator::emit(std::vector<base::cf32>& out) {
    const auto known = first_symbol_ + static_cast<std::int64_t>(levels_.size());
    for (;; ++next_sample_) {
        const double time = static_cast<double>(next_sample_) / samples_per_symbol_ -
                            static_cast<double>(lead_symbols_);
        const auto centre = static_cast<std::int64_t>(std::floor(time));
        if (centre + reach >= known) {
            break;
        }
        while (over_ < centre - reach) {
            turned_ += levels_[static_cast<std::size_t>(over_ - first_symbol_)];
            ++over_;
        }
        double turns = turned_;
        for (std::int64_t k = over_; k <= centre + reach; ++k) {
            turns += levels_[static_cast<std::size_t>(k - first_symbol_)] *
                     pulse_.area(time - static_cast<double>(k));
        }
        const double phase = std::remainder(turns * index_, 2.0) * std::numbers::pi;
        out.emplace_back(static_cast<float>(std::cos(phase)), static_cast<float>(std::sin(phase)));
    }
    if (over_ > first_symbol_ + kept_symbols) {
        levels_.erase(levels_.begin(), levels_.begin() + (over_ - first_symbol_));
        first_symbol_ = over_;
    }
}

} // namespace landfall::dsp
