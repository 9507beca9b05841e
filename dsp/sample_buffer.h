// SPDX-License-Identifier: MIT
// Samples that are kept for a while: appended at the end, dropped from the front.
#pragma once

#include "base/sample.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace landfall::dsp {

/// Samples are moved to the front when three times as many have been dropped, so that each is moved
/// a third of a time and what is in use stays in the caches.
class sample_buffer {
  public:
    /// No memory is taken while there are no more than this.
    void reserve(std::size_t count) { samples_.resize(std::max(samples_.size(), count)); }

    void append(std::span<const base::cf32> samples) { move(samples, room(samples.size())); }
    void append_zeros(std::size_t count) {
        const auto zeros = room(count);
        std::fill(zeros.begin(), zeros.end(), base::cf32{});
    }
    /// The oldest ones; at most as many as there are.
    void drop(std::size_t count) noexcept { begin_ += count; }
    void clear() noexcept { begin_ = end_ = 0; }

    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] std::span<const base::cf32> view() const noexcept {
        return std::span(samples_).subspan(begin_, size());
    }

  private:
    /// To where they are not, or to an earlier place. Piece by piece: what the C library does for
    /// more octets at once takes twice as long.
    static void move(std::span<const base::cf32> samples, std::span<base::cf32> to) {
        constexpr std::size_t piece = 256;
        for (std::size_t at = 0; at < samples.size(); at += piece) {
            const auto some = samples.subspan(at, std::min(piece, samples.size() - at));
            std::memmove(&to[at], some.data(), some.size_bytes());
        }
    }

    std::span<base::cf32> room(std::size_t count) {
        const std::size_t kept = size();
        if (begin_ > 3 * kept || end_ + count > samples_.size()) {
            move(view(), samples_);
            begin_ = 0;
            end_ = kept;
            samples_.resize(std::max(samples_.size(), kept + count));
        }
        end_ += count;
        return std::span(samples_).subspan(end_ - count, count);
    }

    std::vector<base::cf32> samples_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace landfall::dsp
