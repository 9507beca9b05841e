// SPDX-License-Identifier: MIT
#include "dsp/demod_kernels.h"

#include "dsp/receiver.h"

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

/// Value and late value of a symbol in each 128 bits, and twice its slope.
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
            hn::Add(slope, hn::Shuffle1032(slope))};
}

template <std::size_t fixed_taps>
void filter_all_staggered(const filter_job& job, base::cf32* late_symbols) {
    const hn::Full128<float> d;
    const hn::Full128<std::int32_t> di;
    const hn::Half<hn::Full128<float>> two;
    const filter_job in = job; // not written to by what is written
    auto* value = reinterpret_cast<float*>(in.value);
    auto* late = reinterpret_cast<float*>(late_symbols);
    auto* slope = reinterpret_cast<float*>(in.slope);
    const auto unit = hn::Set(d, in.unit);
    std::uint64_t place = in.place;
    for (std::size_t k = 0; k < in.count; ++k, place += in.step) {
        const staggered_sums sums = filter_one_staggered<fixed_taps>(in, place);
        const auto values = hn::Mul(hn::ConvertTo(d, whole_sum(di, sums.values)), unit);
        const auto slopes = hn::Mul(hn::ConvertTo(d, whole_sum(di, sums.slope)), unit);
        hn::StoreU(hn::LowerHalf(two, values), two, value + 2 * k);
        hn::StoreU(hn::UpperHalf(two, values), two, late + 2 * k);
        hn::StoreU(hn::LowerHalf(two, slopes), two, slope + 2 * k);
    }
}

void staggered(const filter_job& job, base::cf32* late) {
    if (job.taps == 32) {
        filter_all_staggered<32>(job, late);
    } else {
        filter_all_staggered<0>(job, late);
    }
}

// Detectors work on I and Q as they lie, side by side.

/// tanh, within 0.0014 and never beyond 1, as a fraction: a strong signal's amplitude and noise are
/// estimated with it.
struct fraction {
    vec over, under;
};

HWY_INLINE fraction soft_sign(vec x) {
    const floats d;
    const vec most = hn::Set(d, 3.64673F);
    const vec clipped = hn::Max(hn::Min(x, most), hn::Neg(most));
    const vec square = hn::Mul(clipped, clipped);
    const vec over = hn::MulAdd(square, hn::Add(square, hn::Set(d, 105.0F)), hn::Set(d, 945.0F));
    const vec under = hn::MulAdd(square, hn::MulAdd(square, hn::Set(d, 15.0F), hn::Set(d, 420.0F)),
                                 hn::Set(d, 945.0F));
    return {hn::Mul(clipped, over), under};
}

struct vector_sums {
    vec amplitude, power, timing, slope_loss, phase, turn_loss, lock_wanted, error;
};

HWY_INLINE vector_sums no_sums() {
    const vec zero = hn::Zero(floats());
    return {zero, zero, zero, zero, zero, zero, zero, zero};
}

/// A turn brings Q into I's rail, and -I into Q's.
HWY_INLINE vec negated_odd(vec v) {
    return hn::OddEven(hn::Neg(v), v);
}

/// `across`: the other axis' value at each rail's instant.
HWY_INLINE void add_rails(vector_sums& sums, vec decision, vec value, vec slope, vec across) {
    const vec one = hn::Set(floats(), 1.0F);
    const vec doubt = hn::NegMulAdd(decision, decision, one);
    sums.amplitude = hn::MulAdd(decision, value, sums.amplitude);
    sums.power = hn::MulAdd(value, value, sums.power);
    sums.timing = hn::MulAdd(decision, slope, sums.timing);
    sums.slope_loss = hn::MulAdd(hn::Mul(doubt, slope), slope, sums.slope_loss);
    sums.phase = hn::MulAdd(decision, across, sums.phase);
    sums.turn_loss = hn::MulAdd(hn::Mul(doubt, across), across, sums.turn_loss);
}

