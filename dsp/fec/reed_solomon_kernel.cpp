// SPDX-License-Identifier: MIT
#include "dsp/fec/reed_solomon_kernel.h"

#include "dsp/fec/reed_solomon.h"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/fec/reed_solomon_kernel.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef LANDFALL_DSP_FEC_REED_SOLOMON_KERNEL
#define LANDFALL_DSP_FEC_REED_SOLOMON_KERNEL
namespace landfall::fec {
namespace {

/// 0 to 15, twice: sixteen from n on move a vector's octets n places down.
alignas(32) constexpr std::array<std::uint8_t, 32> places_twice = [] {
    std::array<std::uint8_t, 32> places{};
    for (unsigned i = 0; i < 32; ++i) {
        places[i] = static_cast<std::uint8_t>(i % 16);
    }
    return places;
}();

/// Row i has beta^(-ip) for each place p.
alignas(64) constexpr auto locator_rows = [] {
    std::array<std::array<std::uint8_t, 256>, rs_most_errors + 1> rows{};
    for (unsigned i = 0; i <= rs_most_errors; ++i) {
        for (unsigned p = 0; p < 256; ++p) {
            rows[i][p] = gf256::beta((255 - p % 255) * i);
        }
    }
    return rows;
}();

constexpr std::size_t cells = 64; ///< of the key equation: 3 most_errors + 1 are used

} // namespace
} // namespace landfall::fec
#endif

