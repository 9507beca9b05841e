// SPDX-License-Identifier: MIT
#include "dsp/demod_kernels.h"

#include <algorithm>
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

/// Of even and of odd samples, rounded to 16 bits: in order.
HWY_INLINE void store_rounded(vec even, vec odd, std::int16_t* HWY_RESTRICT to) {
    const floats d;
    const ints di;
    const hn::Repartition<std::int16_t, floats> d16;
    const vec to_integer = hn::Set(d, rounding);
    const auto low = hn::BitCast(d16, hn::Add(even, to_integer));
    const auto high =
        hn::BitCast(d16, hn::ShiftLeft<16>(hn::BitCast(di, hn::Add(odd, to_integer))));
    hn::StoreU(hn::OddEven(high, low), d16, to);
}

float mix(const float* HWY_RESTRICT samples, std::size_t count, const turning& by,
          std::int16_t* HWY_RESTRICT i, std::int16_t* HWY_RESTRICT q) {
    const floats d;
    constexpr std::size_t parts = mixed_at_once / (2 * width);
    const hn::RebindToUnsigned<floats> du;
    const auto turn = hn::Set(du, by.step);
    vec re[2 * parts]; // of even samples, of odd ones, and so on
    vec im[2 * parts];
    for (std::size_t p = 0; p < 2 * parts; ++p) {
        const auto first = static_cast<std::uint32_t>(p / 2 * 2 * width + p % 2);
        const auto place = hn::Add(hn::Iota(du, 0), hn::Iota(du, first)); // every second
        phasor(hn::Add(hn::Set(du, by.start), hn::Mul(place, turn)), hn::Set(d, by.scale), re[p],
               im[p]);
    }
    vec step_re;
    vec step_im;
    phasor(hn::Mul(hn::Set(du, mixed_at_once), turn), hn::Set(d, 1.0F), step_re, step_im);
    vec peak = hn::Zero(d);
    for (std::size_t at = 0; at < count; at += mixed_at_once) {
        HWY_UNROLL(2)
        for (std::size_t p = 0; p < parts; ++p) {
            const std::size_t place = at + 2 * p * width;
            vec x[2];
            vec y[2];
            hn::LoadInterleaved4(d, samples + 2 * place, x[0], y[0], x[1], y[1]);
            vec mixed_i[2];
            vec mixed_q[2];
            HWY_UNROLL(2)
            for (std::size_t odd = 0; odd < 2; ++odd) {
                vec& turn_re = re[2 * p + odd];
                vec& turn_im = im[2 * p + odd];
                peak = hn::Max(peak, hn::MulAdd(x[odd], x[odd], hn::Mul(y[odd], y[odd])));
                mixed_i[odd] = hn::NegMulAdd(y[odd], turn_im, hn::Mul(x[odd], turn_re));
                mixed_q[odd] = hn::MulAdd(x[odd], turn_im, hn::Mul(y[odd], turn_re));
                const vec turned = hn::NegMulAdd(turn_im, step_im, hn::Mul(turn_re, step_re));
                turn_im = hn::MulAdd(turn_re, step_im, hn::Mul(turn_im, step_re));
                turn_re = turned;
            }
            store_rounded(mixed_i[0], mixed_i[1], i + place);
            store_rounded(mixed_q[0], mixed_q[1], q + place);
        }
    }
    return hn::GetLane(hn::MaxOfLanes(d, peak));
}

/// Sums of four vectors' lanes, side by side, within each 128 bits.
template <class D>
HWY_INLINE hn::Vec<D> sums_in_blocks(D d, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c, hn::Vec<D> e) {
    const hn::Repartition<std::int64_t, D> pairs;
    const auto ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
    const auto ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
    const auto x = hn::BitCast(pairs, ab);
    const auto y = hn::BitCast(pairs, ce);
    return hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, x, y)),
                   hn::BitCast(d, hn::InterleaveUpper(pairs, x, y)));
}

/// A dot product in the making.
struct product_sum {
    int_vec sum, rest;

