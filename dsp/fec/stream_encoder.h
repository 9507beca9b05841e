// SPDX-License-Identifier: MIT
// From transfer frames to channel bits, as a spacecraft does it.
#pragma once

#include "base/bytes.h"
#include "base/random.h"
#include "dsp/fec/coding.h"
#include "dsp/fec/convolutional.h"
#include "dsp/fec/nrz.h"
#include "dsp/fec/randomizer.h"
#include "dsp/fec/reed_solomon.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace landfall::fec {

/// Randomizer, Reed-Solomon, sync marker, NRZ, convolutional code; continuous over frames. Channel
/// bits are 0 or 1, one an octet, and are appended to what the caller gives.
class stream_encoder {
  public:
    /// `seed` is that of the filler bits.
    stream_encoder(const coding& code, unsigned bits_per_symbol, std::uint64_t seed = 1);

    /// One transfer frame of `coding::frame_octets`.
    void frame(base::octets octets, std::vector<std::uint8_t>& channel_bits);
    /// Random filler before, between or after frames.
    void idle(std::size_t bits, std::vector<std::uint8_t>& channel_bits);
    /// Filler enough that a decoder sees the last frame whole, and that the last symbol is
    /// complete.
    void flush(std::vector<std::uint8_t>& channel_bits);

  private:
    void send(std::vector<std::uint8_t>& channel_bits);
    void append_octets(base::octets octets);

    coding code_;
    unsigned bits_per_symbol_;
    sequence_randomizer randomizer_;
    std::optional<reed_solomon> reed_solomon_;
    nrz_coder nrz_;
    convolutional_encoder convolutional_;
    base::random_source random_;
    std::vector<std::uint8_t> block_;
    std::vector<std::uint8_t> bits_;
    std::size_t sent_ = 0; ///< channel bits
};

} // namespace landfall::fec
