// SPDX-License-Identifier: MIT
#include "dsp/fec/stream_encoder.h"

#include <algorithm>
#include <cassert>

namespace landfall::fec {
namespace {

constexpr std::size_t tail_bits = 64;

} // namespace

stream_encoder::stream_encoder(const coding& code, unsigned bits_per_symbol, std::uint64_t seed)
    : code_(code), bits_per_symbol_(bits_per_symbol),
      randomizer_(code.pseudo_random, codeblock_octets(code)),
      nrz_(nrz_lag_bits(code.line_code, bits_per_symbol)), convolutional_(code), random_(seed),
      block_(codeblock_octets(code)) {
    if (code.reed_solomon != rs_code::none) {
        reed_solomon_.emplace(code);
    }
}

void stream_encoder::append_octets(base::octets octets) {
    for (const std::uint8_t octet : octets) {
        for (unsigned bit = 8; bit-- > 0;) {
            bits_.push_back(static_cast<std::uint8_t>(octet >> bit & 1U));
        }
    }
}

void stream_encoder::send(std::vector<std::uint8_t>& channel_bits) {
    const std::size_t before = channel_bits.size();
    nrz_.encode(bits_);
    convolutional_.encode(bits_, channel_bits);
    sent_ += channel_bits.size() - before;
    bits_.clear();
}

void stream_encoder::frame(base::octets octets, std::vector<std::uint8_t>& channel_bits) {
    assert(octets.size() == code_.frame_octets);
    const auto data = std::span(block_).first(octets.size());
    const bool after = code_.derandomize_when == derandomize::after_rs;
    std::ranges::copy(octets, data.begin());
    if (after) {
        randomizer_.apply(data);
    }
    if (reed_solomon_) {
        reed_solomon_->encode(block_);
    }
    if (!after) {
        randomizer_.apply(block_);
    }
    for (unsigned bit = code_.marker.bits; bit-- > 0;) {
        bits_.push_back(static_cast<std::uint8_t>(code_.marker.value >> bit & 1U));
    }
    append_octets(block_);
    send(channel_bits);
}

void stream_encoder::idle(std::size_t bits, std::vector<std::uint8_t>& channel_bits) {
    for (std::size_t i = 0; i < bits; ++i) {
        bits_.push_back(random_.bit() ? 1 : 0);
    }
    send(channel_bits);
}

void stream_encoder::flush(std::vector<std::uint8_t>& channel_bits) {
    idle(tail_bits, channel_bits);
    while (sent_ % bits_per_symbol_ != 0) {
        idle(1, channel_bits);
    }
}

} // namespace landfall::fec