/// The mean of squares to the nearest of ± 1.
HWY_INLINE vec added_error(vec sum, vec value) {
    const vec miss = hn::Sub(hn::Abs(value), hn::Set(floats(), 1.0F));
    return hn::MulAdd(miss, miss, sum);
}

detector_sums added_up(const vector_sums& sums) {
    const floats d;
    HWY_ALIGN float blocks[2 * width];
    hn::Store(sums_in_blocks(d, sums.amplitude, sums.power, sums.timing, sums.slope_loss), d,
              blocks);
    hn::Store(
        sums_in_blocks(d, negated_odd(sums.phase), sums.turn_loss, sums.lock_wanted, sums.error), d,
        blocks + width);
    float all[8];
    for (std::size_t n = 0; n < 4; ++n) {
        all[n] = width == 4 ? blocks[n] : blocks[n] + blocks[n + width - 4];
        all[n + 4] = width == 4 ? blocks[n + width] : blocks[n + width] + blocks[n + 2 * width - 4];
    }
    return {.amplitude = all[0],
            .power = all[1],
            .timing = all[2],
            .slope_loss = all[3],
            .phase = all[4],
            .turn_gain = all[0],
            .turn_loss = all[5],
            .lock_wanted = all[6],
            .lock_power = all[1],
            .error = all[7]};
}

/// In the lowest octet of each 32 bits.
HWY_INLINE hn::Vec<hn::RebindToUnsigned<floats>> soft_bits(vec value) {
    const floats d;
    const hn::RebindToUnsigned<floats> du;
    const vec most = hn::Set(d, 127.0F);
    const vec scaled = hn::Mul(value, hn::Set(d, soft_amplitude));
    const vec clipped = hn::Max(hn::Min(scaled, most), hn::Neg(most));
    return hn::And(hn::BitCast(du, hn::Add(clipped, hn::Set(d, rounding))), hn::Set(du, 0xFF));
}

HWY_INLINE void store_soft(vec value, std::int8_t* HWY_RESTRICT soft) {
    const hn::Rebind<std::uint8_t, floats> octets;
    const hn::Rebind<std::int8_t, floats> out;
    const auto bits = hn::BitCast(ints(), soft_bits(value));
    hn::StoreU(hn::BitCast(out, hn::DemoteTo(octets, bits)), out, soft);
}

const float* rails_of(const base::cf32* symbols) {
    return reinterpret_cast<const float*>(symbols);
}

/// Q is only what a turn brings in.
detector_sums bpsk(const detector_input& in, std::int8_t* HWY_RESTRICT soft) {
    const floats d;
    const hn::Repartition<std::uint64_t, floats> pairs;
    const hn::Rebind<std::uint8_t, decltype(pairs)> octets;
    const float* HWY_RESTRICT value = rails_of(in.value);
    const float* HWY_RESTRICT slope = rails_of(in.slope);
    const vec zero = hn::Zero(d);
    const vec certainty = hn::Set(d, in.certainty);
    vector_sums sums = no_sums();
    vec lock_power = zero;
    for (std::size_t k = 0; k < 2 * in.count; k += width) {
        const vec y = hn::LoadU(d, value + k);
        const vec i = hn::OddEven(zero, y);
        const vec q = hn::OddEven(y, zero);
        const fraction sign = soft_sign(hn::Mul(certainty, i));
        add_rails(sums, hn::Div(sign.over, sign.under), i,
                  hn::OddEven(zero, hn::LoadU(d, slope + k)), hn::Shuffle2301(q));
        const vec square = hn::Mul(y, y);
        lock_power = hn::Add(lock_power, square);
        sums.lock_wanted = hn::Add(sums.lock_wanted, negated_odd(square));
        // Q's nearest point is 0.
        const vec miss = hn::OddEven(q, hn::Sub(hn::Abs(i), hn::Set(d, 1.0F)));
        sums.error = hn::MulAdd(miss, miss, sums.error);
        const auto bits = hn::And(hn::BitCast(pairs, soft_bits(y)), hn::Set(pairs, 0xFF));
        hn::StoreU(hn::TruncateTo(octets, bits), octets,
                   reinterpret_cast<std::uint8_t*>(soft + k / 2));
    }
    detector_sums result = added_up(sums);
    result.lock_power = hn::GetLane(hn::SumOfLanes(d, lock_power));
    return result;
}

