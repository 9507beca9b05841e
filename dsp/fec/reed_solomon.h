// SPDX-License-Identifier: MIT
// Reed-Solomon (255,223) and (255,239) over GF(256), interleaved and shortened
// (CCSDS 131.0-B, section 4): x^8+x^7+x^2+x+1, generator roots alpha^(11 j), j = 128-E to 127+E.
#pragma once

#include "base/bytes.h"
#include "dsp/fec/coding.h"
#include "dsp/fec/reed_solomon_kernel.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::fec {

/// A symbol of the conventional basis in Berlekamp's dual basis, and back.
[[nodiscard]] std::uint8_t to_dual_basis(std::uint8_t symbol) noexcept;
[[nodiscard]] std::uint8_t from_dual_basis(std::uint8_t symbol) noexcept;

struct rs_outcome {
    unsigned failed_codewords = 0;
    unsigned corrected_symbols = 0;
};

/// Encodes and decodes one codeblock: `interleave` codewords, octet k belonging to codeword
/// k mod interleave, virtual fill at the front of every codeword. Not to be used by two threads at
/// once. Takes no memory after construction.
class reed_solomon {
  public:
    /// `code` has Reed-Solomon, and a frame length that is a positive multiple of the interleave
    /// and leaves room for the parity.
    explicit reed_solomon(const coding& code);

    /// Data and parity of the codeblock, in octets.
    [[nodiscard]] std::size_t data_octets() const noexcept { return data_octets_; }
    [[nodiscard]] std::size_t block_octets() const noexcept {
        return data_octets_ + parity_octets_ * interleave_;
    }

    /// Fills the parity at the end of a codeblock whose data octets are set.
    void encode(std::span<std::uint8_t> block) noexcept;

    /// Corrects in place. A codeword that cannot be corrected keeps its octets: one with more than
    /// E errors, or with errors in its virtual fill. The syndromes of what was corrected are
    /// checked again. `stop_at_failure` leaves the rest of a failed codeblock undecoded.
    rs_outcome decode(std::span<std::uint8_t> block, bool stop_at_failure = false) noexcept;

  private:
    struct correction {
        std::uint16_t octet; ///< of the codeblock
        std::uint8_t change;
    };
    struct corrections {
        std::array<correction, rs_most_errors> list;
        unsigned count = 0;
    };

    unsigned check(base::octets block) noexcept;
    bool locate(std::size_t word, corrections& found) noexcept;
    static void apply(const corrections& found, std::span<std::uint8_t> block) noexcept;

    std::size_t data_octets_;
    std::size_t parity_octets_; ///< per codeword
    std::size_t interleave_;
    std::size_t sent_octets_; ///< per codeword
    bool dual_;
    syndrome_tables tables_;
    syndrome_workspace work_;
    std::array<corrections, rs_most_interleave> corrections_{};
    /// What a symbol that leaves the encoder's register adds to it, in the basis as sent.
    std::array<std::array<std::uint8_t, rs_most_roots>, 256> feedback_{};
};

} // namespace landfall::fec
