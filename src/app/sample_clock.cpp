// SPDX-License-Identifier: MIT
#include "app/sample_clock.h"

#include <algorithm>
#include <cmath>

namespace landfall::app {
namespace {

constexpr std::size_t most_marks = 4096;
constexpr std::int64_t least_distance_samples = 4096;
constexpr std::size_t most_soft_marks = 4096;

/// The last entry whose key is not greater than `key`; end() when there is none.
template <class Entries, class Key>
auto last_not_after(const Entries& entries, std::int64_t key, Key key_of) {
    const auto after =
        std::upper_bound(entries.begin(), entries.end(), key,
                         [&](std::int64_t wanted, const auto& e) { return wanted < key_of(e); });
    return after == entries.begin() ? entries.end() : after - 1;
}

} // namespace

void sample_clock::mark(std::int64_t index, const base::timestamp& time, double sample_rate_hz) {
    if (!marks_.empty() && index < marks_.back().index + least_distance_samples) {
        return;
    }
    if (marks_.size() == most_marks) {
        marks_.pop_front();
    }
    marks_.push_back({index, time, sample_rate_hz});
}

std::optional<base::timestamp> sample_clock::time_of(const dsp::sample_position& at) const {
    if (marks_.empty()) {
        return std::nullopt;
    }
    const auto found = last_not_after(marks_, at.whole, [](const entry& e) { return e.index; });
    const entry& mark = found == marks_.end() ? marks_.front() : *found;
    const double samples = static_cast<double>(at.whole - mark.index) + at.fraction;
    return mark.time.plus_seconds(samples / mark.sample_rate_hz);
}

void soft_bit_clock::mark(std::int64_t first, const dsp::sample_position& at,
                          double samples_per_bit) {
    if (marks_.size() == most_soft_marks) {
        marks_.pop_front();
    }
    marks_.push_back({first, at, samples_per_bit});
}

std::optional<dsp::sample_position> soft_bit_clock::place_of(std::int64_t soft_bit) const {
    const auto found = last_not_after(marks_, soft_bit, [](const entry& e) { return e.first; });
    if (found == marks_.end()) {
        return std::nullopt;
    }
    const double samples =
        found->at.fraction + static_cast<double>(soft_bit - found->first) * found->samples_per_bit;
    const double whole = std::floor(samples);
    return dsp::sample_position{found->at.whole + static_cast<std::int64_t>(whole),
                                samples - whole};
}

} // namespace landfall::app
