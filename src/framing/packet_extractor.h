// SPDX-License-Identifier: MIT
// Packets out of a virtual channel's data fields, by first header pointer.
#pragma once

#include "base/function_ref.h"
#include "base/time.h"
#include "framing/encapsulation.h"

#include <array>
#include <optional>

namespace landfall::framing {

/// Longer packets are given up: an encapsulation packet's length field goes to 4 GiB.
inline constexpr std::size_t largest_packet_octets = largest_space_packet_octets;

/// Why the extractor gave up a packet that had begun, or a frame's data. Each is a metric label.
enum class packet_loss : std::uint8_t {
    gap,                  ///< frames are missing between the packet's parts
    pointer_mismatch,     ///< the first header pointer contradicts the packet's length
    pointer_out_of_range, ///< the first header pointer leads past the data field
    unknown_version,      ///< neither space packet nor encapsulation packet
    bad_length,           ///< the header's length is impossible
    too_long,             ///< more than `largest_packet_octets`
};
inline constexpr std::size_t packet_loss_count = 6;
const char* name(packet_loss loss) noexcept;

/// When the first bit of a frame arrived; unknown without `is_known`.
struct arrival {
    base::timestamp time;
    bool is_known = false;
};

/// One data field of packets.
struct packet_zone {
    base::octets data;
    std::optional<std::size_t> first_header; ///< empty: no packet starts here
    arrival frame_arrival;
};

struct extraction_counters {
    std::uint64_t packets = 0;
    std::uint64_t idle_packets = 0;
    std::uint64_t padded_zones = 0; ///< zones that zeros fill after their last packet
    std::array<std::uint64_t, packet_loss_count> lost{}; ///< by packet_loss
};

/// The whole packet, and the arrival of the frame in which it began. The octets are valid during
/// the call only.
using packet_sink = base::function_ref<void(base::octets packet, const arrival& began)>;

/// Some spacecraft (GK-2A's LRIT) fill what the last packet leaves of a data field with zeros: they
/// read as seven-octet packets of APID 0. Zeros from a packet's end to the data field's end, at
/// least a header long, are therefore taken as padding.
///
/// One per virtual channel (and MAP); several may share their counters. Keeps one partial packet,
/// at most `largest_packet_octets`, in the buffer it was given: allocates only where that has less.
class packet_extractor {
  public:
    explicit packet_extractor(extraction_counters& counters,
                              std::vector<std::uint8_t> buffer = {}) noexcept
        : partial_(std::move(buffer)), counters_(counters) {
        partial_.clear();
    }

    void push(const packet_zone& zone, packet_sink sink);

    /// Frames are missing, or the count started anew: what is partial stays so.
    void interrupt() noexcept;

  private:
    void extract(base::octets data, const arrival& frame_arrival, packet_sink sink);
    bool complete_partial(const packet_zone& zone, packet_sink sink);
    void lose(packet_loss loss) noexcept;
    void deliver(base::octets packet, const arrival& began, packet_sink sink);

    std::vector<std::uint8_t> partial_;
    arrival partial_began_;
    bool synchronized_ = false; ///< the next octet continues `partial_`, or starts a packet
    extraction_counters& counters_;
};

} // namespace landfall::framing
