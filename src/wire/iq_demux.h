// SPDX-License-Identifier: MIT
// Sorts datagrams by stream identifier, and counts those that are no packets.
#pragma once

#include "wire/iq_stream.h"

#include <memory>
#include <optional>
#include <vector>

namespace landfall::wire {

struct iq_demux_config {
    /// Only this stream; others are counted as `not_selected`.
    std::optional<std::uint32_t> stream_id;
    /// Streams beyond this number are counted as `not_selected`.
    std::size_t max_streams = 64;
    iq_stream_config stream; ///< of each stream; its stream_id is not used
};

/// Use as `iq_stream`: `push` a datagram, then `next` until it returns false.
/// Allocates when a stream is seen for the first time, and then no more.
class iq_demux {
  public:
    explicit iq_demux(const iq_demux_config& config);

    /// Parses and takes a datagram (valid until `next` returns false). The error is counted.
    std::expected<void, difi_error> push(base::octets datagram);
    void flush() noexcept;
    bool next(iq_block& block) noexcept;

    /// Sums over all streams, with what belongs to none.
    [[nodiscard]] iq_counters counters() const noexcept;
    [[nodiscard]] std::size_t stream_count() const noexcept { return streams_.size(); }
    [[nodiscard]] const iq_stream& stream(std::size_t index) const noexcept {
        return *streams_[index];
    }
    [[nodiscard]] const iq_stream* find(std::uint32_t stream_id) const noexcept;

  private:
    iq_stream* stream_for(std::uint32_t stream_id);

    iq_demux_config config_;
    iq_counters counters_; // of what belongs to no stream
    std::vector<std::unique_ptr<iq_stream>> streams_;
    std::size_t turn_ = 0; // streams before this one have nothing to yield
};

} // namespace landfall::wire
