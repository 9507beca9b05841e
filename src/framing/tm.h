// SPDX-License-Identifier: MIT
// TM transfer frames, CCSDS 132.0-B section 4.1.
#pragma once

#include "framing/frame.h"

#include <expected>
#include <optional>

namespace landfall::framing {

inline constexpr std::size_t tm_header_octets = 6;
inline constexpr unsigned tm_count_bits = 8;

/// A TM transfer frame; the spans view the frame's octets.
struct tm_frame {
    std::uint16_t spacecraft_id = 0;     ///< 0–1023
    std::uint8_t vcid = 0;               ///< 0–7
    std::uint8_t master_frame_count = 0; ///< of the master channel
    std::uint8_t frame_count = 0;        ///< of the virtual channel
    bool has_secondary_header = false;
    bool synchronisation = false; ///< set: no packets, and the pointer means nothing
    bool packet_order = false;
    std::uint8_t segment_length_id = 0;     ///< 0–3
    std::uint16_t first_header_pointer = 0; ///< octets from the data field's first; special values
    std::uint8_t secondary_header_version = 0;
    base::octets secondary_header;    ///< without its identification octet
    base::octets data;                ///< the transfer frame data field
    std::optional<std::uint32_t> ocf; ///< operational control field
};

/// Reads a frame whose FECF, if `layout` says that there is one, was checked before.
/// Errors: too_short, wrong_version, secondary_header_length.
std::expected<tm_frame, frame_error> parse_tm(base::octets frame,
                                              const frame_layout& layout) noexcept;

/// Only idle data (132.0-B 4.1.2.7.6.5).
inline bool is_only_idle(const tm_frame& frame) noexcept {
    return !frame.synchronisation && frame.first_header_pointer == pointer_only_idle;
}

} // namespace landfall::framing
