// SPDX-License-Identifier: MIT
// How a carrier's transfer frames are read.
#pragma once

#include <cstdint>

namespace landfall::framing {

/// `automatic` goes by each frame's version number; `none` treats every frame as channel 0's.
enum class frame_format : std::uint8_t { automatic, tm, aos, uslp, none };

/// The frame error control field; `automatic` uses it when it fits on the first frames.
enum class error_control : std::uint8_t { automatic, present, absent };

struct frame_parameters {
    frame_format format = frame_format::automatic;
    error_control fecf = error_control::automatic;
};

} // namespace landfall::framing
