// SPDX-License-Identifier: MIT
#include "dsp/fec/inner_kernels.h"

#include "dsp/fec/convolutional.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/fec/inner_kernels.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#ifndef LANDFALL_FEC_INNER_KERNELS_ONCE
#define LANDFALL_FEC_INNER_KERNELS_ONCE
namespace landfall::fec {
namespace {
struct steps {
    std::size_t count, channel, pairs;
};
} // namespace
} // namespace landfall::fec
#endif

HWY_BEFORE_NAMESPACE();
namespace landfall::fec {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using octets = hn::CappedTag<std::uint8_t, kernel_slack_octets>;
using signed_octets = hn::CappedTag<std::int8_t, kernel_slack_octets>;
constexpr std::size_t width = hn::MaxLanes(octets());

void depuncture(const std::int8_t* HWY_RESTRICT channel, steps step, const std::uint8_t* from,
                const std::int8_t* flip, std::int8_t* HWY_RESTRICT pairs) {
    const hn::Full128<std::int8_t> d;
    const auto places = hn::BitCast(d, hn::Load(hn::Full128<std::uint8_t>(), from));
    const auto flipped = hn::Load(d, flip);
    const auto lowest = hn::Set(d, -127);
    for (std::size_t n = 0; n < step.count; ++n) {
        const auto sent = hn::Max(hn::LoadU(d, channel), lowest);
        const auto placed = hn::TableLookupBytesOr0(sent, places);
        hn::StoreU(hn::Sub(hn::Xor(placed, flipped), flipped), d, pairs);
        channel += step.channel;
        pairs += step.pairs;
    }
}

/// -1 for a coded 1, pair after pair. Generators as in `g1_newest_low` and `g2_newest_low`.
void encode(const std::uint8_t* HWY_RESTRICT bits, std::size_t count,
            std::int8_t* HWY_RESTRICT coded) {
    static_assert(g1_newest_low == 0b1001111 && g2_newest_low == 0b1101101);
    const octets d;
    const signed_octets ds;
    for (std::size_t i = 0; i < count; i += width) {
        const std::uint8_t* newest = bits + i;
        const auto both = hn::Xor(hn::Xor(hn::LoadU(d, newest), hn::LoadU(d, newest - 2)),
                                  hn::Xor(hn::LoadU(d, newest - 3), hn::LoadU(d, newest - 6)));
        const auto c1 = hn::BitCast(ds, hn::Xor(both, hn::LoadU(d, newest - 1)));
        const auto c2 = hn::BitCast(ds, hn::Xor(both, hn::LoadU(d, newest - 5)));
        hn::StoreInterleaved2(hn::Neg(c1), hn::Neg(c2), ds, coded + 2 * i);
    }
}

/// Of `size` octets, at most 512. Three sums share 64-bit words: magnitudes lowest, from bit 16 on
/// those that disagree, and from bit 32 on their squares.
sub_score compare(const std::int8_t* HWY_RESTRICT pairs, const std::int8_t* HWY_RESTRICT coded,
                  std::size_t size) {
    const signed_octets d;
    const octets du;
    const hn::Repartition<std::int16_t, signed_octets> d16;
    const hn::Repartition<std::int32_t, signed_octets> d32;
    const hn::Repartition<std::uint64_t, signed_octets> d64;
    const auto upper = hn::Set(d64, 0xFFFFFFFF00000000U);
    auto sums = hn::Zero(d64);
    std::size_t bits = 0;
    std::size_t errors = 0;
    for (std::size_t i = 0; i < size; i += width) {
        auto soft = hn::LoadU(d, pairs + i);
        if (size - i < width) {
            soft = hn::IfThenElseZero(hn::FirstN(d, size - i), soft);
        }
        const auto sign = hn::LoadU(d, coded + i);
        const auto agreement = hn::Sub(hn::Xor(soft, sign), sign);
        const auto wrong = hn::Max(hn::Neg(agreement), hn::Zero(d));
        sums = hn::Add(sums, hn::SumsOf8(hn::BitCast(du, hn::Abs(soft))));
        sums = hn::Add(sums, hn::ShiftLeft<16>(hn::SumsOf8(hn::BitCast(du, wrong))));
        const auto two = hn::BitCast(d16, wrong);
        const auto even = hn::And(two, hn::Set(d16, 0xFF));
        const auto odd = hn::ShiftRight<8>(two);
        auto rest = hn::Zero(d32);
        auto squares = hn::ReorderWidenMulAccumulate(d32, even, even, hn::Zero(d32), rest);
        squares = hn::ReorderWidenMulAccumulate(d32, odd, odd, squares, rest);
        const auto square = hn::BitCast(d64, hn::Add(squares, rest));
        sums = hn::Add(sums, hn::Add(hn::ShiftLeft<32>(square), hn::And(square, upper)));
        bits += hn::CountTrue(d, hn::Ne(soft, hn::Zero(d)));
        errors += hn::CountTrue(d, hn::Gt(wrong, hn::Zero(d)));
    }
    const std::uint64_t all = hn::GetLane(hn::SumOfLanes(d64, sums));
    return {.loss = static_cast<std::uint32_t>(all >> 16U & 0xFFFFU),
            .square = static_cast<std::uint32_t>(all >> 32U),
            .weight = static_cast<std::uint32_t>(all & 0xFFFFU),
            .bits = static_cast<std::uint16_t>(bits),
            .errors = static_cast<std::uint16_t>(errors)};
}

void score(const std::uint8_t* bits, const std::int8_t* pairs, std::size_t bits_per_score,
           std::int8_t* coded, std::span<sub_score> scores) {
    encode(bits, bits_per_score * scores.size(), coded);
    for (sub_score& one : scores) {
        one = compare(pairs, coded, 2 * bits_per_score);
        pairs += 2 * bits_per_score;
        coded += 2 * bits_per_score;
    }
}

} // namespace
} // namespace HWY_NAMESPACE
} // namespace landfall::fec
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace landfall::fec {
namespace {
HWY_EXPORT(depuncture);
HWY_EXPORT(score);
} // namespace

depuncturer::depuncturer(const coding& code) noexcept {
    const puncture_pattern pattern = pattern_of(code.convolutional);
    periods_at_once_ = 16 / (2 * pattern.bits);
    channel_step_ = periods_at_once_ * pattern.sent;
    pair_step_ = periods_at_once_ * 2 * pattern.bits;
    from_.fill(0x80);
    flip_.fill(0);
    std::uint8_t sent = 0;
    for (std::size_t i = 0; i < pattern.bits * periods_at_once_; ++i) {
        const auto put = [&](bool second) {
            from_[2 * i + (second ? 1 : 0)] = sent++;
            flip_[2 * i + (second ? 1 : 0)] = second && code.c2_inverted ? -1 : 0;
        };
        if (pattern.sends_c2(i % pattern.bits) && code.c2_first) {
            put(true);
        }
        if (pattern.sends_c1(i % pattern.bits)) {
            put(false);
        }
        if (pattern.sends_c2(i % pattern.bits) && !code.c2_first) {
            put(true);
        }
    }
}

void depuncturer::run(const std::int8_t* channel, std::size_t periods,
                      std::int8_t* pairs) const noexcept {
    HWY_DYNAMIC_DISPATCH(depuncture)
    (channel, {(periods + periods_at_once_ - 1) / periods_at_once_, channel_step_, pair_step_},
     from_.data(), flip_.data(), pairs);
}

void score_pairs(const std::uint8_t* bits, const std::int8_t* pairs, std::size_t bits_per_score,
                 std::int8_t* coded, std::span<sub_score> scores) noexcept {
    HWY_DYNAMIC_DISPATCH(score)(bits, pairs, bits_per_score, coded, scores);
}

} // namespace landfall::fec
#endif
