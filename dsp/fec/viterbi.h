// SPDX-License-Identifier: MIT
// The Viterbi decoder of the K=7 code, on independent blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace landfall::fec {

/// Decodes a stretch of the code whose first and last states are unknown: bits near either end are
/// weak, so the caller gives some before (warm-up) and after (margin) those wanted, or erasures
/// where there is nothing. Not to be used by two threads at once.
class viterbi {
  public:
    /// Erasures that stand at an end make it decode from, or to, the best of all states.
    static constexpr std::size_t free_end_bits = 8;

    explicit viterbi(std::size_t max_bits);

    /// `soft` has C1 and C2 for each information bit, without inversion: positive means 0, 0 is an
    /// erasure, -127 to 127. Writes the bits from `skip_bits` on, as many as `bits` has; at least
    /// six must be left over at the end.
    void decode(std::span<const std::int8_t> soft, std::size_t skip_bits,
                std::span<std::uint8_t> bits) noexcept;

  private:
    struct free_decoder {
        void operator()(void* decoder) const noexcept;
    };

    std::size_t max_bits_;
    std::unique_ptr<void, free_decoder> decoder_;
    std::vector<std::uint8_t> symbols_;
    std::vector<std::uint8_t> packed_;
};

} // namespace landfall::fec
