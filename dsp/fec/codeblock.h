// SPDX-License-Identifier: MIT
// From a codeblock as received to a transfer frame: randomizer and Reed-Solomon, in either order.
#pragma once

#include "base/bytes.h"
#include "dsp/fec/coding.h"
#include "dsp/fec/randomizer.h"
#include "dsp/fec/reed_solomon.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace landfall::fec {

/// What a verified codeblock proves. `weak`: one random block in some 50,000 passes (a CRC, or a
/// single E=8 codeword); `strong`: none does.
enum class assurance : std::uint8_t { none, weak, strong };

struct codeblock_verdict {
    bool verified = false;
    /// The block, as sent or as randomised, repeats itself every few octets. Such blocks may be
    /// codewords (one octet repeated always is one), so that a carrier without data gives some.
    bool periodic = false;
    unsigned corrected_symbols = 0;
    /// Octets at the block's beginning, and at its end, nearly all of which were corrected. A block
    /// cut a few octets beside its place, or broken by a slip, may be verified all the same: words
    /// are cyclic, and the random sequence hardly hinders. It then has such a run.
    unsigned head_run_octets = 0;
    unsigned tail_run_octets = 0;
};

/// Takes no memory after construction.
class codeblock_decoder {
  public:
    /// `crc_check`: without Reed-Solomon, a frame's last two octets are its CRC.
    codeblock_decoder(const coding& code, bool crc_check);

    [[nodiscard]] assurance proves() const noexcept { return proves_; }
    [[nodiscard]] std::size_t block_octets() const noexcept { return received_.size(); }
    /// How far beside its place a block may still be verified; 0 without Reed-Solomon.
    [[nodiscard]] std::size_t slack_octets() const noexcept { return slack_octets_; }

    /// Decodes a block of `block_octets()`.
    codeblock_verdict decode(base::octets block) noexcept;

    /// The last block's frame, derandomised: corrected when verified, as received otherwise.
    [[nodiscard]] base::octets frame() const noexcept {
        return base::octets(block_).first(frame_octets_);
    }

  private:
    bool is_periodic() noexcept;
    void find_runs(codeblock_verdict& verdict) const noexcept;

    std::size_t frame_octets_;
    std::size_t slack_octets_;
    bool crc_check_;
    bool derandomize_first_;
    assurance proves_;
    sequence_randomizer randomizer_;
    std::optional<reed_solomon> reed_solomon_;
    std::vector<std::uint8_t> received_; ///< derandomised, if that comes first
    std::vector<std::uint8_t> block_;
};

} // namespace landfall::fec
