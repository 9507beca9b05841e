// SPDX-License-Identifier: MIT
#include "dsp/fec/randomizer.h"

#include <algorithm>
#include <cassert>

namespace landfall::fec {
namespace {

/// A Fibonacci register whose bit 0 is the next output; `taps` are summed into the top bit.
void run_register(std::uint32_t state, std::uint32_t taps, unsigned length,
                  std::span<std::uint8_t> out) noexcept {
    for (std::uint8_t& octet : out) {
        unsigned value = 0;
        for (int bit = 0; bit < 8; ++bit) {
            value = value << 1U | (state & 1U);
            const auto feedback = static_cast<std::uint32_t>(__builtin_parity(state & taps));
            state = state >> 1U | feedback << (length - 1U);
        }
        octet = static_cast<std::uint8_t>(value);
    }
}

} // namespace

void random_sequence(randomizer kind, std::span<std::uint8_t> out) noexcept {
    switch (kind) {
    case randomizer::none:
        std::ranges::fill(out, std::uint8_t{0});
        return;
    case randomizer::pn255: // a[n+8] = a[n+7] + a[n+5] + a[n+3] + a[n]
        run_register(0xFF, 0b1010'1001, 8, out);
        return;
    case randomizer::pn131071: // a[n+17] = a[n+14] + a[n]
        run_register(0b1'1000'1110'0011'1000, 0b0'0100'0000'0000'0001, 17, out);
        return;
    }
}

sequence_randomizer::sequence_randomizer(randomizer kind, std::size_t octets)
    : sequence_(kind == randomizer::none ? 0 : octets) {
    random_sequence(kind, sequence_);
}

void sequence_randomizer::apply(std::span<std::uint8_t> block) const noexcept {
    if (sequence_.empty()) {
        return;
    }
    assert(block.size() <= sequence_.size());
    const std::uint8_t* sequence = sequence_.data(); // a local, so that no store may change it
    for (std::size_t i = 0; i < block.size(); ++i) {
        block[i] ^= sequence[i];
    }
}

} // namespace landfall::fec
