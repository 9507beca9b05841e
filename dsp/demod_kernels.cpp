// SPDX-License-Identifier: MIT
#include "dsp/demod_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/demod_kernels.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#ifndef LANDFALL_DSP_DEMOD_KERNELS_ONCE
#define LANDFALL_DSP_DEMOD_KERNELS_ONCE
namespace landfall::dsp {
namespace {

/// Added to a number of at most 2^21, leaves the nearest integer in the number's lowest bits.
constexpr float rounding = 12'582'912.0F; // 1.5 · 2^23

/// Angles are in 2^-32 of a turn, so that they wrap by themselves.
struct turning {
    std::uint32_t start, step; ///< of the first sample, and from sample to sample
    float scale;
};

} // namespace
} // namespace landfall::dsp
#endif

HWY_BEFORE_NAMESPACE();
namespace landfall::dsp {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using floats = hn::CappedTag<float, symbols_at_once>;
using vec = hn::Vec<floats>;
using ints = hn::RebindToSigned<floats>;
using int_vec = hn::Vec<ints>;
constexpr std::size_t width = hn::MaxLanes(floats());

/// scale · exp(-j·angle), within 1e-6 of the scale.
HWY_INLINE void phasor(hn::Vec<hn::RebindToUnsigned<floats>> angle, vec scale, vec& re, vec& im) {
    const floats d;
    const ints di;
    const hn::RebindToUnsigned<floats> du;
    const auto quarter = hn::ShiftRight<30>(hn::Add(angle, hn::Set(du, 1U << 29U)));
    const auto rest = hn::BitCast(di, hn::Sub(angle, hn::ShiftLeft<30>(quarter)));
    const vec x =
        hn::Mul(hn::ConvertTo(d, rest), hn::Set(d, 1.4629180792671596e-9F)); // 2 pi / 2^32
    const vec x2 = hn::Mul(x, x);
    // Taylor's series, enough up to pi / 4.
    vec sine = hn::MulAdd(x2, hn::Set(d, -1.0F / 5040), hn::Set(d, 1.0F / 120));
    sine = hn::MulAdd(x2, sine, hn::Set(d, -1.0F / 6));
    sine = hn::MulAdd(hn::Mul(x2, sine), x, x);
    vec cosine = hn::MulAdd(x2, hn::Set(d, 1.0F / 40320), hn::Set(d, -1.0F / 720));
    cosine = hn::MulAdd(x2, cosine, hn::Set(d, 1.0F / 24));
    cosine = hn::MulAdd(x2, cosine, hn::Set(d, -0.5F));
    cosine = hn::MulAdd(x2, cosine, hn::Set(d, 1.0F));
    const auto one = hn::Set(du, 1);
    const auto two = hn::Set(du, 2);
    const auto odd = hn::RebindMask(d, hn::Eq(hn::And(quarter, one), one));
    const auto sign = [&](hn::Vec<hn::RebindToUnsigned<floats>> of) {
        return hn::BitCast(d, hn::ShiftLeft<30>(hn::And(of, two)));
    };
    const vec c = hn::Xor(hn::IfThenElse(odd, sine, cosine), sign(hn::Add(quarter, one)));
    const vec s = hn::Xor(hn::IfThenElse(odd, cosine, sine), sign(quarter));
    re = hn::Mul(scale, c);
    im = hn::Neg(hn::Mul(scale, s));
}

/// Complex numbers, I and Q apart.
struct complex_vec {
    vec re, im;

