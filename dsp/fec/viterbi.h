// SPDX-License-Identifier: MIT
// The Viterbi decoder of the K=7 code, on many independent segments side by side: one in each lane
// of the processor's vectors (dsp/fec/README.md says how).
#pragma once

#include "dsp/fec/coding.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::fec {

/// Decodes segments of the code whose first and last states are unknown: each starts some bits
/// before those wanted (warm-up) and goes on some bits after (margin), or over erasures where there
/// is nothing. A segment's bits depend on its own soft bits alone: not on which others are decoded
/// with it, nor on the processor. Not to be used by two threads at once.
class viterbi {
  public:
    /// Bits that are given besides, before each segment: the encoder's memory.
    static constexpr std::size_t history_bits = 6;
    /// Wider vectors gain nothing where the processor works them off by halves, and need twice the
    /// bits at once.
    static constexpr std::size_t most_lanes = 16;

    struct segment {
        /// C1 and C2 of the first bit, without inversion: positive means 0, 0 is an erasure, -127
        /// to 127. `before_bits()` pairs before it are read, and `after_bits()` after the segment.
        const std::int8_t* soft = nullptr;
        /// Takes `history_bits` bits that precede the segment, then the segment's.
        std::uint8_t* bits = nullptr;
    };

    /// `rate` settles how long warm-up and margin are; `segment_bits` is the length of a segment.
    viterbi(code_rate rate, std::size_t segment_bits);

    [[nodiscard]] std::size_t before_bits() const noexcept { return before_bits_; }
    [[nodiscard]] std::size_t after_bits() const noexcept {
        return steps_ - before_bits_ - segment_bits_;
    }
    [[nodiscard]] std::size_t segment_bits() const noexcept { return segment_bits_; }

    /// Bits are written in the order of the segments, so these may overlap: the later one stays.
    void decode(std::span<const segment> segments) noexcept;

    /// How many segments are decoded at once on this processor.
    [[nodiscard]] static std::size_t lanes() noexcept;

  private:
    struct alignas(64) line {
        std::array<std::int16_t, 32> words;
    };

    std::size_t segment_bits_, before_bits_, steps_;
    std::vector<line> survivors_; ///< by window, state and lane: the state at the window's start
    std::vector<std::uint8_t> traced_; ///< states by window and lane
};

} // namespace landfall::fec
