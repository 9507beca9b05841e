// SPDX-License-Identifier: MIT
#include "dsp/matched_filter.h"

#include <algorithm>
#include <cmath>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr double clock_margin = 1.001; // the tracked step may exceed the nominal one
constexpr std::size_t kept_blocks = 4; // mixed samples are moved once in so many

/// Where the largest samples of late are put, of 32,767, and beyond which they are mixed anew.
constexpr float usual_level = 10'000.0F;
constexpr float most_level = 32'000.0F;
constexpr float least_used_level = 5'000.0F;
constexpr float level_share = 1.0F / 64.0F; ///< of its square, that a level may fall by, per block
constexpr float least_level = 1e-18F;

constexpr float square(float level) noexcept {
    return level * level;
}
constexpr float most_power = 1e36F; // whatever comes, its square is finite

float scale_for(float level) noexcept {
    return usual_level / std::max(std::sqrt(level), least_level);
}

/// Of a sample: as many as leave a symbol at least 128.
unsigned bank_phases_log2(double samples_per_symbol) noexcept {
    return samples_per_symbol < 4.0 ? 6 : samples_per_symbol < 8.0 ? 5 : 4;
}

std::size_t whole_vectors(std::size_t samples) noexcept {
    return (samples + mixed_at_once - 1) / mixed_at_once * mixed_at_once;
}

} // namespace

matched_filter::matched_filter(double roll_off, double samples_per_symbol, bool staggered)
    : bank_(roll_off, samples_per_symbol, bank_phases_log2(samples_per_symbol), staggered),
      block_samples_(whole_vectors(static_cast<std::size_t>(std::ceil(
                                       (block_symbols + 1) * samples_per_symbol * clock_margin)) +
                                   bank_.taps() + 2)),
      mixed_(2 * kept_blocks * block_samples_), edge_(block_samples_),
      unit_(std::ldexp(1.0, 32 + static_cast<int>(bank_.phases_log2()))) {}

void matched_filter::restart() noexcept {
    level_ = 0.0F;
    mixed_end_ = mixed_first_ - 1;
}

std::ptrdiff_t matched_filter::first_sample(const carrier_state& at) const noexcept {
    return static_cast<std::ptrdiff_t>(std::floor(at.position - bank_.lead()));
}

std::ptrdiff_t matched_filter::end_sample(const carrier_state& at,
                                          std::size_t count) const noexcept {
    const double last = at.position + (static_cast<double>(count) - 0.5) * at.step - bank_.lead();
    return static_cast<std::ptrdiff_t>(std::floor(last)) + 1 +
           static_cast<std::ptrdiff_t>(bank_.taps() + mixed_at_once);
}

const cf32* matched_filter::samples_at(std::span<const cf32> buffer, std::ptrdiff_t first,
                                       std::size_t count) {
    const auto size = static_cast<std::ptrdiff_t>(buffer.size());
    const std::ptrdiff_t end = first + static_cast<std::ptrdiff_t>(count);
    if (first >= 0 && end <= size) {
        return buffer.data() + first;
    }
    std::fill(edge_.begin(), edge_.end(), cf32{});
    const std::ptrdiff_t from = std::clamp<std::ptrdiff_t>(first, 0, size);
    const std::ptrdiff_t to = std::clamp<std::ptrdiff_t>(end, from, size);
    if (from < to) {
        std::copy(buffer.begin() + from, buffer.begin() + to, edge_.begin() + (from - first));
    }
    return edge_.data();
}

/// What is before `first` is no longer needed.
void matched_filter::make_room(std::ptrdiff_t first) noexcept {
    const std::ptrdiff_t pairs = (first - mixed_first_) / 2;
    std::copy(mixed_.begin() + 4 * pairs, mixed_.begin() + 2 * (mixed_end_ - mixed_first_),
              mixed_.begin());
    mixed_first_ += 2 * pairs;
}

/// As far as mixed_end_.
void matched_filter::mix_from(std::span<const cf32> buffer, std::ptrdiff_t from, double turn) {
    const auto count = static_cast<std::size_t>(mixed_end_ - from);
    const double phase = at_.phase + turn * (static_cast<double>(from) - at_.position);
    const float peak = mix_down(samples_at(buffer, from, count), count, phase, turn, scale_,
                                mixed_.data() + 2 * (from - mixed_first_));
    level_ = std::max(std::min(peak, most_power), level_);
}

void matched_filter::mix(std::span<const cf32> buffer, const carrier_state& at, std::size_t count,
                         bool go_on) {
    at_ = at;
    // The frequency at the block's middle: the phase is right at both ends.
    const double turn =
        at.frequency + 0.5 * at.frequency_rate * static_cast<double>(count) * at.step;
    const std::ptrdiff_t first = first_sample(at);
    const auto end_of = [&](std::ptrdiff_t from) {
        const auto wanted = static_cast<std::size_t>(end_sample(at, count) - from);
        return from + static_cast<std::ptrdiff_t>(
                          std::min(wanted / mixed_at_once * mixed_at_once, block_samples_));
    };
    level_ *= 1.0F - level_share;
    const bool goes_on = go_on && first >= mixed_first_ && first <= mixed_end_ &&
                         mixed_end_ <= end_sample(at, count) &&
                         level_ * square(scale_) >= square(least_used_level);
    if (goes_on) {
        const std::ptrdiff_t from = mixed_end_;
        const std::ptrdiff_t end = end_of(from);
        if (2 * (end - mixed_first_) > std::ssize(mixed_)) {
            make_room(first);
        }
        mixed_end_ = end;
        mix_from(buffer, from, turn);
    }
    if (!goes_on || level_ * square(scale_) > square(most_level)) {
        mixed_first_ = first;
        mixed_end_ = end_of(first);
        scale_ = scale_for(level_);
        mix_from(buffer, first, turn);
    }
    if (level_ * square(scale_) > square(most_level)) {
        scale_ = scale_for(level_);
        mix_from(buffer, first, turn);
    }
}

filter_job matched_filter::job(double delay_symbols, float scale,
                               const output& out) const noexcept {
    const double origin =
        at_.position - static_cast<double>(mixed_first_) - bank_.lead() + delay_symbols * at_.step;
    return {.pairs = mixed_.data(),
            .bank = bank_.row(0, false),
            .taps = bank_.taps(),
            .bank_step = bank_.step(),
            .phases_log2 = bank_.phases_log2(),
            .last_start = mixed_.size() / 2 - bank_.taps(),
            .place = static_cast<std::uint64_t>(origin * unit_) + (std::uint64_t{1} << 31U),
            .step = static_cast<std::uint64_t>(at_.step * unit_),
            .count = out.value.size(),
            .unit = scale * bank_.unit() / scale_,
            .value = out.value.data(),
            .slope = out.slope.data()};
}

void matched_filter::filter(double delay_symbols, float scale, output out) const noexcept {
    filter_symbols(job(delay_symbols, scale, out));
}

void matched_filter::filter_staggered(float scale, output out,
                                      std::span<cf32> late) const noexcept {
    dsp::filter_staggered(job(0.0, scale, out), late.data());
}

} // namespace landfall::dsp
