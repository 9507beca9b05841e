// SPDX-License-Identifier: MIT
// Reed-Solomon over libfec, of any code, basis, interleave and virtual fill: what ours is compared
// with.
#pragma once

#include "dsp/fec/reed_solomon.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>

extern "C" {
#include <fec.h>
}

namespace landfall::test {

class libfec_reed_solomon {
  public:
    explicit libfec_reed_solomon(const fec::coding& code)
        : parity_(fec::rs_parity_octets(code.reed_solomon)), interleave_(code.rs_interleave),
          sent_(code.frame_octets / interleave_ + parity_),
          dual_(code.basis == fec::rs_basis::dual),
          codec_(init_rs_char(8, 0x187, 128 - static_cast<int>(parity_ / 2), 11,
                              static_cast<int>(parity_), 255 - static_cast<int>(sent_)),
                 free_rs_char) {}

    void encode(std::span<std::uint8_t> block) const {
        for (std::size_t first = 0; first < interleave_; ++first) {
            octets word = word_of(block, first);
            encode_rs_char(codec_.get(), word.data(), word.data() + sent_ - parity_);
            put(word, block, first);
        }
    }

    fec::rs_outcome decode(std::span<std::uint8_t> block) const {
        fec::rs_outcome outcome;
        for (std::size_t first = 0; first < interleave_; ++first) {
            const int corrected = decode_codeword(block, first);
            outcome.failed_codewords += corrected < 0 ? 1U : 0U;
            outcome.corrected_symbols += corrected < 0 ? 0U : static_cast<unsigned>(corrected);
        }
        return outcome;
    }

  private:
    using octets = std::array<std::uint8_t, 255>;

    octets word_of(std::span<const std::uint8_t> block, std::size_t first) const {
        octets word{};
        for (std::size_t i = 0; i < sent_; ++i) {
            const std::uint8_t symbol = block[first + i * interleave_];
            word[i] = dual_ ? Tal1tab[symbol] : symbol;
        }
        return word;
    }

    void put(const octets& word, std::span<std::uint8_t> block, std::size_t first) const {
        for (std::size_t i = 0; i < sent_; ++i) {
            block[first + i * interleave_] = dual_ ? Taltab[word[i]] : word[i];
        }
    }

    int decode_codeword(std::span<std::uint8_t> block, std::size_t first) const {
        const octets received = word_of(block, first);
        octets word = received;
        const int corrected = decode_rs_char(codec_.get(), word.data(), nullptr, 0);
        if (corrected < 0) {
            return corrected;
        }
        // libfec drops corrections that fall into virtual fill and still reports success.
        int changed = 0;
        for (std::size_t i = 0; i < sent_; ++i) {
            changed += received[i] != word[i] ? 1 : 0;
        }
        octets again = word;
        encode_rs_char(codec_.get(), again.data(), again.data() + sent_ - parity_);
        if (changed != corrected || again != word) {
            return -1;
        }
        put(word, block, first);
        return corrected;
    }

    std::size_t parity_;
    std::size_t interleave_;
    std::size_t sent_;
    bool dual_;
    std::unique_ptr<void, void (*)(void*)> codec_;
};

} // namespace landfall::test
