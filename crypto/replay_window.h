// SPDX-License-Identifier: MIT
// Which counters of a session came already (5.4.6; the ring of RFC 6479).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace landfall::crypto {

class replay_window {
  public:
    static constexpr std::uint64_t bits = 8192;
    /// A counter that is this far behind the greatest is refused: one word is always being entered.
    static constexpr std::uint64_t span = bits - 64;

    /// True once for each counter, 0 included, that is not too old. Only for what is authentic.
    [[nodiscard]] bool take(std::uint64_t counter) noexcept {
        if (counter > greatest_) {
            const std::uint64_t entered =
                std::min(counter / 64 - greatest_ / 64, std::uint64_t{words});
            for (std::uint64_t i = 1; i <= entered; ++i) {
                seen_[(greatest_ / 64 + i) % words] = 0;
            }
            greatest_ = counter;
        } else if (greatest_ - counter >= span) {
            return false;
        }
        std::uint64_t& word = seen_[counter / 64 % words];
        const std::uint64_t bit = std::uint64_t{1} << (counter % 64);
        const bool fresh = (word & bit) == 0;
        word |= bit;
        return fresh;
    }
    [[nodiscard]] std::uint64_t greatest() const noexcept { return greatest_; }

  private:
    static constexpr std::size_t words = bits / 64;
    std::array<std::uint64_t, words> seen_{};
    std::uint64_t greatest_ = 0;
};

} // namespace landfall::crypto
