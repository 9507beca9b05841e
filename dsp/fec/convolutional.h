// SPDX-License-Identifier: MIT
// The convolutional encoder: K=7, G1=171 and G2=133 octal, punctured (CCSDS 131.0-B, section 3).
#pragma once

#include "dsp/fec/coding.h"
#include "dsp/fec/puncture.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::fec {

/// The generators with the newest bit as the least significant.
inline constexpr unsigned g1_newest_low = 0x4F;
inline constexpr unsigned g2_newest_low = 0x6D;
inline constexpr unsigned constraint_length_bits = 7;

/// C1 in bit 0 and C2 in bit 1, by the last seven information bits (newest lowest).
inline constexpr std::array<std::uint8_t, 128> coded_pair = [] {
    std::array<std::uint8_t, 128> pairs{};
    for (unsigned bits = 0; bits < 128; ++bits) {
        const int c1 = __builtin_parity(bits & g1_newest_low);
        const int c2 = __builtin_parity(bits & g2_newest_low);
        pairs[bits] = static_cast<std::uint8_t>(c1 | c2 << 1);
    }
    return pairs;
}();

/// A continuous encoder: bits (0 or 1, one an octet) in, channel bits out. Rate `none` copies.
class convolutional_encoder {
  public:
    explicit convolutional_encoder(const coding& code) noexcept;

    /// Appends the channel bits of `bits`.
    void encode(std::span<const std::uint8_t> bits, std::vector<std::uint8_t>& channel_bits);

  private:
    puncture_pattern pattern_;
    bool coded_;
    bool c2_first_;
    std::uint8_t c2_flip_;
    unsigned register_ = 0;
    std::size_t place_ = 0; ///< in the puncture period
};

} // namespace landfall::fec
