// SPDX-License-Identifier: MIT
// Unified space data link protocol (USLP) transfer frames, CCSDS 732.1-B section 4.1.
#pragma once

#include "framing/frame.h"

#include <expected>
#include <optional>

namespace landfall::framing {

inline constexpr std::size_t uslp_truncated_header_octets = 4;
inline constexpr std::size_t uslp_fixed_header_octets = 7; ///< before the frame count
inline constexpr std::uint16_t uslp_pointer_none = 0xFFFF; ///< no packet starts, or none ends
inline constexpr std::uint8_t uslp_protocol_packets = 0;
inline constexpr std::uint8_t uslp_protocol_idle = 31;

/// How the data zone is made (732.1-B 4.1.4.2.2).
enum class uslp_rule : std::uint8_t {
    packets_span_frames = 0, ///< pointer: first packet header
    access_start = 1,        ///< MAP access data unit; pointer: its last valid octet
    access_continued = 2,
    octet_stream = 3,
    segment_start = 4,
    segment_continued = 5,
    segment_last = 6,
    no_segmentation = 7,
};

/// A USLP transfer frame; the spans view the frame's octets.
struct uslp_frame {
    std::uint16_t spacecraft_id = 0;
    bool to_spacecraft = false; ///< the spacecraft id names the destination
    std::uint8_t vcid = 0;      ///< 0–63
    std::uint8_t map_id = 0;    ///< 0–15
    bool truncated = false;     ///< a 4-octet header: no fields below up to the data field
    bool expedited = false;     ///< the bypass flag; such frames have a count of their own
    bool protocol_control = false;
    unsigned count_octets = 0; ///< 0–7
    std::uint64_t frame_count = 0;
    base::octets insert_zone;
    uslp_rule rule = uslp_rule::packets_span_frames;
    std::uint8_t protocol_id = 0;         ///< UPID, 5 bits
    std::optional<std::uint16_t> pointer; ///< with rules 0, 1 and 2
    base::octets data;                    ///< the transfer frame data zone
    std::optional<std::uint32_t> ocf;     ///< operational control field
};

/// Reads a frame whose FECF, if `layout` says that there is one, was checked before.
/// Errors: too_short, wrong_version, length_mismatch.
std::expected<uslp_frame, frame_error> parse_uslp(base::octets frame,
                                                  const frame_layout& layout) noexcept;

/// Only idle data (732.1-B 4.1.4.1.10): the reserved channel or protocol.
inline bool is_only_idle(const uslp_frame& frame) noexcept {
    return frame.vcid == only_idle_vcid || frame.protocol_id == uslp_protocol_idle;
}

} // namespace landfall::framing
