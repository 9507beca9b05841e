// SPDX-License-Identifier: MIT
// The frame error rate of a concatenated code where nothing is lost: what the curves are compared
// with. Simulated, not taken from tables, so that it can be had at every rate and level.
#pragma once

#include "dsp/fec/coding.h"

#include <cstddef>
#include <cstdint>

namespace landfall::test {

struct ideal_link {
    fec::code_rate rate = fec::code_rate::none;
    double eb_n0_db = 0.0; ///< counts information bits, without the marker
    bool psk8 = false;
    std::size_t interleave = 5;
    std::uint64_t seed = 1;
};

struct ideal_count {
    std::size_t frames = 0;
    std::size_t lost = 0;
};

/// Sends `frames` frames as antipodal bits through white noise and decodes them by maximum
/// likelihood: soft values in floating point, neither clipped nor rounded; survivors kept over the
/// whole stream; bit and frame phase known. By the code's linearity the zero word is sent. A frame
/// is lost when one of its (255,223) codewords has more than 16 wrong octets. 8PSK: three bits are
/// sent as a Gray-coded point, random ones exchanged for the zeros, and each bit's likelihood ratio
/// is exact.
[[nodiscard]] ideal_count ideal_frames(const ideal_link& link, std::size_t frames);

} // namespace landfall::test
