// SPDX-License-Identifier: MIT
// How far apart the sync markers of a bit stream stand, whatever was expected: tells why a stream
// gives no frames.
#pragma once

#include "dsp/fec/coding.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::fec {

/// Takes no memory after construction.
class marker_watch {
  public:
    explicit marker_watch(const sync_marker& marker) noexcept;

    /// Decoded bits (0 or 1) that follow those before.
    void push(std::span<const std::uint8_t> bits) noexcept;

    /// The distance at which markers were seen most often, in bits; 0 while none came three times.
    [[nodiscard]] std::int64_t spacing_bits() const noexcept;

  private:
    struct distance {
        std::int64_t bits = 0;
        std::uint32_t times = 0;
    };

    void found() noexcept;
    void count(std::int64_t bits) noexcept;

    std::uint64_t marker_;
    std::uint64_t mask_;
    int tolerated_errors_;
    int marker_bits_;
    std::uint64_t last_bits_ = 0;
    std::int64_t place_ = 0;
    std::array<std::int64_t, 8> seen_{}; ///< places of markers, the newest last
    std::size_t seen_count_ = 0;
    std::array<distance, 64> distances_{};
};

} // namespace landfall::fec