    HWY_INLINE complex_vec times(const complex_vec& by) const {
        return {hn::NegMulAdd(im, by.im, hn::Mul(re, by.re)),
                hn::MulAdd(im, by.re, hn::Mul(re, by.im))};
    }
};

/// Of samples in the order of `sample_order`, I and Q of 16 bits: pairs in order.
HWY_INLINE void store_rounded(const complex_vec& mixed, std::int16_t* HWY_RESTRICT to) {
    const floats d;
    const ints di;
    const hn::Repartition<std::int16_t, floats> d16;
    const hn::Repartition<std::uint8_t, floats> d8;
    const hn::Repartition<std::uint32_t, floats> d32;
    const vec to_integer = hn::Set(d, rounding);
    const auto low = hn::BitCast(d16, hn::Add(mixed.re, to_integer));
    const auto high =
        hn::BitCast(d16, hn::ShiftLeft<16>(hn::BitCast(di, hn::Add(mixed.im, to_integer))));
    HWY_ALIGN static constexpr std::uint8_t in_pairs[16] = {0, 1, 8,  9,  2, 3, 10, 11,
                                                            4, 5, 12, 13, 6, 7, 14, 15};
    const auto pairs =
        hn::TableLookupBytes(hn::BitCast(d8, hn::OddEven(high, low)), hn::LoadDup128(d8, in_pairs));
    if constexpr (width == 8) {
        HWY_ALIGN static constexpr std::uint32_t in_order[8] = {0, 1, 4, 5, 2, 3, 6, 7};
        hn::StoreU(hn::BitCast(d16, hn::TableLookupLanes(hn::BitCast(d32, pairs),
                                                         hn::SetTableIndices(d32, in_order))),
                   d16, to);
    } else {
        hn::StoreU(hn::BitCast(d16, pairs), d16, to);
    }
}

/// Of a vector's samples, which lie in each lane: those of the vector's halves by turns.
HWY_INLINE hn::Vec<hn::RebindToUnsigned<floats>> sample_order() {
    const hn::RebindToUnsigned<floats> du;
    const auto lane = hn::Iota(du, 0);
    return hn::Add(hn::ShiftRight<1>(lane),
                   hn::Mul(hn::And(lane, hn::Set(du, 1)), hn::Set(du, width / 2)));
}

float mix(const float* HWY_RESTRICT samples, std::size_t count, const turning& by,
          std::int16_t* HWY_RESTRICT pairs) {
    const floats d;
    constexpr std::size_t parts = mixed_at_once / width;
    const hn::RebindToUnsigned<floats> du;
    const auto turn = hn::Set(du, by.step);
    // What turns by a part, and by all parts, in two lanes.
    const auto two_turns =
        hn::Mul(turn, hn::OddEven(hn::Set(du, static_cast<std::uint32_t>(mixed_at_once)),
                                  hn::Set(du, static_cast<std::uint32_t>(width))));
    HWY_ALIGN float turned_re[width];
    HWY_ALIGN float turned_im[width];
    complex_vec phasors[parts];
    phasor(two_turns, hn::Set(d, 1.0F), phasors[0].re, phasors[0].im);
    hn::Store(phasors[0].re, d, turned_re);
    hn::Store(phasors[0].im, d, turned_im);
    const complex_vec part{hn::Set(d, turned_re[0]), hn::Set(d, turned_im[0])};
    const complex_vec all{hn::Set(d, turned_re[1]), hn::Set(d, turned_im[1])};
    phasor(hn::Add(hn::Set(du, by.start), hn::Mul(sample_order(), turn)), hn::Set(d, by.scale),
           phasors[0].re, phasors[0].im);
    for (std::size_t p = 1; p < parts; ++p) {
        phasors[p] = phasors[p - 1].times(part);
    }
    vec peak = hn::Zero(d);
    for (std::size_t at = 0; at < count; at += mixed_at_once) {
        HWY_UNROLL(4)
        for (std::size_t p = 0; p < parts; ++p) {
            const std::size_t place = 2 * (at + p * width);
            const vec one = hn::LoadU(d, samples + place);
            const vec other = hn::LoadU(d, samples + place + width);
            const complex_vec x{hn::OddEven(hn::Shuffle2301(other), one),
                                hn::OddEven(other, hn::Shuffle2301(one))};
            peak = hn::Max(peak, hn::MulAdd(x.re, x.re, hn::Mul(x.im, x.im)));
            store_rounded(x.times(phasors[p]), pairs + place);
            phasors[p] = phasors[p].times(all);
        }
    }
    return hn::GetLane(hn::MaxOfLanes(d, peak));
}

/// Sums of products of a symbol, of I and of Q by turns.
template <std::size_t rows>
struct symbol_products {
    int_vec of[rows];
};

/// `fixed_taps`: known when compiled, so that the loop is unrolled; 0: as the job says.
template <std::size_t fixed_taps, std::size_t rows>
HWY_INLINE symbol_products<rows> filter_one(const filter_job& in, std::uint64_t place) {
    const hn::Repartition<std::int16_t, floats> d;
    constexpr std::size_t at_once = hn::MaxLanes(d);
    const std::size_t taps = fixed_taps != 0 ? fixed_taps : in.taps;
    const std::size_t last_row = (std::size_t{2} << in.phases_log2) - 1;
    const std::int16_t* HWY_RESTRICT samples = in.pairs + 4 * (place >> (33U + in.phases_log2));
    const std::int16_t* HWY_RESTRICT row = in.bank + ((place >> 32U) & last_row) * in.bank_step;
    const auto zero = hn::Zero(ints());
    symbol_products<rows> sums;
    int_vec rest[rows];
    for (std::size_t r = 0; r < rows; ++r) {
        sums.of[r] = rest[r] = zero;
    }
    HWY_UNROLL(4)
    for (std::size_t at = 0; at < 2 * taps; at += at_once) {
        const auto x = hn::LoadU(d, samples + at);
        HWY_UNROLL(3)
        for (std::size_t r = 0; r < rows; ++r) {
            sums.of[r] = hn::ReorderWidenMulAccumulate(
                ints(), x, hn::Load(d, row + 2 * r * taps + at), sums.of[r], rest[r]);
        }
    }
    for (std::size_t r = 0; r < rows; ++r) {
        sums.of[r] = hn::Add(sums.of[r], rest[r]);
    }
    return sums;
}

constexpr std::size_t symbols_in_vector = width / 2;

/// I and Q of as many symbols as a vector has room for, in order.
template <class D>
HWY_INLINE hn::Vec<D> added_up(D d, const hn::Vec<D>* products) {
    const hn::Repartition<std::int64_t, D> pairs;
    const auto two = [&](hn::Vec<D> one, hn::Vec<D> other) {
        const auto x = hn::BitCast(pairs, one);
        const auto y = hn::BitCast(pairs, other);
        return hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, x, y)),
                       hn::BitCast(d, hn::InterleaveUpper(pairs, x, y)));
    };
    const auto one = two(products[0], products[1]);
    if constexpr (symbols_in_vector == 2) {
        return one;
    } else {
        const auto other = two(products[2], products[3]);
        return hn::Add(hn::ConcatLowerLower(d, other, one), hn::ConcatUpperUpper(d, other, one));
    }
}

