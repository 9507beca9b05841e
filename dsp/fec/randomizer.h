// SPDX-License-Identifier: MIT
// The pseudo-randomizers (CCSDS 131.0-B-5, section 10): additive, restarted at the first bit after
// each sync marker.
#pragma once

#include "base/bytes.h"
#include "dsp/fec/coding.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::fec {

/// Writes the sequence's first octets. 255: x^8+x^7+x^5+x^3+1 from all ones (FF 48 0E C0 ...).
/// 131071: x^17+x^14+1 (1C 71 B9 1B A9 ...); of the standard's seed 11000111000111000 the last
/// digit is the first bit out.
void random_sequence(randomizer kind, std::span<std::uint8_t> out) noexcept;

/// The sequence of one codeblock's length, made once.
class sequence_randomizer {
  public:
    sequence_randomizer(randomizer kind, std::size_t octets);

    /// Adds the sequence (randomises and derandomises alike). At most the constructed length.
    void apply(std::span<std::uint8_t> block) const noexcept;

  private:
    std::vector<std::uint8_t> sequence_;
};

} // namespace landfall::fec
