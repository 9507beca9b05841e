// SPDX-License-Identifier: MIT
// What arrives, compared with what was sent.
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace landfall::app {

/// Frames in order. Any thread sends, any receives.
class frame_check {
  public:
    struct counts {
        std::uint64_t sent = 0;
        std::uint64_t right = 0;   ///< arrived byte for byte
        std::uint64_t missing = 0; ///< overtaken by a later one, or, after `end`, not arrived
        std::uint64_t wrong = 0;   ///< arrived, but never sent, or a second time, or too late
        [[nodiscard]] bool perfect() const { return missing == 0 && wrong == 0 && right > 0; }
    };

    void sent(base::octets frame);
    void arrived(base::octets frame);
    /// Nothing more will arrive.
    void end();
    [[nodiscard]] counts now() const;
    /// Whether all that was sent has arrived, and nothing else.
    [[nodiscard]] bool complete() const {
        const counts all = now();
        return all.perfect() && all.right == all.sent;
    }

  private:
    mutable std::mutex mutex_;
    std::deque<std::vector<std::uint8_t>> expected_;
    counts counts_;
};

} // namespace landfall::app