detector_sums qpsk(const detector_input& in, std::int8_t* HWY_RESTRICT soft) {
    const floats d;
    const float* HWY_RESTRICT value = rails_of(in.value);
    const float* HWY_RESTRICT slope = rails_of(in.slope);
    const vec certainty = hn::Set(d, in.certainty);
    const vec least = hn::Set(d, 1e-20F);
    const vec one = hn::Set(d, 1.0F);
    vector_sums sums = no_sums();
    for (std::size_t k = 0; k < 2 * in.count; k += width) {
        const vec y = hn::LoadU(d, value + k);
        const vec across = hn::Shuffle2301(y);
        const vec product = hn::Mul(y, across);
        const vec power = hn::MulAdd(y, y, hn::MulAdd(across, across, least));
        const fraction sign = soft_sign(hn::Mul(certainty, y));
        const vec shared = hn::Div(one, hn::Mul(sign.under, power)); // of two fractions
        const vec decision = hn::Mul(sign.over, hn::Mul(power, shared));
        add_rails(sums, decision, y, hn::LoadU(d, slope + k), across);
        sums.error = added_error(sums.error, y);
        // -Re z^4 / |z|^2, which is 1 · |z|^2 on the diagonals: (8 i² q² - |z|^4) / |z|^2, of which
        // each lane has a half.
        sums.lock_wanted =
            hn::MulAdd(hn::Mul(product, product), hn::Mul(sign.under, shared), sums.lock_wanted);
        store_soft(y, soft + k);
    }
    detector_sums result = added_up(sums);
    result.lock_wanted = 4.0F * result.lock_wanted - result.power;
    return result;
}

detector_sums oqpsk(const detector_input& in, const base::cf32* late,
                    std::int8_t* HWY_RESTRICT soft, base::cf32* points) {
    const floats d;
    const float* HWY_RESTRICT value = rails_of(in.value);
    const float* HWY_RESTRICT slope = rails_of(in.slope);
    const float* HWY_RESTRICT late_value = rails_of(late);
    float* HWY_RESTRICT point = reinterpret_cast<float*>(points);
    const vec certainty = hn::Set(d, in.certainty);
    vector_sums sums = no_sums();
    for (std::size_t k = 0; k < 2 * in.count; k += width) {
        const vec a = hn::LoadU(d, value + k);
        const vec b = hn::LoadU(d, late_value + k);
        const vec y = hn::OddEven(b, a);
        const vec across = hn::Shuffle2301(hn::OddEven(a, b));
        const fraction sign = soft_sign(hn::Mul(certainty, y));
        add_rails(sums, hn::Div(sign.over, sign.under), y, hn::LoadU(d, slope + k), across);
        sums.error = added_error(sums.error, y);
        const vec square = hn::Mul(y, y);
        sums.lock_wanted = hn::MulAdd(square, square, sums.lock_wanted);
        store_soft(y, soft + k);
        hn::StoreU(y, d, point + k);
    }
    return added_up(sums);
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
HWY_EXPORT(bpsk);
HWY_EXPORT(qpsk);
HWY_EXPORT(oqpsk);

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

detector_sums detect_bpsk(const detector_input& in, std::int8_t* soft) noexcept {
    return HWY_DYNAMIC_DISPATCH(bpsk)(in, soft);
}

detector_sums detect_qpsk(const detector_input& in, std::int8_t* soft) noexcept {
    return HWY_DYNAMIC_DISPATCH(qpsk)(in, soft);
}

detector_sums detect_oqpsk(const detector_input& in, const base::cf32* late, std::int8_t* soft,
                           base::cf32* points) noexcept {
    return HWY_DYNAMIC_DISPATCH(oqpsk)(in, late, soft, points);
}

} // namespace landfall::dsp
#endif
