// SPDX-License-Identifier: MIT
#include "app/sample_clock.h"

#include <cmath>

namespace landfall::app {
namespace {

constexpr std::int64_t least_distance_samples = 4096;

/// How many of the entries, from the oldest on, have a key not greater than `key`.
template <class Entries, class Key>
std::size_t count_not_after(const Entries& entries, std::int64_t key, Key key_of) {
    std::size_t low = 0;
    for (std::size_t high = entries.size(); low < high;) {
        const std::size_t middle = low + (high - low) / 2;
        if (key_of(entries[middle]) <= key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

} // namespace

void sample_clock::mark(std::int64_t index, const base::timestamp& time, double sample_rate_hz) {
    if (!marks_.empty() && index < marks_.back().index + least_distance_samples) {
        return;
    }
    if (marks_.full()) {
        marks_.pop_front();
    }
    marks_.push_back({index, time, sample_rate_hz});
}

std::optional<base::timestamp> sample_clock::time_of(const dsp::sample_position& at) const {
    if (marks_.empty()) {
        return std::nullopt;
    }
    const auto before = count_not_after(marks_, at.whole, [](const entry& e) { return e.index; });
    const entry& mark = marks_[before == 0 ? 0 : before - 1];
    const double samples = static_cast<double>(at.whole - mark.index) + at.fraction;
    return mark.time.plus_seconds(samples / mark.sample_rate_hz);
}

void soft_bit_clock::mark(std::int64_t first, const dsp::sample_position& at,
                          double samples_per_bit) {
    if (marks_.full()) {
        marks_.pop_front();
    }
    marks_.push_back({first, at, samples_per_bit});
}

std::optional<dsp::sample_position> soft_bit_clock::place_of(std::int64_t soft_bit) const {
    const auto before = count_not_after(marks_, soft_bit, [](const entry& e) { return e.first; });
    if (before == 0) {
        return std::nullopt;
    }
    const entry& found = marks_[before - 1];
    const double samples =
        found.at.fraction + static_cast<double>(soft_bit - found.first) * found.samples_per_bit;
    const double whole = std::floor(samples);
    return dsp::sample_position{found.at.whole + static_cast<std::int64_t>(whole), samples - whole};
}

} // namespace landfall::app
