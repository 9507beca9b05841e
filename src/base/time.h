// SPDX-License-Identifier: MIT
// Instants with picosecond resolution, as IQ packets carry them.
#pragma once

#include <compare>
#include <cstdint>

namespace landfall::base {

inline constexpr std::int64_t picoseconds_per_second = 1'000'000'000'000;

/// An instant: seconds since 1970-01-01 (POSIX) and picoseconds, 0 to 999'999'999'999.
struct timestamp {
    std::int64_t seconds = 0;
    std::int64_t picoseconds = 0;

    auto operator<=>(const timestamp&) const = default;

    /// `offset_s` seconds later (or earlier). Exact to a picosecond for offsets up to an hour.
    [[nodiscard]] timestamp plus_seconds(double offset_s) const noexcept {
        const auto whole = static_cast<std::int64_t>(offset_s);
        const double fraction_ps =
            (offset_s - static_cast<double>(whole)) * static_cast<double>(picoseconds_per_second);
        return plus_picoseconds(
            whole,
            static_cast<std::int64_t>(fraction_ps < 0 ? fraction_ps - 0.5 : fraction_ps + 0.5));
    }

    [[nodiscard]] timestamp plus_picoseconds(std::int64_t whole_s, std::int64_t ps) const noexcept {
        timestamp sum{seconds + whole_s + ps / picoseconds_per_second,
                      picoseconds + ps % picoseconds_per_second};
        if (sum.picoseconds < 0) {
            sum.picoseconds += picoseconds_per_second;
            --sum.seconds;
        } else if (sum.picoseconds >= picoseconds_per_second) {
            sum.picoseconds -= picoseconds_per_second;
            ++sum.seconds;
        }
        return sum;
    }

    /// Seconds from `earlier` to this instant.
    [[nodiscard]] double seconds_since(const timestamp& earlier) const noexcept {
        return static_cast<double>(seconds - earlier.seconds) +
               static_cast<double>(picoseconds - earlier.picoseconds) /
                   static_cast<double>(picoseconds_per_second);
    }
};

} // namespace landfall::base
