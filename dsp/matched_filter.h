// SPDX-License-Identifier: MIT
// Derotation and matched filtering, evaluated at the wanted instants only.
#pragma once

#include "base/sample.h"
#include "dsp/demod_kernels.h"
#include "dsp/pulse.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::dsp {

/// Where a carrier's symbols and phase are, in the coordinates of a sample buffer.
struct carrier_state {
    double position = 0.0;       ///< of the next symbol's pulse centre, in samples
    double step = 0.0;           ///< samples per symbol
    double phase = 0.0;          ///< of the carrier at `position`, radians
    double frequency = 0.0;      ///< at `position`, radians per sample
    double frequency_rate = 0.0; ///< radians per sample per sample

    /// Goes on by `symbols` (or back), nothing else changing.
    void advance(double symbols) noexcept {
        const double samples = symbols * step;
        position += samples;
        phase += (frequency + 0.5 * frequency_rate * samples) * samples;
        frequency += frequency_rate * samples;
    }
    [[nodiscard]] carrier_state advanced(double symbols) const noexcept {
        carrier_state later = *this;
        later.advance(symbols);
        return later;
    }
};

/// Evaluates a block of symbols: mixes the samples with the block's linearly advancing phase and
/// filters them at the symbol instants.
class matched_filter {
  public:
    static constexpr std::size_t block_symbols = 128; ///< at most

    /// `staggered`: for filter_staggered().
    matched_filter(double roll_off, double samples_per_symbol, bool staggered = false);

    /// First and one-past-last sample that a block of `count` symbols reaches, plus half a symbol.
    [[nodiscard]] std::ptrdiff_t first_sample(const carrier_state& at) const noexcept;
    [[nodiscard]] std::ptrdiff_t end_sample(const carrier_state& at,
                                            std::size_t count) const noexcept;

    /// Mixes the samples for `count` (at most block_symbols) symbols from `at` on. Samples outside
    /// `buffer` count as zero. `go_on`: what is still there of the block before is left as it was
    /// mixed, for carriers whose phase and frequency hardly move from block to block; else a change
    /// leaves no transient in the filter.
    void mix(std::span<const base::cf32> buffer, const carrier_state& at, std::size_t count,
             bool go_on = false);
    /// What is mixed next does not continue what was: results do not depend on it.
    void restart() noexcept;
    /// The buffer's first `samples` samples are dropped.
    void rebase(std::ptrdiff_t samples) noexcept {
        mixed_first_ -= samples;
        mixed_end_ -= samples;
    }
    struct output {
        std::span<base::cf32> value; ///< the filter's output at each instant
        std::span<base::cf32> slope; ///< its derivative by position, per sample; as many, or none
    };
    /// Filters what mix() prepared, `delay_symbols` (0 or 0.5) after each symbol instant, and
    /// multiplies by `scale`.
    void filter(double delay_symbols, float scale, output out) const noexcept;
    /// At once, values half a symbol later: to `late`. Slopes are those of I, and of Q later.
    void filter_staggered(float scale, output out, std::span<base::cf32> late) const noexcept;

    /// More samples than any symbol needs before its instant.
    [[nodiscard]] std::size_t reach() const noexcept { return bank_.taps() / 2; }

  private:
    [[nodiscard]] filter_job job(double delay_symbols, float scale,
                                 const output& out) const noexcept;
    [[nodiscard]] const base::cf32* samples_at(std::span<const base::cf32> buffer,
                                               std::ptrdiff_t first, std::size_t count);
    void mix_from(std::span<const base::cf32> buffer, std::ptrdiff_t from, double turn);
    void make_room(std::ptrdiff_t first) noexcept;

    pulse_bank bank_;
    std::size_t block_samples_;       ///< at most, of a block
    std::vector<std::int16_t> mixed_; ///< in pairs
    float level_ = 0.0F;              ///< squared, of the largest samples of late
    float scale_ = 1.0F;              ///< of the mixed samples
    std::vector<base::cf32> edge_;    ///< a copy of samples at the buffer's ends
    double unit_;                     ///< of a filter_job's places, in samples
    std::ptrdiff_t mixed_first_ = 0;  ///< in the buffer
    std::ptrdiff_t mixed_end_ = 0;    ///< likewise
    carrier_state at_;
};

} // namespace landfall::dsp
