// SPDX-License-Identifier: MIT
#include "dsp/matched_filter.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr unsigned bank_phases = 64;
constexpr std::size_t lanes = 8;
constexpr double clock_margin = 1.001; // the tracked step may exceed the nominal one

cf32 dot(const float* samples, const float* taps, std::size_t floats) noexcept {
    std::array<float, lanes> sum{};
    for (std::size_t i = 0; i < floats; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            sum[lane] += samples[i + lane] * taps[i + lane];
        }
    }
    return {sum[0] + sum[2] + sum[4] + sum[6], sum[1] + sum[3] + sum[5] + sum[7]};
}

cf32 times(cf32 a, cf32 b) noexcept {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

} // namespace

carrier_state carrier_state::advanced(double symbols) const noexcept {
    const double samples = symbols * step;
    carrier_state later = *this;
    later.position += samples;
    later.phase += (frequency + 0.5 * frequency_rate * samples) * samples;
    later.frequency += frequency_rate * samples;
    return later;
}

matched_filter::matched_filter(double roll_off, double samples_per_symbol)
    : bank_(roll_off, samples_per_symbol, bank_phases),
      mixed_(static_cast<std::size_t>(
                 std::ceil((block_symbols + 1) * samples_per_symbol * clock_margin)) +
             bank_.row_floats() / 2 + 2 * lanes) {}

std::ptrdiff_t matched_filter::first_sample(const carrier_state& at) const noexcept {
    return static_cast<std::ptrdiff_t>(std::floor(at.position)) -
           static_cast<std::ptrdiff_t>(bank_.reach());
}

std::ptrdiff_t matched_filter::end_sample(const carrier_state& at,
                                          std::size_t count) const noexcept {
    const double last = at.position + (static_cast<double>(count) - 0.5) * at.step;
    return static_cast<std::ptrdiff_t>(std::floor(last)) +
           static_cast<std::ptrdiff_t>(bank_.reach()) + 3;
}

void matched_filter::mix(std::span<const cf32> buffer, const carrier_state& at, std::size_t count) {
    at_ = at;
    mixed_first_ = first_sample(at);
    const auto size = static_cast<std::ptrdiff_t>(buffer.size());
    const auto wanted = static_cast<std::size_t>(end_sample(at, count) - mixed_first_);
    const std::size_t length = std::min(wanted, mixed_.size());
    constexpr std::size_t ways = 4; // phasors side by side, each advanced by `ways` samples
    const double start =
        -(at.phase + at.frequency * (static_cast<double>(mixed_first_) - at.position));
    std::array<cf32, ways> phasor;
    for (std::size_t way = 0; way < ways; ++way) {
        const double angle = start - at.frequency * static_cast<double>(way);
        phasor[way] = {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
    }
    const double turn = -at.frequency * static_cast<double>(ways);
    const cf32 step{static_cast<float>(std::cos(turn)), static_cast<float>(std::sin(turn))};
    const auto inside = [&](std::ptrdiff_t index) { return index >= 0 && index < size; };
    const bool whole =
        inside(mixed_first_) && inside(mixed_first_ + static_cast<std::ptrdiff_t>(length + ways));
    for (std::size_t i = 0; i < length; i += ways) {
        for (std::size_t way = 0; way < ways; ++way) {
            const std::ptrdiff_t index = mixed_first_ + static_cast<std::ptrdiff_t>(i + way);
            const cf32 sample =
                whole || inside(index) ? buffer[static_cast<std::size_t>(index)] : cf32{};
            mixed_[i + way] = times(sample, phasor[way]);
            phasor[way] = times(phasor[way], step);
        }
    }
    std::fill(mixed_.begin() + static_cast<std::ptrdiff_t>(length), mixed_.end(), cf32{});
}

void matched_filter::filter(double delay_symbols, output out) const noexcept {
    const double origin = at_.position + delay_symbols * at_.step -
                          static_cast<double>(mixed_first_) - static_cast<double>(bank_.reach());
    const float* samples = &reinterpret_cast<const float(&)[2]>(mixed_[0])[0];
    const auto last_start = mixed_.size() - bank_.row_floats() / 2;
    for (std::size_t k = 0; k < out.value.size(); ++k) {
        const double place = origin + static_cast<double>(k) * at_.step;
        const auto fine = static_cast<std::size_t>(std::max(0.0, place * bank_phases + 0.5));
        const std::size_t start = std::min(fine / bank_phases, last_start);
        const std::size_t phase = fine % bank_phases;
        out.value[k] = dot(samples + 2 * start, bank_.row(phase), bank_.row_floats());
        if (!out.slope.empty()) {
            out.slope[k] = dot(samples + 2 * start, bank_.slope_row(phase), bank_.row_floats());
        }
    }
}

} // namespace landfall::dsp
