// SPDX-License-Identifier: MIT
// libfec as it is, for benchmarks and tests to stand beside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::fec {

/// libfec's K=7 decoder on one block: `symbols` are offset-binary octets (0 is a sure 0), two per
/// bit.
class libfec_viterbi {
  public:
    explicit libfec_viterbi(std::size_t bits);
    ~libfec_viterbi();
    libfec_viterbi(const libfec_viterbi&) = delete;
    libfec_viterbi& operator=(const libfec_viterbi&) = delete;

    /// Writes `bits` decoded bits, packed, and returns them.
    std::span<const std::uint8_t> decode(std::span<const std::uint8_t> symbols);

  private:
    std::size_t bits_;
    void* decoder_;
    std::vector<std::uint8_t> packed_;
};

/// libfec's own CCSDS (255,223) dual-basis codec on one codeword of 255 octets.
void libfec_rs_encode(std::span<std::uint8_t> codeword);
/// Corrected symbols, or -1.
int libfec_rs_decode(std::span<std::uint8_t> codeword);

} // namespace landfall::fec
