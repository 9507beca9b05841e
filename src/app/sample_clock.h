// SPDX-License-Identifier: MIT
// From a soft bit to the instant at which it was received: soft bit, sample, time.
#pragma once

#include "base/fixed_queue.h"
#include "base/time.h"
#include "dsp/receiver.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace landfall::app {

inline constexpr std::size_t most_clock_marks = 4096;

/// Times of samples, by the sources' time stamps. Exact to what the stamps are: between two of them
/// the nominal sample rate counts.
class sample_clock {
  public:
    /// Sample `index` was taken at `time`. Indices only grow.
    void mark(std::int64_t index, const base::timestamp& time, double sample_rate_hz);
    void clear() { marks_.clear(); }
    [[nodiscard]] std::optional<base::timestamp> time_of(const dsp::sample_position& at) const;

  private:
    struct entry {
        std::int64_t index;
        base::timestamp time;
        double sample_rate_hz;
    };
    base::fixed_queue<entry> marks_{most_clock_marks};
};

/// Places of soft bits among the samples. Remembers the last half a million symbols or more.
class soft_bit_clock {
  public:
    /// Soft bit `first` is at `at`, and the following ones `samples_per_bit` apart.
    void mark(std::int64_t first, const dsp::sample_position& at, double samples_per_bit);
    [[nodiscard]] std::optional<dsp::sample_position> place_of(std::int64_t soft_bit) const;

  private:
    struct entry {
        std::int64_t first;
        dsp::sample_position at;
        double samples_per_bit;
    };
    base::fixed_queue<entry> marks_{most_clock_marks};
};

} // namespace landfall::app