HWY_BEFORE_NAMESPACE();
namespace landfall::fec {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using lanes = hn::CappedTag<std::uint8_t, rs_widest_vector>;
using vec = hn::Vec<lanes>;
using sixteen = hn::FixedTag<std::uint8_t, 16>;

/// A table of lookups, the same in each 16 octets or one for each.
template <class V>
struct table_pair {
    V low;
    V high;
};

table_pair<vec> repeated(const gf256::nibble_table& table) {
    const lanes d;
    return {hn::LoadDup128(d, table.low.data()), hn::LoadDup128(d, table.high.data())};
}

template <class V>
struct nibbles {
    V low;
    V high;
};

template <class V>
HWY_INLINE nibbles<V> split(V octets) {
    const hn::DFromV<V> d;
    return {hn::And(octets, hn::Set(d, 15)), hn::ShiftRight<4>(octets)};
}

template <class V>
HWY_INLINE V product(table_pair<V> table, nibbles<V> octets) {
    return hn::Xor(hn::TableLookupBytes(table.low, octets.low),
                   hn::TableLookupBytes(table.high, octets.high));
}

template <class V>
HWY_INLINE V product(table_pair<V> table, V octets) {
    return product(table, split(octets));
}

// The block is a polynomial whose first symbol has the highest power, 254. Symbol i = 17 p + t
// counts in S_j with beta^(j (16 - t)) * omega^(j (14 - p)), omega = beta^17 of order 15: so first
// a transform of 15 points across the pieces p, of which S_j needs the value j mod 15, then a sum
// over t. The transform is 3 by 5 points: piece 14 - p = (5 a + 3 b) mod 15.

constexpr std::size_t piece_of(unsigned a, unsigned b) {
    return 14 - (5 * a + 3 * b) % 15;
}

/// Three points, over a, for each b: row 5 r + b.
HWY_NOINLINE void transform_by_three(const syndrome_tables& tables, syndrome_workspace& work) {
    const lanes d;
    const std::size_t piece = std::size_t{17} * tables.interleave;
    const auto zeta = repeated(tables.zeta);
    for (std::size_t at = 0; at < piece; at += hn::Lanes(d)) {
        const std::uint8_t* from = work.block.data() + at;
        for (unsigned b = 0; b < 5; ++b) {
            const auto x0 = hn::LoadU(d, from + piece * piece_of(0, b));
            const auto x1 = hn::LoadU(d, from + piece * piece_of(1, b));
            const auto x2 = hn::LoadU(d, from + piece * piece_of(2, b));
            const auto sum = hn::Xor(x1, x2);
            const auto turned = hn::Xor(x0, product(zeta, sum));
            hn::Store(hn::Xor(x0, sum), d, work.thirds[b].data() + at);
            hn::Store(hn::Xor(turned, x2), d, work.thirds[5 + b].data() + at);
            hn::Store(hn::Xor(turned, x1), d, work.thirds[10 + b].data() + at);
        }
    }
}

/// Where the value of frequency r (mod 3: `third`, mod 5: `fifth`) goes.
std::uint8_t* row_of(const syndrome_tables& tables, syndrome_workspace& work, unsigned third,
                     unsigned fifth) {
    const unsigned frequency = (10 * third + 6 * fifth) % 15;
    const unsigned row = (frequency + 15 - tables.first_root % 15) % 15;
    return work.rows[row].data() + syndrome_workspace::row_lead;
}

/// Five points, over b. The rows are then in the order of the roots, from the first on.
HWY_NOINLINE void transform_by_five(const syndrome_tables& tables, syndrome_workspace& work) {
    const lanes d;
    const std::size_t piece = std::size_t{17} * tables.interleave;
    const auto eta1 = repeated(tables.eta[0]);
    const auto eta2 = repeated(tables.eta[1]);
    const auto eta4 = repeated(tables.eta[2]);
    const auto both = repeated(tables.eta[3]);
    for (unsigned third = 0; third < 3; ++third) {
        const auto* from = &work.thirds[std::size_t{5} * third];
        std::array<std::uint8_t*, 5> to{};
        for (unsigned fifth = 0; fifth < 5; ++fifth) {
            to[fifth] = row_of(tables, work, third, fifth);
        }
        for (std::size_t at = 0; at < piece; at += hn::Lanes(d)) {
            const auto x0 = hn::Load(d, from[0].data() + at);
            const auto x1 = hn::Load(d, from[1].data() + at);
            const auto x2 = hn::Load(d, from[2].data() + at);
            const auto x3 = hn::Load(d, from[3].data() + at);
            const auto x4 = hn::Load(d, from[4].data() + at);
            const auto outer = hn::Xor(x1, x4);
            const auto inner = hn::Xor(x2, x3);
            const auto outer_parts = split(outer);
            const auto inner_parts = split(inner);
            const auto once =
                hn::Xor(x0, hn::Xor(product(eta1, outer_parts), product(eta2, inner_parts)));
            const auto twice =
                hn::Xor(x0, hn::Xor(product(eta2, outer_parts), product(eta4, inner_parts)));
            // (eta + eta^4) + (eta^2 + eta^3) = 1.
            const auto upper = product(both, hn::Xor(x3, x4));
            const auto lower = product(both, hn::Xor(x1, x2));
            hn::StoreU(hn::Xor(x0, hn::Xor(outer, inner)), d, to[0] + at);
            hn::StoreU(hn::Xor(hn::Xor(once, upper), x3), d, to[1] + at);
            hn::StoreU(hn::Xor(hn::Xor(twice, upper), x4), d, to[2] + at);
            hn::StoreU(hn::Xor(hn::Xor(twice, lower), x1), d, to[3] + at);
            hn::StoreU(hn::Xor(hn::Xor(once, lower), x2), d, to[4] + at);
        }
    }
}

/// Cuts the rows into groups of 16 octets, `symbols` of each codeword, so that those of consecutive
/// roots stand side by side. The last group ends at the row's end.
unsigned regroup(const syndrome_tables& tables, syndrome_workspace& work) {
    const unsigned count = (17 + tables.symbols - 1) / tables.symbols;
    const std::size_t step = std::size_t{tables.symbols} * tables.interleave;
    const std::size_t first =
        syndrome_workspace::row_lead + std::size_t{17} * tables.interleave - count * step;
    const sixteen d;
    for (unsigned row = 0; row < 15; ++row) {
        const std::uint8_t* from = work.rows[row].data() + first;
        for (unsigned group = 0; group < count; ++group) {
            const auto octets = hn::LoadU(d, from + group * step);
            hn::Store(octets, d, work.groups[group][row].data());
            if (row < 3) {
                hn::Store(octets, d, work.groups[group][row + 15].data());
            }
        }
    }
    return count;
}

/// The sum over t: of each group's symbols side by side, then of those.
HWY_NOINLINE unsigned sum_groups(const syndrome_tables& tables, syndrome_workspace& work,
                                 unsigned groups) {
    const lanes d;
    auto any = hn::Zero(d);
    const std::size_t at_once = hn::Lanes(d) / 16;
    for (std::size_t root = 0; root < tables.roots; root += at_once) {
        const std::size_t row = root % 15;
        const table_pair<vec> by_group{hn::Load(d, tables.group_low[root].data()),
                                       hn::Load(d, tables.group_high[root].data())};
        const table_pair<vec> by_symbol{hn::Load(d, tables.symbol_low[root].data()),
                                        hn::Load(d, tables.symbol_high[root].data())};
        auto sums = hn::LoadU(d, work.groups[0][row].data());
        for (unsigned group = 1; group < groups; ++group) {
            sums = hn::Xor(product(by_group, sums), hn::LoadU(d, work.groups[group][row].data()));
        }
        auto total = sums;
        for (unsigned symbol = 1; symbol < tables.symbols; ++symbol) {
            const std::uint8_t* places = &places_twice[std::size_t{symbol} * tables.interleave];
            const auto next = hn::TableLookupBytes(sums, hn::LoadDup128(d, places));
            total = hn::Xor(product(by_symbol, total), next);
        }
        hn::Store(total, d, work.syndromes[root].data());
        any = hn::Or(any, total);
    }
    alignas(64) std::array<std::uint8_t, rs_widest_vector> wrong{};
    hn::Store(any, d, wrong.data());
    unsigned mask = 0;
    for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
        mask |= wrong[i] != 0 ? 1U << i % 16 : 0U;
    }
    return mask & ((1U << tables.interleave) - 1);
}

