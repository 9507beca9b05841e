// SPDX-License-Identifier: MIT
// What the demodulator does to each sample and each symbol, in vectors: mixing, filtering at the
// wanted instants, detecting errors and making soft bits.
#pragma once

#include "base/sample.h"

#include <cstddef>
#include <cstdint>

namespace landfall::dsp {

/// Counts of samples, taps and symbols given to these functions are multiples of these.
inline constexpr std::size_t mixed_at_once = 16;
inline constexpr std::size_t taps_at_once = 8;
inline constexpr std::size_t symbols_at_once = 8;

/// Mixes `count` samples by scale · exp(-j(phase + n·turn)) to integers, pair by pair: I of two
/// samples, then Q of the same. Returns a sample's largest squared magnitude, before all that.
/// Where a result does not fit, it is wrong.
float mix_down(const base::cf32* samples, std::size_t count, double phase, double turn, float scale,
               std::int16_t* pairs) noexcept;

/// One call of `filter_symbols`. A place is in 2^-32 of a bank's phase.
struct filter_job {
    const std::int16_t* pairs; ///< samples, as mix_down() writes them
    const std::int16_t* bank;  ///< rows as those of pulse_bank
    std::size_t taps;
    std::size_t bank_step;  ///< from row to row
    unsigned phases_log2;   ///< of the bank
    std::size_t last_start; ///< symbols whose first sample lies beyond are left out
    std::uint64_t place;    ///< of the first symbol's first sample
    std::uint64_t step;     ///< from symbol to symbol
    std::size_t count;      ///< any
    float unit;             ///< that results are multiplied by
    base::cf32* value;      ///< the filter's output at each symbol's instant
    base::cf32* slope;      ///< its derivative by position, per sample; null: not wanted
};

void filter_symbols(const filter_job& job) noexcept;

/// OQPSK: also filters half a symbol later, to `late`. Slopes are those of I at its instant, and of
/// Q half a symbol later.
void filter_staggered(const filter_job& job, base::cf32* late) noexcept;

/// A block of symbols as a detector looks at it: rails have amplitude 1 where the signal is.
struct detector_input {
    const base::cf32* value;
    const base::cf32* slope;
    std::size_t count;
    float certainty; ///< ratio of a rail's power to its noise
};

/// Sums over a block's symbols, y being values of a rail, dy slopes, decisions soft ones of rails.
struct detector_sums {
    float amplitude = 0;   ///< decision · y, of every rail
    float power = 0;       ///< y², of every rail
    float timing = 0;      ///< decision · dy, of every rail
    float slope_loss = 0;  ///< (1 - decision²) · dy², of every rail
    float phase = 0;       ///< by how much symbols are turned
    float turn_gain = 0;   ///< how `phase` grows with a turn of certain symbols
    float turn_loss = 0;   ///< what it loses for uncertain ones, over the certainty
    float lock_wanted = 0; ///< see tracker::lock_metric()
    float lock_power = 0;
    float error = 0; ///< squared distances to the nearest point
};

/// A detector of one modulation: also writes soft bits, soft_amplitude to a rail of amplitude 1.
detector_sums detect_bpsk(const detector_input& in, std::int8_t* soft) noexcept;
detector_sums detect_qpsk(const detector_input& in, std::int8_t* soft) noexcept;
/// OQPSK: the Q rail comes from `late`, values half a symbol later; the slopes are the rails' own.
/// Writes points, too: I at its instant, Q at its own.
detector_sums detect_oqpsk(const detector_input& in, const base::cf32* late, std::int8_t* soft,
                           base::cf32* points) noexcept;

} // namespace landfall::dsp
