// SPDX-License-Identifier: MIT
#include "dsp/fec/reed_solomon.h"

#include <algorithm>
#include <cassert>

extern "C" {
#include <fec.h>
}

namespace landfall::fec {
namespace {

using table256 = std::array<std::uint8_t, 256>;

/// `rows` are the images of the bits, the most significant bit's first (131.0-B, annex on the
/// transformation between representations).
constexpr table256 linear_table(const std::array<std::uint8_t, 8>& rows) {
    table256 table{};
    for (unsigned value = 0; value < 256; ++value) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            if ((value << bit & 0x80U) != 0) {
                table[value] = static_cast<std::uint8_t>(table[value] ^ rows[bit]);
            }
        }
    }
    return table;
}

constexpr table256 dual_of = linear_table({0x8D, 0xEF, 0xEC, 0x86, 0xFA, 0x99, 0xAF, 0x7B});
constexpr table256 conventional_of = linear_table({0xC5, 0x42, 0x2E, 0xFD, 0xF0, 0x79, 0xAC, 0xCC});

} // namespace

std::uint8_t to_dual_basis(std::uint8_t symbol) noexcept {
    return dual_of[symbol];
}
std::uint8_t from_dual_basis(std::uint8_t symbol) noexcept {
    return conventional_of[symbol];
}

void reed_solomon::free_codec::operator()(void* codec) const noexcept {
    free_rs_char(codec);
}

reed_solomon::reed_solomon(const coding& code)
    : data_octets_(code.frame_octets), parity_octets_(rs_parity_octets(code.reed_solomon)),
      interleave_(code.rs_interleave), sent_octets_(data_octets_ / interleave_ + parity_octets_),
      dual_(code.basis == rs_basis::dual) {
    assert(parity_octets_ != 0 && interleave_ >= 1 && interleave_ <= 8);
    assert(data_octets_ >= interleave_ && data_octets_ % interleave_ == 0 && sent_octets_ <= 255);
    const int parity = static_cast<int>(parity_octets_);
    codec_.reset(
        init_rs_char(8, 0x187, 128 - parity / 2, 11, parity, 255 - static_cast<int>(sent_octets_)));
    assert(codec_ != nullptr);
}

void reed_solomon::encode(std::span<std::uint8_t> block) noexcept {
    assert(block.size() == block_octets());
    const std::size_t data = sent_octets_ - parity_octets_;
    for (std::size_t first = 0; first < interleave_; ++first) {
        for (std::size_t i = 0; i < data; ++i) {
            const std::uint8_t symbol = block[first + i * interleave_];
            word_[i] = dual_ ? conventional_of[symbol] : symbol;
        }
        encode_rs_char(codec_.get(), word_.data(), word_.data() + data);
        for (std::size_t i = data; i < sent_octets_; ++i) {
            block[first + i * interleave_] = dual_ ? dual_of[word_[i]] : word_[i];
        }
    }
}

int reed_solomon::decode_codeword(std::span<std::uint8_t> block, std::size_t first) noexcept {
    for (std::size_t i = 0; i < sent_octets_; ++i) {
        const std::uint8_t symbol = block[first + i * interleave_];
        word_[i] = dual_ ? conventional_of[symbol] : symbol;
    }
    const std::array<std::uint8_t, 255> received = word_;
    const int corrected = decode_rs_char(codec_.get(), word_.data(), nullptr, 0);
    if (corrected <= 0) {
        return corrected;
    }
    // libfec drops corrections that fall into virtual fill and still reports success.
    int changed = 0;
    for (std::size_t i = 0; i < sent_octets_; ++i) {
        changed += received[i] != word_[i] ? 1 : 0;
    }
    if (changed != corrected) {
        return -1;
    }
    std::array<std::uint8_t, 32> parity{};
    const std::size_t data = sent_octets_ - parity_octets_;
    encode_rs_char(codec_.get(), word_.data(), parity.data());
    if (!std::equal(parity.begin(), parity.begin() + static_cast<std::ptrdiff_t>(parity_octets_),
                    word_.begin() + static_cast<std::ptrdiff_t>(data))) {
        return -1;
    }
    for (std::size_t i = 0; i < sent_octets_; ++i) {
        block[first + i * interleave_] = dual_ ? dual_of[word_[i]] : word_[i];
    }
    return corrected;
}

rs_outcome reed_solomon::decode(std::span<std::uint8_t> block, bool stop_at_failure) noexcept {
    assert(block.size() == block_octets());
    rs_outcome outcome;
    for (std::size_t first = 0; first < interleave_; ++first) {
        const int corrected = decode_codeword(block, first);
        if (corrected < 0) {
            ++outcome.failed_codewords;
            if (stop_at_failure) {
                break;
            }
        } else {
            outcome.corrected_symbols += static_cast<unsigned>(corrected);
        }
    }
    return outcome;
}

} // namespace landfall::fec
