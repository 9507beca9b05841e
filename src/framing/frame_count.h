// SPDX-License-Identifier: MIT
// Frame counts: what the step from one frame of a virtual channel to the next says.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <optional>

namespace landfall::framing {

/// Without times, a longer gap is no gap but a restart of the count (24 bits and more).
inline constexpr std::uint64_t longest_gap_frames = std::uint64_t{1} << 20U;

struct count_step {
    std::uint64_t missing = 0;
    bool restart = false;    ///< the count jumped: back, or further than can be
    bool duplicate = false;  ///< the same frame again
    bool contiguous = false; ///< the next frame exactly
};

/// The count of one virtual channel. What is missing is the step modulo the count's size, unless
/// that cannot be:
///  * where times are known, no more frames can be missing than the time holds;
///  * else counts of up to 8 bits are taken as they are (an outage hides whole turns), and longer
///    ones when the step is less than half of the count's size and at most `longest_gap_frames`;
///  * the same count again is a duplicate when the frame is the same, else a whole turn.
/// What cannot be is a restart: nothing is known to be missing.
class frame_count {
  public:
    struct observation {
        std::uint64_t count = 0;
        unsigned bits = 0;                 ///< 0: the format has no count
        std::uint64_t fingerprint = 0;     ///< of the whole frame
        std::optional<std::uint64_t> room; ///< frames that fit since this channel's last one
    };
    count_step advance(const observation& frame) noexcept;

  private:
    bool known_ = false;
    observation last_;
};

/// Finds a carrier's frame period from the frames' times: the least step, once it was seen often.
class frame_period {
  public:
    void observe(const base::timestamp& time) noexcept;

    /// How many frames, at most, fit between two frames of these times.
    [[nodiscard]] std::optional<std::uint64_t> room(const base::timestamp& earlier,
                                                    const base::timestamp& later) const noexcept;

  private:
    bool started_ = false;
    base::timestamp last_;
    double least_s_ = 0;
    unsigned seen_ = 0;
};

/// A number that differs, almost surely, between frames that differ.
std::uint64_t fingerprint(const std::uint8_t* data, std::size_t octets) noexcept;

} // namespace landfall::framing
