// SPDX-License-Identifier: MIT
// What the inner decoder does to each bit beside decoding, in vectors: depuncturing, and encoding
// again to compare.
#pragma once

#include "dsp/fec/coding.h"
#include "dsp/fec/puncture.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::fec {

/// Octets that these functions may read, or write, after the end of what they are given.
inline constexpr std::size_t kernel_slack_octets = 64;

/// Puts channel bits into pairs of C1 and C2.
class depuncturer {
  public:
    explicit depuncturer(const coding& code) noexcept;

    /// `channel`: soft bits of `periods` puncture periods, -128 taken as -127. Writes the pairs, of
    /// which none is inverted, erasures where nothing was sent. Slack on both.
    void run(const std::int8_t* channel, std::size_t periods, std::int8_t* pairs) const noexcept;

  private:
    std::size_t periods_at_once_;
    std::size_t channel_step_, pair_step_;          ///< octets at once
    alignas(16) std::array<std::uint8_t, 16> from_; ///< channel bit of each place; 0x80: none
    alignas(16) std::array<std::int8_t, 16> flip_;  ///< -1 where the channel bit is inverted
};

/// How far received bits disagree with the decoded ones.
struct sub_score {
    std::uint32_t loss = 0;   ///< sum of |soft| that disagree
    std::uint32_t square = 0; ///< sum of their squares
    std::uint32_t weight = 0; ///< sum of |soft|
    std::uint16_t bits = 0;   ///< not erased
    std::uint16_t errors = 0; ///< of these, disagreeing
};

/// Encodes as many bits as the scores share evenly, six before them being read too, and compares
/// with `pairs`. `coded` has room for the pairs. Slack on all three.
void score_pairs(const std::uint8_t* bits, const std::int8_t* pairs, std::size_t bits_per_score,
                 std::int8_t* coded, std::span<sub_score> scores) noexcept;

} // namespace landfall::fec
