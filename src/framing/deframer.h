// SPDX-License-Identifier: MIT
// Transfer frames in; checked, counted frames and their packets out. One per carrier.
#pragma once

#include "framing/aos.h"
#include "framing/frame_count.h"
#include "framing/packet_extractor.h"
#include "framing/parameters.h"
#include "framing/tm.h"
#include "framing/uslp.h"

#include <memory>
#include <span>

namespace landfall::framing {

/// Bounds of the table of virtual channels; frames beyond them are refused.
inline constexpr std::size_t most_channels = 64;
inline constexpr std::size_t most_spacecraft = 8;
/// Partial packets kept at once (USLP has one per MAP); packets beyond are not extracted.
inline constexpr std::size_t most_extractors = 128;

/// A transfer frame as the decoder found it.
struct received_frame {
    base::octets octets;
    arrival first_bit;
    bool corrected = false; ///< the outer decoder changed it
    bool checked = true;    ///< an outer code vouches for every octet
};

/// A frame that is good, fill included. The octets are valid during the call only.
struct delivered_frame {
    base::octets octets;
    arrival first_bit;
    bool corrected = false;
    frame_format format = frame_format::none; ///< tm, aos, uslp or none
    std::uint16_t spacecraft_id = 0;
    std::uint8_t vcid = 0;
    std::uint8_t map_id = 0; ///< USLP
    bool fill = false;       ///< only idle data
    std::uint64_t count = 0; ///< of the virtual channel; `step` compares it with the one before
    count_step step;
    std::optional<std::uint32_t> ocf;
    base::octets secondary_header; ///< TM: secondary header; AOS, USLP: insert zone
};

enum class packet_kind : std::uint8_t { space_packet, ipv4, ipv6, encapsulation };
const char* name(packet_kind kind) noexcept;

/// A packet. For `ipv4` and `ipv6` the octets are the IP packet, else the whole packet with its
/// header; they are valid during the call only.
struct delivered_packet {
    packet_kind kind = packet_kind::space_packet;
    base::octets octets;
    arrival began; ///< of the frame in which the packet began
    std::uint16_t spacecraft_id = 0;
    std::uint8_t vcid = 0;
    std::uint8_t map_id = 0;
    std::uint16_t apid = 0; ///< of space packets
};

/// Where results go. Called from within push and finish; a packet comes after its last frame.
struct deframer_sinks {
    base::function_ref<void(const delivered_frame&)> frame;
    base::function_ref<void(const delivered_packet&)> packet;
};

struct channel_counters {
    frame_format format = frame_format::none;
    std::uint16_t spacecraft_id = 0;
    std::uint8_t vcid = 0;
    std::uint64_t frames = 0; ///< good ones, fill excluded
    std::uint64_t fill = 0;
    std::uint64_t missing = 0;      ///< gaps seen once the channel has carried data
    std::uint64_t missing_fill = 0; ///< gaps seen while the channel has carried fill only
    std::uint64_t restarts = 0;
    std::uint64_t duplicates = 0; ///< delivered, but their packets are not extracted again
    extraction_counters extraction;
};

struct deframer_totals {
    std::uint64_t good = 0;      ///< delivered, fill excluded
    std::uint64_t corrected = 0; ///< those of `good` that the outer decoder changed
    std::uint64_t fill = 0;      ///< delivered, only idle data
    std::uint64_t bad = 0;       ///< refused; the sum of `refused`
    std::uint64_t missing = 0;   ///< the sum of the channels' `missing`
    std::uint64_t missing_fill = 0;
    std::uint64_t packets = 0;
    std::uint64_t unextracted_frames = 0; ///< delivered without packets: too many extractors
    std::array<std::uint64_t, frame_error_count> refused{}; ///< by frame_error
};

/// Allocates only when it is made: 8 MiB that are touched as channels need them. With
/// `error_control::automatic` and frames that no outer code has checked, up to three frames are
/// held at the start until the FECF is decided: finish() gives them out.
class deframer {
  public:
    explicit deframer(const frame_parameters& parameters);
    ~deframer();
    deframer(deframer&&) noexcept;
    deframer& operator=(deframer&&) noexcept;

    void push(const received_frame& frame, const deframer_sinks& sinks);

    /// The signal ended or is lost. More frames may follow.
    void finish(const deframer_sinks& sinks);

    [[nodiscard]] const deframer_totals& totals() const noexcept;

    /// In the order in which they were first seen.
    [[nodiscard]] std::span<const channel_counters> channels() const noexcept;

    /// The octets of the error control field: 0, 2 or 4; empty while undecided.
    [[nodiscard]] std::optional<std::size_t> fecf_octets() const noexcept;

  private:
    class engine;
    std::unique_ptr<engine> engine_;
};

} // namespace landfall::framing
