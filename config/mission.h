// SPDX-License-Identifier: MIT
// A mission: everything the receive chain has to know of one downlink.
#pragma once

#include "dsp/fec/coding.h"
#include "dsp/waveform.h"
#include "framing/parameters.h"

#include <string>

namespace landfall::config {

/// How the carrier is sought and received.
struct reception {
    dsp::engine engine = dsp::engine::automatic;
    double expected_offset_hz = 0.0; ///< of the carrier from the samples' centre, where
    bool has_expected_offset = false;
    double uncertainty_hz = 0.0; ///< ± around where it is expected, where
    bool has_uncertainty = false;
};

/// As the loader returns it, every field is within the range that its struct states, and the fields
/// fit together (config/README.md, "What is checked together"). The defaults are `generic-ccsds`.
struct mission {
    std::string name;        ///< of the file, without `.toml`; letters, digits, `.`, `_` and `-`
    std::string title;       ///< one line: what it is
    std::string source;      ///< whence the numbers come; may have line breaks
    double frequency_hz = 0; ///< where `has_frequency`
    bool has_frequency = false;
    dsp::waveform wave;
    reception receiving;
    fec::coding coding;
    framing::frame_parameters framing;
};

} // namespace landfall::config
