// SPDX-License-Identifier: MIT
// NRZ-M: a one is sent as a change (CCSDS 131.0-B, annex on line codes). Before the convolutional
// encoder, hence undone after the decoder. Per rail, I and Q each compare with their own last bit.
#pragma once

#include "dsp/fec/coding.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::fec {

/// Bits between a bit and the one it is compared with: 0 is NRZ-L.
[[nodiscard]] constexpr unsigned nrz_lag_bits(nrz code, unsigned bits_per_symbol) noexcept {
    return code == nrz::l ? 0 : code == nrz::m ? 1 : bits_per_symbol;
}

/// Encodes or decodes a stream in place, bit by bit, continuing over calls. `lag_bits` 0, 1 or 2.
class nrz_coder {
  public:
    explicit nrz_coder(unsigned lag_bits) noexcept : lag_bits_(lag_bits) {}

    void encode(std::span<std::uint8_t> bits) noexcept {
        for (std::uint8_t& bit : lag_bits_ == 0 ? bits.first(0) : bits) {
            bit ^= last_[lag_bits_ - 1];
            remember(bit);
        }
    }

    void decode(std::span<std::uint8_t> bits) noexcept {
        if (lag_bits_ == 0) {
            return;
        }
        // From a copy, so that many bits are decoded at once.
        constexpr std::size_t piece_bits = 512;
        std::array<std::uint8_t, 2 + piece_bits> received;
        while (!bits.empty()) {
            const auto piece = bits.first(std::min(bits.size(), piece_bits));
            received[0] = last_[1];
            received[1] = last_[0];
            std::ranges::copy(piece, received.begin() + 2);
            const std::uint8_t* before = received.data() + 2 - lag_bits_;
            for (std::size_t i = 0; i < piece.size(); ++i) {
                piece[i] = static_cast<std::uint8_t>(received[i + 2] ^ before[i]);
            }
            last_ = {received[piece.size() + 1], received[piece.size()]};
            bits = bits.subspan(piece.size());
        }
    }

    void reset() noexcept { last_ = {}; }

  private:
    void remember(std::uint8_t line_bit) noexcept {
        last_[1] = last_[0];
        last_[0] = line_bit;
    }

    unsigned lag_bits_;
    std::array<std::uint8_t, 2> last_{};
};

} // namespace landfall::fec
