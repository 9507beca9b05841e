// SPDX-License-Identifier: MIT
#include "dsp/fec/viterbi.h"

#include "dsp/fec/convolutional.h"

#include <algorithm>
#include <cassert>

extern "C" {
#include <fec.h>
}

namespace landfall::fec {
namespace {

constexpr std::size_t tail_bits = constraint_length_bits - 1;

/// libfec keeps the generators in one global table.
bool set_generators() noexcept {
    int generators[2] = {static_cast<int>(g1_newest_low), static_cast<int>(g2_newest_low)};
    set_viterbi27_polynomial(generators);
    return true;
}

} // namespace

void viterbi::free_decoder::operator()(void* decoder) const noexcept {
    delete_viterbi27(decoder);
}

viterbi::viterbi(std::size_t max_bits)
    : max_bits_(max_bits), symbols_(2 * max_bits), packed_(max_bits / 8 + 1) {
    static const bool generators_set = set_generators();
    assert(generators_set && max_bits > tail_bits);
    decoder_.reset(create_viterbi27(static_cast<int>(max_bits)));
    assert(decoder_ != nullptr);
}

void viterbi::decode(std::span<const std::int8_t> soft, std::size_t skip_bits,
                     std::span<std::uint8_t> bits) noexcept {
    const std::size_t steps = soft.size() / 2;
    assert(steps <= max_bits_ && skip_bits + bits.size() + tail_bits <= steps);
    // libfec: 0 is a sure zero, 255 a sure one. There is no exact middle, so erasures alternate.
    for (std::size_t i = 0; i < 2 * steps; ++i) {
        const int value = std::max<int>(soft[i], -127);
        const int middle = value > 0 ? 127 : value < 0 ? 128 : 127 + static_cast<int>(i >> 1U & 1U);
        symbols_[i] = static_cast<std::uint8_t>(middle - value);
    }
    init_viterbi27(decoder_.get(), 0);
    update_viterbi27_blk(decoder_.get(), symbols_.data(), static_cast<int>(steps));
    const auto decoded = static_cast<unsigned>(steps - tail_bits);
    chainback_viterbi27(decoder_.get(), packed_.data(), decoded, 0);
    for (std::size_t i = 0; i < bits.size(); ++i) {
        const std::size_t place = skip_bits + i;
        bits[i] = static_cast<std::uint8_t>(packed_[place >> 3U] >> (7U - (place & 7U)) & 1U);
    }
}

} // namespace landfall::fec
