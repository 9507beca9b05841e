// SPDX-License-Identifier: MIT
#include "dsp/fec/libfec_reference.h"

#include "dsp/fec/convolutional.h"

extern "C" {
#include <fec.h>
}

namespace landfall::fec {
namespace {
constexpr std::size_t tail_bits = 6;
}

libfec_viterbi::libfec_viterbi(std::size_t bits)
    : bits_(bits), decoder_(create_viterbi27(static_cast<int>(bits))), packed_(bits / 8 + 1) {
    // One table for all of libfec's decoders.
    int generators[2] = {static_cast<int>(g1_newest_low), static_cast<int>(g2_newest_low)};
    set_viterbi27_polynomial(generators);
}

libfec_viterbi::~libfec_viterbi() {
    delete_viterbi27(decoder_);
}

std::span<const std::uint8_t> libfec_viterbi::decode(std::span<const std::uint8_t> symbols) {
    init_viterbi27(decoder_, 0);
    // libfec takes its input as not const, but does not write to it.
    update_viterbi27_blk(decoder_, const_cast<std::uint8_t*>(symbols.data()),
                         static_cast<int>(bits_ + tail_bits));
    chainback_viterbi27(decoder_, packed_.data(), static_cast<unsigned>(bits_), 0);
    return packed_;
}

void libfec_rs_encode(std::span<std::uint8_t> codeword) {
    encode_rs_ccsds(codeword.data(), codeword.data() + 223, 0);
}

int libfec_rs_decode(std::span<std::uint8_t> codeword) {
    return decode_rs_ccsds(codeword.data(), nullptr, 0, 0);
}

} // namespace landfall::fec
