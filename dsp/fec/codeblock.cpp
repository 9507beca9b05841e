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

} // namespace

codeblock_decoder::codeblock_decoder(const coding& code, bool crc_check)
    : frame_octets_(code.frame_octets),
      interleave_(code.reed_solomon == rs_code::none ? 1 : code.rs_interleave),
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

bool codeblock_decoder::is_constant(base::octets block) const noexcept {
    for (std::size_t i = interleave_; i < block.size(); ++i) {
        if (block[i] != block[i - interleave_]) {
            return false;
        }
    }
    return true;
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
        verdict.constant = verdict.verified && is_constant(block_);
    } else if (crc_check_) {
        verdict.verified = crc16(block_) == 0;
    }
    if (!derandomize_first_) {
        randomizer_.apply(std::span(block_).first(frame_octets_));
    }
    return verdict;
}

} // namespace landfall::fec