/// Values to the first of `to`, slopes and late values to those after.
template <std::size_t fixed_taps, std::size_t rows>
void filter_all(const filter_job& job, const std::array<base::cf32*, 3>& to) {
    const floats d;
    const filter_job in = job; // not written to by what is written
    const auto unit = hn::Set(d, in.unit);
    float* out[rows];
    for (std::size_t r = 0; r < rows; ++r) {
        out[r] = reinterpret_cast<float*>(to[r]);
    }
    const auto filter_some = [&](std::uint64_t place, std::uint64_t step, std::size_t count,
                                 std::size_t at) {
        int_vec products[rows][symbols_in_vector];
        HWY_UNROLL(4)
        for (std::size_t s = 0; s < symbols_in_vector; ++s) {
            const auto one = filter_one<fixed_taps, rows>(in, place);
            place += s + 1 < count ? step : 0;
            for (std::size_t r = 0; r < rows; ++r) {
                products[r][s] = one.of[r];
            }
        }
        for (std::size_t r = 0; r < rows; ++r) {
            const vec symbols = hn::Mul(hn::ConvertTo(d, added_up(ints(), products[r])), unit);
            if (count == symbols_in_vector) {
                hn::StoreU(symbols, d, out[r] + 2 * at);
            } else {
                HWY_ALIGN float some[width];
                hn::Store(symbols, d, some);
                std::copy_n(some, 2 * count, out[r] + 2 * at);
            }
        }
    };
    std::uint64_t place = in.place;
    std::size_t k = 0;
    for (; k + symbols_in_vector <= in.count; k += symbols_in_vector) {
        filter_some(place, in.step, symbols_in_vector, k);
        place += symbols_in_vector * in.step;
    }
    if (k < in.count) {
        filter_some(place, in.step, in.count - k, k);
    }
}

template <std::size_t rows>
void filter_sized(const filter_job& job, const std::array<base::cf32*, 3>& to) {
    switch (job.taps) {
    case 24: // at 2 samples per symbol
        return filter_all<24, rows>(job, to);
    case 32: // at 2.5
        return filter_all<32, rows>(job, to);
    default:
        return filter_all<0, rows>(job, to);
    }
}

void filter(const filter_job& job) {
    const std::array<base::cf32*, 3> to{job.value, job.slope, nullptr};
    return job.slope == nullptr ? filter_sized<1>(job, to) : filter_sized<2>(job, to);
}

void staggered(const filter_job& job, base::cf32* late) {
    filter_sized<3>(job, {job.value, job.slope, late});
}

} // namespace
} // namespace HWY_NAMESPACE
} // namespace landfall::dsp
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace landfall::dsp {
namespace {
HWY_EXPORT(mix);
HWY_EXPORT(filter);
HWY_EXPORT(staggered);

/// In 2^-32 of a turn.
std::uint32_t angle_of(double radians) noexcept {
    const double turns = radians / (2.0 * std::numbers::pi);
    const double rest = turns - std::nearbyint(turns);
    return static_cast<std::uint32_t>(static_cast<std::int64_t>(rest * 4294967296.0));
}

/// Without the symbols that reach beyond the samples.
filter_job within(const filter_job& job) noexcept {
    const std::uint64_t end = std::uint64_t{job.last_start + 1} << (32U + job.phases_log2);
    filter_job inside = job;
    while (inside.count > 0 && job.place + (inside.count - 1) * job.step >= end) {
        --inside.count;
    }
    return inside;
}

} // namespace

float mix_down(const base::cf32* samples, std::size_t count, double phase, double turn, float scale,
               std::int16_t* pairs) noexcept {
    const turning by{angle_of(phase), angle_of(turn), scale};
    return HWY_DYNAMIC_DISPATCH(mix)(reinterpret_cast<const float*>(samples), count, by, pairs);
}

void filter_symbols(const filter_job& job) noexcept {
    HWY_DYNAMIC_DISPATCH(filter)(within(job));
}

void filter_staggered(const filter_job& job, base::cf32* late) noexcept {
    HWY_DYNAMIC_DISPATCH(staggered)(within(job), late);
}

} // namespace landfall::dsp
#endif
