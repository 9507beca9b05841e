// SPDX-License-Identifier: MIT
// What a source of IQ yields, and what it counts.
#pragma once

#include "base/sample.h"
#include "base/time.h"
#include "wire/difi.h"

#include <array>
#include <cstdint>
#include <span>

namespace landfall::wire {

/// Consecutive samples. The span is the source's, and valid until its next call.
struct iq_block {
    std::span<const base::cf32> samples;
    std::uint32_t stream_id = 0;
    /// POSIX time of the first sample; from the recording's beginning where `has_time` is false.
    base::timestamp time;
    bool has_time = false;
    double sample_rate_hz = 0;
    double center_frequency_hz = 0; ///< what 0 Hz of the samples is; 0 when not known
    /// Samples missing between the last block of this stream and this one.
    std::uint64_t lost_samples_before = 0;
    /// Time went back, or forward by more than a loss: nothing is known of what lies between.
    bool discontinuity = false;
    /// Sample rate, depth or frequencies differ from those of the block before.
    bool context_changed = false;
    /// An FM receiver's audio, in the real parts; not IQ.
    bool fm_audio = false;
};

/// Counts since the beginning; each only grows.
struct iq_counters {
    std::uint64_t packets = 0; ///< well-formed, of every kind
    std::uint64_t data_packets = 0;
    std::uint64_t context_packets = 0;
    std::uint64_t version_packets = 0;
    std::uint64_t other_packets = 0; ///< flow control, queries, status: recognised, not used
    std::uint64_t samples = 0;       ///< delivered
    std::uint64_t lost_packets = 0;
    std::uint64_t lost_samples = 0;
    std::uint64_t lost_context_packets = 0; ///< by their sequence numbers alone
    std::uint64_t duplicates = 0;
    std::uint64_t reordered = 0;      ///< came late but in time to be put in place
    std::uint64_t late = 0;           ///< came after their place had been given up
    std::uint64_t sequence_jumps = 0; ///< sequence jumped although time went on evenly
    std::uint64_t discontinuities = 0;
    std::uint64_t before_context_dropped = 0; ///< data that no context came for in time
    std::uint64_t clipped_samples = 0;        ///< at full scale
    std::uint64_t non_finite_samples = 0;     ///< NaN or infinite in a file, replaced by 0
    std::uint64_t not_difi = 0;               ///< UDP datagrams of something else
    std::uint64_t not_selected = 0;           ///< of another stream or port than asked for
    std::uint64_t refused_frames = 0;         ///< captured frames without a whole UDP datagram
    std::array<std::uint64_t, difi_error_count> invalid{}; ///< by `difi_error`

    [[nodiscard]] std::uint64_t invalid_total() const noexcept;
    void add(const iq_counters& other) noexcept;
};

} // namespace landfall::wire
