// SPDX-License-Identifier: MIT
// Counts and estimates of a carrier's receive chain, for displays and reports.
#pragma once

#include "dsp/fec/stream_decoder.h"
#include "dsp/receiver.h"
#include "framing/deframer.h"

#include <cstdint>

namespace landfall::app {

struct demodulation_status {
    std::uint64_t samples = 0; ///< received, lost ones excluded
    double signal_seconds = 0.0;
    double locked_seconds = 0.0;
    dsp::receiver_report receiver;
};

struct decoding_status {
    std::uint64_t soft_bits = 0; ///< that went into the decoder
    bool frames_locked = false;
    fec::stream_statistics decoder;
    framing::deframer_totals frames;
    std::uint64_t bad_frames = 0; ///< found but not decodable, or refused by the framing
};

struct chain_status : demodulation_status, decoding_status {};

} // namespace landfall::app