    template <class V>
    HWY_INLINE void add(V a, V b) {
        sum = hn::ReorderWidenMulAccumulate(ints(), a, b, sum, rest);
    }
    HWY_INLINE int_vec value() const { return hn::Add(sum, rest); }
};

/// `fixed_taps`: known when compiled, so that the loop is unrolled; 0: as the job says.
template <std::size_t fixed_taps, bool slope_i, bool slope_q>
HWY_INLINE int_vec filter_one(const filter_job& in, std::uint64_t place) {
    const hn::Repartition<std::int16_t, floats> d;
    constexpr std::size_t at_once = hn::MaxLanes(d);
    const std::size_t taps = fixed_taps != 0 ? fixed_taps : in.taps;
    const std::size_t fine = place >> 32U;
    const std::size_t start = std::min(fine >> in.phases_log2, in.last_start);
    const std::size_t last_phase = (std::size_t{1} << in.phases_log2) - 1;
    const std::int16_t* HWY_RESTRICT i = in.i + start;
    const std::int16_t* HWY_RESTRICT q = in.q + start;
    const std::int16_t* HWY_RESTRICT row = in.bank + (fine & last_phase) * in.bank_step;
    const auto zero = hn::Zero(ints());
    product_sum value_i{zero, zero};
    product_sum value_q{zero, zero};
    product_sum turn_i{zero, zero};
    product_sum turn_q{zero, zero};
    HWY_UNROLL(4)
    for (std::size_t tap = 0; tap < taps; tap += at_once) {
        const auto x = hn::LoadU(d, i + tap);
        const auto y = hn::LoadU(d, q + tap);
        const auto by = hn::Load(d, row + tap);
        value_i.add(x, by);
        value_q.add(y, by);
        if constexpr (slope_i) {
            turn_i.add(x, hn::Load(d, row + taps + tap));
        }
        if constexpr (slope_q) {
            turn_q.add(y, hn::Load(d, row + taps + tap));
        }
    }
    return sums_in_blocks(ints(), value_i.value(), value_q.value(), turn_i.value(), turn_q.value());
}

/// Value and slope of the symbols that a vector holds: of one, or of two.
template <class D>
HWY_INLINE void store_symbols(D d, hn::Vec<D> v, float* HWY_RESTRICT value,
                              float* HWY_RESTRICT slope) {
    const hn::Full128<float> four;
    if constexpr (hn::MaxLanes(d) == 4) {
        const hn::Half<D> two;
        hn::StoreU(hn::LowerHalf(two, v), two, value);
        hn::StoreU(hn::UpperHalf(two, v), two, slope);
    } else {
        const hn::Full128<double> pairs;
        const hn::Half<D> half;
        const auto one = hn::BitCast(pairs, hn::LowerHalf(half, v));
        const auto other = hn::BitCast(pairs, hn::UpperHalf(half, v));
        hn::StoreU(hn::BitCast(four, hn::InterleaveLower(pairs, one, other)), four, value);
        hn::StoreU(hn::BitCast(four, hn::InterleaveUpper(pairs, one, other)), four, slope);
    }
}

/// Two symbols' blocks of sums added up; with four lanes, one's.
template <class D>
HWY_INLINE hn::Vec<D> side_by_side(D d, hn::Vec<D> one, hn::Vec<D> other) {
    if constexpr (hn::MaxLanes(d) == 4) {
        return one;
    } else {
        return hn::Add(hn::ConcatLowerLower(d, other, one), hn::ConcatUpperUpper(d, other, one));
    }
}

