// SPDX-License-Identifier: MIT
// The loops of the Reed-Solomon decoder that are worth vectors. One source for every
// instruction set; the best one is chosen at run time.
#pragma once

#include "dsp/fec/gf256.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace landfall::fec {

inline constexpr std::size_t rs_most_errors = 16;
inline constexpr std::size_t rs_most_roots = 2 * rs_most_errors;
inline constexpr std::size_t rs_most_interleave = 8;
/// The widest vectors that are used, in octets.
inline constexpr std::size_t rs_widest_vector = 64;

/// What the syndromes of a code, a basis and an interleave take. All products are in the basis of
/// the symbols as sent.
struct syndrome_tables {
    using per_root = std::array<std::array<std::uint8_t, 16>, rs_most_roots>;

    alignas(64) per_root group_low, group_high;   ///< by beta^(j * symbols), of each root beta^j
    alignas(64) per_root symbol_low, symbol_high; ///< by beta^j
    std::array<gf256::nibble_table, 4> eta; ///< by beta^51, of order 5: its powers 1, 2, 4 and 1+4
    gf256::nibble_table zeta;               ///< by beta^85, of order 3
    unsigned interleave;                    ///< 1 to 8
    unsigned first_root;                    ///< the least j
    unsigned roots;                         ///< 16 or 32
    unsigned symbols;                       ///< of each codeword that 16 octets hold
};

[[nodiscard]] syndrome_tables make_syndrome_tables(unsigned interleave, unsigned roots, bool dual);

/// What they are computed in.
struct syndrome_workspace {
    static constexpr std::size_t piece_octets = 17 * rs_most_interleave;
    static constexpr std::size_t row_octets = 256;
    static constexpr std::size_t row_lead = 64; ///< zeros before each row's first symbol

    /// The codeblock at full length, virtual fill (zeros) at the front, and what loads may overrun.
    alignas(64) std::array<std::uint8_t, 15 * piece_octets + rs_widest_vector> block{};
    alignas(64) std::array<std::array<std::uint8_t, row_octets>, 15> thirds{};
    alignas(64) std::array<std::array<std::uint8_t, row_octets>, 15> rows{};
    alignas(64) std::array<std::array<std::array<std::uint8_t, 16>, 18>, 9> groups{};
    /// Of root j, codeword w: [j - first_root][w], in the basis of the symbols.
    alignas(64) std::array<std::array<std::uint8_t, 16>, rs_most_roots> syndromes{};
};

/// Of `work.block`. Bit w is set if codeword w has a syndrome that is not 0.
unsigned compute_syndromes(const syndrome_tables& tables, syndrome_workspace& work) noexcept;

/// A codeword's error locator and evaluator, in the conventional basis.
struct key_equation {
    std::array<std::uint8_t, 2 * rs_most_errors> locator{}; ///< the first most_errors + 1 count
    std::array<std::uint8_t, rs_most_errors> evaluator{};
    unsigned errors = 0; ///< the locator's degree
};

/// Solves for the 2 `most_errors` syndromes of one codeword. False if there are more errors.
bool solve_key_equation(const std::array<std::uint8_t, rs_most_roots>& syndromes,
                        unsigned most_errors, key_equation& solution) noexcept;

struct locator_roots {
    /// Bit p of the 255: the locator is 0 at beta^-p.
    std::array<std::uint64_t, 4> places{};
    alignas(64) std::array<std::uint8_t, 256> odd{}; ///< the sum of its odd terms there
};

void find_roots(const key_equation& solution, locator_roots& found) noexcept;

/// The evaluator at beta^-p, for each place p.
void evaluate(const key_equation& solution, std::array<std::uint8_t, 256>& values) noexcept;

} // namespace landfall::fec
