// SPDX-License-Identifier: MIT
// What differs between FSK in baseband IQ and in the audio of an FM receiver: finding the signal in
// a window, and following it.
#pragma once

#include "base/sample.h"
#include "dsp/matched_filter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace landfall::dsp {

/// A block of symbols, as detected.
struct fsk_step {
    static constexpr std::size_t symbols = 128;

    std::array<std::int8_t, symbols> soft{};
    std::array<base::cf32, symbols> points{}; ///< deviations of unit amplitude
    /// -1 in noise, on average, 1 or more for a signal that can be decoded: to be averaged.
    double metric = 0.0;
    double es_n0 = 0.0;       ///< ratio, smoothed
    double error_power = 0.0; ///< sum of squared distances to the nearest point
};

/// How often each three consecutive bits are seen.
using fsk_patterns = std::array<std::size_t, 8>;

/// Whether these are of data, not of a tone or a preamble: random bits give 1/8.
[[nodiscard]] inline bool is_varied(const fsk_patterns& seen) noexcept {
    double sum = 0.0;
    double squares = 0.0;
    for (const std::size_t count : seen) {
        sum += static_cast<double>(count);
        squares += static_cast<double>(count) * static_cast<double>(count);
    }
    constexpr double most = 0.22;
    return squares < (most + 1.0 / std::max(sum, 1.0)) * sum * sum;
}

/// Not thread-safe; allocates at construction only. Positions are in the buffer's samples.
class fsk_detector {
  public:
    fsk_detector() = default;
    virtual ~fsk_detector() = default;
    fsk_detector(const fsk_detector&) = delete;
    fsk_detector& operator=(const fsk_detector&) = delete;

    /// Whether there is a signal at the window's end: the state at the first of the symbols from
    /// which on it is there.
    virtual std::optional<carrier_state> search(std::span<const base::cf32> window) = 0;
    virtual void start(const carrier_state& at) = 0;
    /// One past the last sample that the next step needs.
    [[nodiscard]] virtual std::ptrdiff_t end_sample() const noexcept = 0;
    virtual void step(std::span<const base::cf32> buffer, fsk_step& out) = 0;
    [[nodiscard]] virtual const carrier_state& state() const noexcept = 0;
    /// The buffer's first `samples` samples are dropped.
    virtual void rebase(double samples) noexcept = 0;
    /// Samples before a symbol's centre that it needs.
    [[nodiscard]] virtual std::size_t reach() const noexcept = 0;
};

} // namespace landfall::dsp