unsigned compute_syndromes_here(const syndrome_tables& tables, syndrome_workspace& work) {
    transform_by_three(tables, work);
    transform_by_five(tables, work);
    return sum_groups(tables, work, regroup(tables, work));
}

using vec16 = hn::Vec<sixteen>;

table_pair<vec16> by_factor(unsigned factor) {
    const sixteen d;
    const gf256::nibble_table& table = gf256::times[factor];
    return {hn::Load(d, table.low.data()), hn::Load(d, table.high.data())};
}

// Berlekamp's and Massey's algorithm without inversions, reformulated so that discrepancies and
// both polynomials are in one row of cells (Sarwate and Shanbhag, 2001): each step is
// delta_i = gamma delta_(i+1) - delta_0 theta_i, after which the locator stands from cell
// `most_errors` on, and the evaluator (of the quotient by x^2E) in those before. A step whose
// delta_0 is 0 needs no factor gamma: only the ratios matter.
bool solve_key_equation_here(const std::array<std::uint8_t, rs_most_roots>& syndromes,
                             unsigned most_errors, key_equation& solution) {
    const sixteen d;
    alignas(16) std::array<std::uint8_t, cells> row{};
    std::memcpy(row.data(), syndromes.data(), std::size_t{2} * most_errors);
    row[std::size_t{3} * most_errors] = 1;
    auto delta0 = hn::Load(d, row.data());
    auto delta1 = hn::Load(d, row.data() + 16);
    auto delta2 = hn::Load(d, row.data() + 32);
    auto delta3 = hn::Load(d, row.data() + 48);
    auto theta0 = delta0;
    auto theta1 = delta1;
    auto theta2 = delta2;
    auto theta3 = delta3;
    auto gamma = by_factor(1);
    int order = 0; ///< steps less twice the errors assumed
    for (unsigned step = 0; step < 2 * most_errors; ++step) {
        const unsigned discrepancy = hn::GetLane(delta0);
        const auto next0 = hn::CombineShiftRightBytes<1>(d, delta1, delta0);
        const auto next1 = hn::CombineShiftRightBytes<1>(d, delta2, delta1);
        const auto next2 = hn::CombineShiftRightBytes<1>(d, delta3, delta2);
        const auto next3 = hn::CombineShiftRightBytes<1>(d, hn::Zero(d), delta3);
        if (discrepancy == 0) {
            delta0 = next0;
            delta1 = next1;
            delta2 = next2;
            delta3 = next3;
            ++order;
            continue;
        }
        const auto factor = by_factor(discrepancy);
        delta0 = hn::Xor(product(gamma, next0), product(factor, theta0));
        delta1 = hn::Xor(product(gamma, next1), product(factor, theta1));
        delta2 = hn::Xor(product(gamma, next2), product(factor, theta2));
        delta3 = hn::Xor(product(gamma, next3), product(factor, theta3));
        if (order >= 0) {
            theta0 = next0;
            theta1 = next1;
            theta2 = next2;
            theta3 = next3;
            gamma = factor;
            order = -order - 1;
        } else {
            ++order;
        }
    }
    hn::Store(delta0, d, row.data());
    hn::Store(delta1, d, row.data() + 16);
    hn::Store(delta2, d, row.data() + 32);
    hn::Store(delta3, d, row.data() + 48);
    std::memcpy(solution.locator.data(), row.data() + most_errors, most_errors + 1U);
    std::memcpy(solution.evaluator.data(), row.data(), most_errors);
    if (order < 0) {
        return false;
    }
    solution.errors = most_errors - static_cast<unsigned>(order) / 2;
    return solution.locator[solution.errors] != 0;
}

