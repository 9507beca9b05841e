// SPDX-License-Identifier: MIT
#include "dsp/fec/codeblock.h"

#include "dsp/fec/crc.h"

#include <algorithm>
#include <cassert>

namespace landfall::fec {
namespace {

assurance assurance_of(const coding& code, bool crc_check) noexcept {
    switch (code.reed_solomon) {
    case rs_code::rs223:
        return assurance::strong;
    case rs_code::rs239:
        return code.rs_interleave > 1 ? assurance::strong : assurance::weak;
    case rs_code::none:
        break;
    }
    return crc_check ? assurance::weak : assurance::none;
}

/// Every so many octets, up to four for each of eight codewords.
bool repeats(base::octets block) noexcept {
    for (std::size_t period = 1; period <= 32 && period < block.size(); ++period) {
        const auto shifted = block.subspan(period);
        if (std::equal(shifted.begin(), shifted.end(), block.begin())) {
            return true;
        }
    }
    return false;
}

} // namespace

codeblock_decoder::codeblock_decoder(const coding& code, bool crc_check)
    : frame_octets_(code.frame_octets),
      slack_octets_(std::min(codeblock_octets(code),
                             code.reed_solomon == rs_code::none
                                 ? 0
                                 : rs_parity_octets(code.reed_solomon) / 2 * code.rs_interleave)),
      crc_check_(crc_check && code.reed_solomon == rs_code::none),
      derandomize_first_(code.derandomize_when == derandomize::before_rs ||
                         code.reed_solomon == rs_code::none),
      proves_(assurance_of(code, crc_check)),
      randomizer_(code.pseudo_random, codeblock_octets(code)), received_(codeblock_octets(code)),
      block_(codeblock_octets(code)) {
    if (code.reed_solomon != rs_code::none) {
        reed_solomon_.emplace(code);
    }
}

/// Whether `block_`, a codeword, repeats itself, with the random sequence added or without.
bool codeblock_decoder::is_periodic() noexcept {
    const bool plain = repeats(block_);
    randomizer_.apply(block_);
    const bool other = repeats(block_);
    randomizer_.apply(block_);
    return plain || other;
}

/// Of a block just corrected.
void codeblock_decoder::find_runs(codeblock_verdict& verdict) const noexcept {
    unsigned head = 0;
    unsigned tail = 0;
    for (std::size_t i = 0; i < slack_octets_; ++i) {
        const auto octets = static_cast<unsigned>(i + 1);
        const std::size_t mirrored = block_.size() - 1 - i;
        if (block_[i] != received_[i] && 8 * ++head >= 7 * octets) {
            verdict.head_run_octets = octets;
        }
        if (block_[mirrored] != received_[mirrored] && 8 * ++tail >= 7 * octets) {
            verdict.tail_run_octets = octets;
        }
    }
}

codeblock_verdict codeblock_decoder::decode(base::octets block) noexcept {
    assert(block.size() == received_.size());
    codeblock_verdict verdict;
    std::ranges::copy(block, received_.begin());
    if (derandomize_first_) {
        randomizer_.apply(received_);
    }
    std::ranges::copy(received_, block_.begin());
    if (reed_solomon_) {
        const rs_outcome outcome = reed_solomon_->decode(block_, true);
        verdict.verified = outcome.failed_codewords == 0;
        verdict.corrected_symbols = verdict.verified ? outcome.corrected_symbols : 0;
        if (!verdict.verified) {
            std::ranges::copy(received_, block_.begin());
        }
        verdict.periodic = verdict.verified && is_periodic();
        if (verdict.corrected_symbols != 0) {
            find_runs(verdict);
        }
    } else if (crc_check_) {
        verdict.verified = crc16(block_) == 0;
    }
    if (!derandomize_first_) {
        randomizer_.apply(std::span(block_).first(frame_octets_));
    }
    return verdict;
}

} // namespace landfall::fec