template <std::size_t fixed_taps, bool slope_i, bool slope_q>
void filter_all(const filter_job& job) {
    const floats d;
    const filter_job in = job; // not written to by what is written
    auto* value = reinterpret_cast<float*>(in.value);
    auto* slope = reinterpret_cast<float*>(in.slope);
    const auto unit = hn::Set(d, in.unit);
    std::uint64_t place = in.place;
    constexpr std::size_t at_once = width / 4;
    std::size_t k = 0;
    for (; k + at_once <= in.count; k += at_once) {
        auto sums = filter_one<fixed_taps, slope_i, slope_q>(in, place);
        place += in.step;
        if constexpr (at_once == 2) {
            sums = side_by_side(ints(), sums, filter_one<fixed_taps, slope_i, slope_q>(in, place));
            place += in.step;
        }
        store_symbols(d, hn::Mul(hn::ConvertTo(d, sums), unit), value + 2 * k, slope + 2 * k);
    }
    if (k < in.count) { // one of two
        const auto sums = filter_one<fixed_taps, slope_i, slope_q>(in, place);
        HWY_ALIGN float values[4];
        HWY_ALIGN float slopes[4];
        store_symbols(d, hn::Mul(hn::ConvertTo(d, side_by_side(ints(), sums, sums)), unit), values,
                      slopes);
        std::copy_n(values, 2, value + 2 * k);
        std::copy_n(slopes, 2, slope + 2 * k);
    }
}

template <bool slope_i, bool slope_q>
void filter_sized(const filter_job& job) {
    switch (job.taps) {
    case 32:
        return filter_all<32, slope_i, slope_q>(job);
    default:
        return filter_all<0, slope_i, slope_q>(job);
    }
}

void filter(const filter_job& job, slopes wanted) {
    switch (wanted) {
    case slopes::none:
        return filter_sized<false, false>(job);
    case slopes::i_only:
        return filter_sized<true, false>(job);
    case slopes::q_only:
        return filter_sized<false, true>(job);
    case slopes::both:
        return filter_sized<true, true>(job);
    }
}

/// Two symbols' sums of two vectors' lanes, each divided over lanes two apart.
template <class D>
HWY_INLINE hn::Vec<D> sums_of_two(D d, hn::Vec<D> a, hn::Vec<D> b) {
    return hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
}

/// The sum of a vector's blocks of 128 bits.
template <class D, class V>
HWY_INLINE hn::Vec<D> whole_sum(D d, V blocks) {
    if constexpr (hn::MaxLanes(hn::DFromV<V>()) == hn::MaxLanes(d)) {
        return blocks;
    } else {
        return hn::Add(hn::LowerHalf(d, blocks), hn::UpperHalf(d, blocks));
    }
}

/// Value and late value of a symbol in each 128 bits, and its slope in each 64.
struct staggered_sums {
    int_vec values, slope;
};

template <std::size_t fixed_taps>
HWY_INLINE staggered_sums filter_one_staggered(const filter_job& in, std::uint64_t place) {
    const hn::Repartition<std::int16_t, floats> d;
    const ints di;
    const hn::Repartition<std::int64_t, ints> pairs;
    constexpr std::size_t at_once = hn::MaxLanes(d);
    const std::size_t taps = fixed_taps != 0 ? fixed_taps : in.taps;
    const std::size_t fine = place >> 32U;
    const std::size_t start = std::min(fine >> in.phases_log2, in.last_start);
    const std::size_t last_phase = (std::size_t{1} << in.phases_log2) - 1;
    const std::int16_t* HWY_RESTRICT i = in.i + start;
    const std::int16_t* HWY_RESTRICT q = in.q + start;
    const std::int16_t* HWY_RESTRICT row = in.bank + (fine & last_phase) * in.bank_step;
    const auto zero = hn::Zero(di);
    product_sum early_i{zero, zero};
    product_sum early_q{zero, zero};
    product_sum turn_i{zero, zero};
    product_sum late_i{zero, zero};
    product_sum late_q{zero, zero};
    product_sum turn_q{zero, zero};
    HWY_UNROLL(4)
    for (std::size_t tap = 0; tap < taps; tap += at_once) {
        const auto x = hn::LoadU(d, i + tap);
        const auto y = hn::LoadU(d, q + tap);
        const auto early = hn::Load(d, row + tap);
        const auto late = hn::Load(d, row + 2 * taps + tap);
        early_i.add(x, early);
        early_q.add(y, early);
        turn_i.add(x, hn::Load(d, row + taps + tap));
        late_i.add(x, late);
        late_q.add(y, late);
        turn_q.add(y, hn::Load(d, row + 3 * taps + tap));
    }
    const auto early = hn::BitCast(pairs, sums_of_two(di, early_i.value(), early_q.value()));
    const auto late = hn::BitCast(pairs, sums_of_two(di, late_i.value(), late_q.value()));
    const auto slope = sums_of_two(di, turn_i.value(), turn_q.value());
    return {hn::Add(hn::BitCast(di, hn::InterleaveLower(pairs, early, late)),
                    hn::BitCast(di, hn::InterleaveUpper(pairs, early, late))),
            slope};
}

