// SPDX-License-Identifier: MIT
#include "dsp/fec/reed_solomon.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

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

/// The generator polynomial, the highest power's coefficient (1) left out, the next one first.
std::array<std::uint8_t, rs_most_roots> generator_of(unsigned roots) {
    std::array<std::uint8_t, rs_most_roots + 1> polynomial{1}; // lowest power first
    for (unsigned i = 0; i < roots; ++i) {
        const gf256::nibble_table& by_root = gf256::times[gf256::beta(128 - roots / 2 + i)];
        for (unsigned power = i + 1; power > 0; --power) {
            polynomial[power] =
                static_cast<std::uint8_t>(polynomial[power - 1] ^ by_root(polynomial[power]));
        }
        polynomial[0] = by_root(polynomial[0]);
    }
    std::array<std::uint8_t, rs_most_roots> rest{};
    for (unsigned i = 0; i < roots; ++i) {
        rest[i] = polynomial[roots - 1 - i];
    }
    return rest;
}

} // namespace

std::uint8_t to_dual_basis(std::uint8_t symbol) noexcept {
    return dual_of[symbol];
}
std::uint8_t from_dual_basis(std::uint8_t symbol) noexcept {
    return conventional_of[symbol];
}

reed_solomon::reed_solomon(const coding& code)
    : data_octets_(code.frame_octets), parity_octets_(rs_parity_octets(code.reed_solomon)),
      interleave_(code.rs_interleave), sent_octets_(data_octets_ / interleave_ + parity_octets_),
      dual_(code.basis == rs_basis::dual),
      tables_(
          make_syndrome_tables(code.rs_interleave, static_cast<unsigned>(parity_octets_), dual_)) {
    assert(parity_octets_ != 0 && interleave_ >= 1 && interleave_ <= rs_most_interleave);
    assert(data_octets_ >= interleave_ && data_octets_ % interleave_ == 0 && sent_octets_ <= 255);
    const auto generator = generator_of(static_cast<unsigned>(parity_octets_));
    for (unsigned symbol = 0; symbol < 256; ++symbol) {
        const gf256::nibble_table& by_symbol =
            gf256::times[dual_ ? conventional_of[symbol] : symbol];
        for (std::size_t i = 0; i < parity_octets_; ++i) {
            const std::uint8_t term = by_symbol(generator[i]);
            feedback_[symbol][i] = dual_ ? dual_of[term] : term;
        }
    }
}

void reed_solomon::encode(std::span<std::uint8_t> block) noexcept {
    assert(block.size() == block_octets());
    for (std::size_t word = 0; word < interleave_; ++word) {
        std::array<std::uint8_t, rs_most_roots + 1> remainder{};
        for (std::size_t at = word; at < data_octets_; at += interleave_) {
            const auto& change = feedback_[remainder[0] ^ block[at]];
            for (std::size_t i = 0; i < rs_most_roots; ++i) {
                remainder[i] = static_cast<std::uint8_t>(remainder[i + 1] ^ change[i]);
            }
        }
        for (std::size_t i = 0; i < parity_octets_; ++i) {
            block[data_octets_ + word + i * interleave_] = remainder[i];
        }
    }
}

/// The codewords that have syndromes: bit w.
unsigned reed_solomon::check(base::octets block) noexcept {
    std::memcpy(work_.block.data() + 255 * interleave_ - block.size(), block.data(), block.size());
    return compute_syndromes(tables_, work_);
}

/// What to change in a codeword with syndromes. False if it cannot be corrected.
bool reed_solomon::locate(std::size_t word, corrections& found) noexcept {
    std::array<std::uint8_t, rs_most_roots> syndromes{};
    for (std::size_t i = 0; i < parity_octets_; ++i) {
        const std::uint8_t syndrome = work_.syndromes[i][word];
        syndromes[i] = dual_ ? conventional_of[syndrome] : syndrome;
    }
    found.count = 0;
    key_equation solution;
    if (!solve_key_equation(syndromes, static_cast<unsigned>(parity_octets_ / 2), solution)) {
        return false;
    }
    locator_roots roots;
    find_roots(solution, roots);
    unsigned count = 0;
    for (const std::uint64_t places : roots.places) {
        count += static_cast<unsigned>(std::popcount(places));
    }
    if (count != solution.errors) {
        return false;
    }
    std::array<std::uint8_t, 256> values;
    evaluate(solution, values);
    const auto power = static_cast<unsigned>(128 + parity_octets_ / 2);
    for (unsigned quarter = 0; quarter < roots.places.size(); ++quarter) {
        for (std::uint64_t left = roots.places[quarter]; left != 0; left &= left - 1) {
            const unsigned place = 64 * quarter + static_cast<unsigned>(std::countr_zero(left));
            if (place >= sent_octets_) {
                return false; // in virtual fill
            }
            // Forney: with X = beta^place, X^-(128+E) evaluator(1/X) / odd(1/X).
            const unsigned back = 255 - place;
            const std::uint8_t numerator = gf256::times[gf256::beta(back * power)](values[place]);
            const std::uint8_t value = gf256::times[numerator](gf256::inverse[roots.odd[place]]);
            const std::size_t octet = (sent_octets_ - 1 - place) * interleave_ + word;
            found.list[found.count++] = {static_cast<std::uint16_t>(octet),
                                         dual_ ? dual_of[value] : value};
        }
    }
    return true;
}

void reed_solomon::apply(const corrections& found, std::span<std::uint8_t> block) noexcept {
    for (unsigned i = 0; i < found.count; ++i) {
        std::uint8_t& octet = block[found.list[i].octet];
        octet = static_cast<std::uint8_t>(octet ^ found.list[i].change);
    }
}

rs_outcome reed_solomon::decode(std::span<std::uint8_t> block, bool stop_at_failure) noexcept {
    assert(block.size() == block_octets());
    rs_outcome outcome;
    unsigned corrected = 0; ///< codewords
    for (unsigned left = check(block); left != 0; left &= left - 1) {
        const auto word = static_cast<unsigned>(std::countr_zero(left));
        if (locate(word, corrections_[word])) {
            apply(corrections_[word], block);
            outcome.corrected_symbols += corrections_[word].count;
            corrected |= 1U << word;
        } else {
            ++outcome.failed_codewords;
            if (stop_at_failure) {
                break;
            }
        }
    }
    if (corrected == 0) {
        return outcome;
    }
    for (unsigned left = check(block) & corrected; left != 0; left &= left - 1) {
        const auto word = static_cast<unsigned>(std::countr_zero(left));
        apply(corrections_[word], block);
        outcome.corrected_symbols -= corrections_[word].count;
        ++outcome.failed_codewords;
    }
    return outcome;
}

} // namespace landfall::fec
