// SPDX-License-Identifier: MIT
// How a carrier's transfer frames are read.
#pragma once

#include <cstdint>

namespace landfall::framing {

/// `automatic` goes by each frame's version number; `none` treats every frame as channel 0's.
enum class frame_format : std::uint8_t { automatic, tm, aos, uslp, none };

/// A check field of the frame; `automatic` uses it when it fits on the first frames.
enum class error_control : std::uint8_t { automatic, present, absent };

struct frame_parameters {
    frame_format format = frame_format::automatic;
    error_control fecf = error_control::automatic;
    error_control aos_header_error_control = error_control::automatic;
    std::uint16_t insert_zone_octets = 0; ///< AOS, USLP
    bool aos_ocf = false;                 ///< AOS: operational control field in every frame
};

} // namespace landfall::framing
