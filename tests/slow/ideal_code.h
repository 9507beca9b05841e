// SPDX-License-Identifier: MIT
// The frame error rate of a concatenated code where nothing is lost: what the curves are compared
// with. Simulated, not taken from tables, so that it can be had at every rate and level.
#pragma once

#include "dsp/fec/coding.h"

#include <cstddef>
#include <cstdint>

namespace landfall::test {

/// Octets of a frame on the channel: marker, and five Reed-Solomon codewords side by side.
inline constexpr std::size_t ideal_interleave = 5;

struct ideal_count {
    std::size_t frames = 0;
    std::size_t lost = 0;
};

/// Sends `frames` frames as antipodal bits through white noise and decodes them by maximum
/// likelihood: soft values in floating point, neither clipped nor rounded; survivors kept over the
/// whole stream; bit and frame phase known. By the code's linearity the zero word is sent. A frame
/// is lost when one of its five (255,223) codewords has more than 16 wrong octets. `eb_n0_db`
/// counts information bits, without the marker. `psk8`: three bits are sent as a Gray-coded point
/// of 8PSK, random ones exchanged for the zeros, and each bit's likelihood ratio is exact.
[[nodiscard]] ideal_count ideal_frames(fec::code_rate rate, double eb_n0_db, std::size_t frames,
                                       std::uint64_t seed, bool psk8 = false);

} // namespace landfall::test
