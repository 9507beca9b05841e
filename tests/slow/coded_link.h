// SPDX-License-Identifier: MIT
// Coded frames through modulator, channel, receiver and decoder, and curves of their error rates.
#pragma once

#include "dsp/fec/coding.h"
#include "dsp/waveform.h"
#include "tests/unit/dsp/simulated_link.h"

#include <cstddef>
#include <string>

namespace landfall::test {

struct frames_run {
    std::size_t sent = 0;
    std::size_t good = 0;
};

/// `frames` (at most 256) of random octets; good are those received to the bit.
[[nodiscard]] frames_run run_frames(const link_config& config, const fec::coding& code,
                                    std::size_t frames);

/// Reed-Solomon (255,223) around a convolutional code of `rate`.
[[nodiscard]] fec::coding concatenated(fec::code_rate rate, unsigned interleave);

/// E_s/N_0 over E_b/N_0 per information bit, dB; the marker is not counted.
[[nodiscard]] double symbol_over_bit_db(dsp::modulation kind, fec::code_rate rate);

[[nodiscard]] const char* name_of(dsp::modulation kind);

struct curve_point {
    std::string kind;
    std::string code;
    double es_n0_db = 0.0;
    double eb_n0_db = 0.0;
    std::size_t trials = 0;
    std::size_t errors = 0;
    double theory = 0.0;
};

/// Appends to the CSV file of the path in LANDFALL_CURVES; the first call of the process begins it.
void write(const curve_point& one);

} // namespace landfall::test
