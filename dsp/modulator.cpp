// SPDX-License-Identifier: MIT
#include "dsp/modulator.h"

#include "dsp/psk8.h"

#include <cmath>

namespace landfall::dsp {
namespace {

using base::cf32;
constexpr unsigned fine_steps = 1024; // of the pulse per symbol; the nearest is taken

} // namespace

modulator::modulator(const waveform& wave, double samples_per_symbol)
    : kind_(wave.kind), samples_per_symbol_(samples_per_symbol), shape_(wave.roll_off),
      fine_(std::size_t{2} * fine_steps * pulse_span_symbols + 1) {
    if (is_frequency_modulated(kind_)) {
        fsk_.emplace(wave, samples_per_symbol, pulse_span_symbols);
        return;
    }
    double energy = 0.0;
    for (std::size_t i = 0; i < fine_.size(); ++i) {
        const double time = static_cast<double>(i) / fine_steps - pulse_span_symbols;
        fine_[i] = static_cast<float>(shape_.at(time));
        energy += shape_.at(time) * shape_.at(time) / fine_steps;
    }
    const double rail = kind_ == modulation::bpsk ? 1.0 : std::sqrt(0.5);
    for (float& value : fine_) {
        value = static_cast<float>(static_cast<double>(value) * rail / std::sqrt(energy));
    }
}

void modulator::push(std::span<const std::uint8_t> bits, std::vector<cf32>& out) {
    if (fsk_) {
        fsk_->push(bits, out);
        return;
    }
    const auto level = [](std::uint8_t bit) { return bit == 0 ? 1.0F : -1.0F; };
    for (const std::uint8_t bit : bits) {
        if (kind_ == modulation::bpsk) {
            symbols_.emplace_back(level(bit), 0.0F);
            continue;
        }
        odd_bit_.push_back(bit);
        if (kind_ == modulation::psk8) {
            if (odd_bit_.size() == 3) {
                symbols_.push_back(psk8_point(odd_bit_[0], odd_bit_[1], odd_bit_[2]));
                odd_bit_.clear();
            }
            continue;
        }
        if (odd_bit_.size() == 2) {
            symbols_.emplace_back(level(odd_bit_[0]), level(odd_bit_[1]));
            odd_bit_.clear();
        }
    }
    emit(out);
}

void modulator::emit(std::vector<cf32>& out) {
    constexpr auto span = static_cast<std::int64_t>(pulse_span_symbols);
    const double late = kind_ == modulation::oqpsk ? 0.5 : 0.0;
    const auto known = first_symbol_ + static_cast<std::int64_t>(symbols_.size());
    const auto value = [&](double time) {
        const double place = (time + pulse_span_symbols) * fine_steps + 0.5;
        return place >= 0.0 && place < static_cast<double>(fine_.size())
                   ? fine_[static_cast<std::size_t>(place)]
                   : 0.0F;
    };
    for (;; ++next_sample_) {
        const double time = static_cast<double>(next_sample_) / samples_per_symbol_ - span;
        const auto centre = static_cast<std::int64_t>(std::floor(time));
        if (centre + span + 1 >= known) {
            break;
        }
        float in_phase = 0.0F;
        float quadrature = 0.0F;
        for (std::int64_t k = std::max(first_symbol_, centre - span); k <= centre + span + 1; ++k) {
            const cf32 symbol = symbols_[static_cast<std::size_t>(k - first_symbol_)];
            const double distance = time - static_cast<double>(k);
            in_phase += symbol.real() * value(distance);
            quadrature += symbol.imag() * value(distance - late);
        }
        out.emplace_back(in_phase, quadrature);
    }
    const double time = static_cast<double>(next_sample_) / samples_per_symbol_ - span;
    const auto done = static_cast<std::int64_t>(std::floor(time)) - span - 2;
    if (done > first_symbol_ + 4096) {
        symbols_.erase(symbols_.begin(), symbols_.begin() + (done - first_symbol_));
        first_symbol_ = done;
    }
}

void modulator::flush(std::vector<cf32>& out) {
    if (fsk_) {
        fsk_->flush(out);
        return;
    }
    symbols_.insert(symbols_.end(), 2 * pulse_span_symbols + 2, cf32{});
    emit(out);
}

} // namespace landfall::dsp