/// Two symbols.
HWY_INLINE void store_staggered(const staggered_sums& one, const staggered_sums& other, float scale,
                                float* HWY_RESTRICT value, float* HWY_RESTRICT late,
                                float* HWY_RESTRICT slope) {
    const ints di;
    const hn::Repartition<std::int64_t, ints> pairs;
    const hn::Full128<float> d;
    const hn::Full128<double> d64;
    const hn::Full128<std::int32_t> four;
    const auto unit = hn::Set(d, scale);
    const auto scaled = [&](auto sums) { return hn::Mul(hn::ConvertTo(d, sums), unit); };
    const auto first = hn::BitCast(d64, scaled(whole_sum(four, one.values)));
    const auto second = hn::BitCast(d64, scaled(whole_sum(four, other.values)));
    hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d64, first, second)), d, value);
    hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d64, first, second)), d, late);
    const auto x = hn::BitCast(pairs, one.slope);
    const auto y = hn::BitCast(pairs, other.slope);
    const auto slopes = hn::Add(hn::BitCast(di, hn::InterleaveLower(pairs, x, y)),
                                hn::BitCast(di, hn::InterleaveUpper(pairs, x, y)));
    hn::StoreU(scaled(whole_sum(four, slopes)), d, slope);
}

template <std::size_t fixed_taps>
void filter_all_staggered(const filter_job& job, base::cf32* late_symbols) {
    const filter_job in = job; // not written to by what is written
    auto* value = reinterpret_cast<float*>(in.value);
    auto* late = reinterpret_cast<float*>(late_symbols);
    auto* slope = reinterpret_cast<float*>(in.slope);
    std::uint64_t place = in.place;
    std::size_t k = 0;
    for (; k + 2 <= in.count; k += 2, place += 2 * in.step) {
        store_staggered(filter_one_staggered<fixed_taps>(in, place),
                        filter_one_staggered<fixed_taps>(in, place + in.step), in.unit,
                        value + 2 * k, late + 2 * k, slope + 2 * k);
    }
    if (k < in.count) {
        const staggered_sums last = filter_one_staggered<fixed_taps>(in, place);
        float out[3][4];
        store_staggered(last, last, in.unit, out[0], out[1], out[2]);
        std::copy_n(out[0], 2, value + 2 * k);
        std::copy_n(out[1], 2, late + 2 * k);
        std::copy_n(out[2], 2, slope + 2 * k);
    }
}

void staggered(const filter_job& job, base::cf32* late) {
    if (job.taps == 32) {
        filter_all_staggered<32>(job, late);
    } else {
        filter_all_staggered<0>(job, late);
    }
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

} // namespace

float mix_down(const base::cf32* samples, std::size_t count, double phase, double turn, float scale,
               std::int16_t* i, std::int16_t* q) noexcept {
    const turning by{angle_of(phase), angle_of(turn), scale};
    const float power =
        HWY_DYNAMIC_DISPATCH(mix)(reinterpret_cast<const float*>(samples), count, by, i, q);
    return std::sqrt(power);
}

void filter_symbols(const filter_job& job, slopes wanted) noexcept {
    HWY_DYNAMIC_DISPATCH(filter)(job, wanted);
}

void filter_staggered(const filter_job& job, base::cf32* late) noexcept {
    HWY_DYNAMIC_DISPATCH(staggered)(job, late);
}

} // namespace landfall::dsp
#endif