void find_roots_here(const key_equation& solution, locator_roots& found) {
    const lanes d;
    alignas(8) std::array<std::uint8_t, 32> bits{};
    for (std::size_t at = 0; at < 256; at += hn::Lanes(d)) {
        auto even = hn::Set(d, solution.locator[0]);
        auto odd = hn::Zero(d);
        for (unsigned i = 1; i <= solution.errors; i += 2) {
            const auto powers = hn::Load(d, locator_rows[i].data() + at);
            odd = hn::Xor(odd, product(repeated(gf256::times[solution.locator[i]]), powers));
        }
        for (unsigned i = 2; i <= solution.errors; i += 2) {
            const auto powers = hn::Load(d, locator_rows[i].data() + at);
            even = hn::Xor(even, product(repeated(gf256::times[solution.locator[i]]), powers));
        }
        hn::Store(odd, d, found.odd.data() + at);
        hn::StoreMaskBits(d, hn::Eq(even, odd), bits.data() + at / 8);
    }
    bits[31] &= 0x7F; // place 255 is place 0
    found.places = std::bit_cast<std::array<std::uint64_t, 4>>(bits);
}

void evaluate_here(const key_equation& solution, std::array<std::uint8_t, 256>& values) {
    const lanes d;
    for (std::size_t at = 0; at < 256; at += hn::Lanes(d)) {
        auto value = hn::Set(d, solution.evaluator[0]);
        for (unsigned i = 1; i < solution.errors; ++i) {
            const auto powers = hn::Load(d, locator_rows[i].data() + at);
            value = hn::Xor(value, product(repeated(gf256::times[solution.evaluator[i]]), powers));
        }
        hn::StoreU(value, d, values.data() + at);
    }
}

} // namespace
} // namespace HWY_NAMESPACE
} // namespace landfall::fec
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace landfall::fec {
namespace {

HWY_EXPORT(compute_syndromes_here);
HWY_EXPORT(solve_key_equation_here);
HWY_EXPORT(find_roots_here);
HWY_EXPORT(evaluate_here);

} // namespace

syndrome_tables make_syndrome_tables(unsigned interleave, unsigned roots, bool dual) {
    syndrome_tables tables{};
    tables.interleave = interleave;
    tables.first_root = 128 - roots / 2;
    tables.roots = roots;
    tables.symbols = 16 / interleave;
    const auto by = [dual](unsigned factor) {
        return gf256::nibble_table_of([=](unsigned octet) {
            const auto symbol = static_cast<std::uint8_t>(octet);
            return dual ? to_dual_basis(gf256::multiply(from_dual_basis(symbol), factor))
                        : gf256::multiply(symbol, factor);
        });
    };
    tables.zeta = by(gf256::beta(85));
    const unsigned eta = gf256::beta(51);
    const unsigned eta4 = gf256::beta(4 * 51);
    tables.eta = {by(eta), by(gf256::beta(2 * 51)), by(eta4), by(eta ^ eta4)};
    for (unsigned i = 0; i < roots; ++i) {
        const unsigned root = tables.first_root + i;
        const gf256::nibble_table group = by(gf256::beta(root * tables.symbols));
        tables.group_low[i] = group.low;
        tables.group_high[i] = group.high;
        const gf256::nibble_table symbol = by(gf256::beta(root));
        tables.symbol_low[i] = symbol.low;
        tables.symbol_high[i] = symbol.high;
    }
    return tables;
}

unsigned compute_syndromes(const syndrome_tables& tables, syndrome_workspace& work) noexcept {
    return HWY_DYNAMIC_DISPATCH(compute_syndromes_here)(tables, work);
}

bool solve_key_equation(const std::array<std::uint8_t, rs_most_roots>& syndromes,
                        unsigned most_errors, key_equation& solution) noexcept {
    return HWY_DYNAMIC_DISPATCH(solve_key_equation_here)(syndromes, most_errors, solution);
}

void find_roots(const key_equation& solution, locator_roots& found) noexcept {
    HWY_DYNAMIC_DISPATCH(find_roots_here)(solution, found);
}

void evaluate(const key_equation& solution, std::array<std::uint8_t, 256>& values) noexcept {
    HWY_DYNAMIC_DISPATCH(evaluate_here)(solution, values);
}

} // namespace landfall::fec
#endif
