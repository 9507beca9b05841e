// SPDX-License-Identifier: MIT
// A real signal as complex baseband of half the rate.
#pragma once

#include "base/sample.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::wire {

/// Shifts a real signal of rate fs down by fs/4, filters it with a half-band FIR (127 taps, Kaiser
/// window, 80 dB) and takes every second sample: what was at fs/4 comes to 0 Hz, at rate fs/2.
/// A real tone of amplitude 1 becomes a complex one of magnitude 1. The filter's delay is taken
/// out: output m belongs to the instant of input 2m. The band's edges, 2 % of fs at 0 and at fs/2,
/// are in the filter's transition.
class analytic_converter {
  public:
    static constexpr std::size_t reach =
        63; ///< inputs needed before and after the one in the middle

    explicit analytic_converter(std::size_t max_inputs);

    /// At most `max_inputs` at a time; the outputs are valid until the next call.
    std::span<const base::cf32> process(std::span<const float> inputs);
    /// The outputs that still wait for inputs, as if silence followed. Then it is at its end.
    std::span<const base::cf32> flush();

  private:
    void produce(std::uint64_t output_end);

    std::array<float, (reach + 1) / 2> taps_{}; // for the odd distances 1, 3, ... 63
    std::vector<float> inputs_;                 // from input 2 * next_output_ - reach on
    std::vector<base::cf32> outputs_;
    std::uint64_t input_count_ = 0;
    std::uint64_t next_output_ = 0;
};

} // namespace landfall::wire
