// SPDX-License-Identifier: MIT
#include "dsp/fec/convolutional.h"

namespace landfall::fec {

convolutional_encoder::convolutional_encoder(const coding& code) noexcept
    : pattern_(pattern_of(code.convolutional)), coded_(code.convolutional != code_rate::none),
      c2_first_(code.c2_first), c2_flip_(code.c2_inverted ? 1 : 0) {}

void convolutional_encoder::encode(std::span<const std::uint8_t> bits,
                                   std::vector<std::uint8_t>& channel_bits) {
    if (!coded_) {
        channel_bits.insert(channel_bits.end(), bits.begin(), bits.end());
        return;
    }
    for (const std::uint8_t bit : bits) {
        register_ = (register_ << 1U | bit) & 0x7FU;
        const unsigned pair = coded_pair[register_];
        const auto c1 = static_cast<std::uint8_t>(pair & 1U);
        const auto c2 = static_cast<std::uint8_t>((pair >> 1U) ^ c2_flip_);
        const bool send_c2 = pattern_.sends_c2(place_);
        if (send_c2 && c2_first_) {
            channel_bits.push_back(c2);
        }
        if (pattern_.sends_c1(place_)) {
            channel_bits.push_back(c1);
        }
        if (send_c2 && !c2_first_) {
            channel_bits.push_back(c2);
        }
        place_ = place_ + 1 == pattern_.bits ? 0 : place_ + 1;
    }
}

} // namespace landfall::fec
