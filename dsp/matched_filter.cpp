// SPDX-License-Identifier: MIT
#include "dsp/matched_filter.h"

#include <algorithm>
#include <cmath>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr unsigned bank_phases_log2 = 6;
constexpr double clock_margin = 1.001; // the tracked step may exceed the nominal one

/// Where the largest samples of late are put, of 32,767, and beyond which a block is mixed anew.
constexpr float usual_level = 10'000.0F;
constexpr float most_level = 32'000.0F;
constexpr float level_share = 1.0F / 256.0F; ///< that the level may fall by, per block
constexpr float least_level = 1e-18F;

std::size_t whole_vectors(std::size_t samples) noexcept {
    return (samples + mixed_at_once - 1) / mixed_at_once * mixed_at_once;
}

} // namespace

matched_filter::matched_filter(double roll_off, double samples_per_symbol, bool staggered)
    : bank_(roll_off, samples_per_symbol, bank_phases_log2, staggered),
      mixed_i_(whole_vectors(static_cast<std::size_t>(std::ceil(
                                 (block_symbols + 1) * samples_per_symbol * clock_margin)) +
                             bank_.taps() + 2)),
      mixed_q_(mixed_i_.size()), edge_(mixed_i_.size()) {}

std::ptrdiff_t matched_filter::first_sample(const carrier_state& at) const noexcept {
    return static_cast<std::ptrdiff_t>(std::floor(at.position)) -
           static_cast<std::ptrdiff_t>(bank_.reach());
}

std::ptrdiff_t matched_filter::end_sample(const carrier_state& at,
                                          std::size_t count) const noexcept {
    const double last = at.position + (static_cast<double>(count) - 0.5) * at.step;
    return static_cast<std::ptrdiff_t>(std::floor(last)) + 1 +
           static_cast<std::ptrdiff_t>(bank_.taps() - bank_.reach() + mixed_at_once);
}

void matched_filter::mix(std::span<const cf32> buffer, const carrier_state& at, std::size_t count) {
    at_ = at;
    mixed_first_ = first_sample(at);
    const auto size = static_cast<std::ptrdiff_t>(buffer.size());
    const auto wanted = static_cast<std::size_t>(end_sample(at, count) - mixed_first_);
    const std::size_t length = std::min(wanted / mixed_at_once * mixed_at_once, mixed_i_.size());
    const std::ptrdiff_t end = mixed_first_ + static_cast<std::ptrdiff_t>(length);
    const cf32* samples = edge_.data();
    if (mixed_first_ >= 0 && end <= size) {
        samples = buffer.data() + mixed_first_;
    } else {
        std::fill(edge_.begin(), edge_.end(), cf32{});
        const std::ptrdiff_t from = std::clamp<std::ptrdiff_t>(mixed_first_, 0, size);
        const std::ptrdiff_t to = std::clamp<std::ptrdiff_t>(end, from, size);
        if (from < to) {
            std::copy(buffer.begin() + from, buffer.begin() + to,
                      edge_.begin() + (from - mixed_first_));
        }
    }
    // The frequency at the block's middle: the phase is right at both ends.
    const double turn =
        at.frequency + 0.5 * at.frequency_rate * static_cast<double>(count) * at.step;
    const double phase = at.phase + turn * (static_cast<double>(mixed_first_) - at.position);
    scale_ = usual_level / std::max(level_, least_level);
    const float peak =
        mix_down(samples, length, phase, turn, scale_, mixed_i_.data(), mixed_q_.data());
    level_ = std::max(peak, (1.0F - level_share) * level_);
    if (peak * scale_ > most_level) {
        scale_ = usual_level / std::max(level_, least_level);
        mix_down(samples, length, phase, turn, scale_, mixed_i_.data(), mixed_q_.data());
    }
}

filter_job matched_filter::job(double delay_symbols, float scale,
                               const output& out) const noexcept {
    const double unit = std::ldexp(1.0, 32 + bank_phases_log2);
    const double origin = at_.position - static_cast<double>(mixed_first_) -
                          static_cast<double>(bank_.reach()) + delay_symbols * at_.step;
    return {.i = mixed_i_.data(),
            .q = mixed_q_.data(),
            .bank = bank_.row(0),
            .taps = bank_.taps(),
            .bank_step = bank_.step(),
            .phases_log2 = bank_.phases_log2(),
            .last_start = mixed_i_.size() - bank_.taps(),
            .place = static_cast<std::uint64_t>(origin * unit) + (std::uint64_t{1} << 31U),
            .step = static_cast<std::uint64_t>(at_.step * unit),
            .count = out.value.size(),
            .unit = scale * bank_.unit() / scale_,
            .value = out.value.data(),
            .slope = out.slope.data()};
}

void matched_filter::filter(double delay_symbols, float scale, output out) const noexcept {
    filter_symbols(job(delay_symbols, scale, out), out.wanted);
}

void matched_filter::filter_staggered(float scale, output out,
                                      std::span<cf32> late) const noexcept {
    dsp::filter_staggered(job(0.0, scale, out), late.data());
}

} // namespace landfall::dsp
