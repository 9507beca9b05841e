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
    // Leaves the integer in the number's lowest bits.
    const vec rounding = hn::Set(d, 12'582'912.0F); // 1.5 · 2^23
    const auto low = hn::BitCast(d16, hn::Add(even, rounding));
    const auto high = hn::BitCast(d16, hn::ShiftLeft<16>(hn::BitCast(di, hn::Add(odd, rounding))));
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

/// Sums of four vectors' lanes, side by side.
template <class D>
HWY_INLINE auto sums_of(D d, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c, hn::Vec<D> e) {
    const hn::Repartition<std::int64_t, D> pairs;
    const auto ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
    const auto ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
    const auto x = hn::BitCast(pairs, ab);
    const auto y = hn::BitCast(pairs, ce);
    const auto all = hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, x, y)),
                             hn::BitCast(d, hn::InterleaveUpper(pairs, x, y)));
    if constexpr (hn::MaxLanes(d) == 4) {
        return all;
    } else {
        const hn::Half<D> half;
        return hn::Add(hn::LowerHalf(half, all), hn::UpperHalf(half, all));
    }
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
void filter_all(const filter_job& job, filtered* HWY_RESTRICT out) {
    const hn::Repartition<std::int16_t, floats> d;
    constexpr std::size_t at_once = hn::MaxLanes(d);
    const hn::Full128<float> four;
    const auto unit = hn::Set(four, job.unit);
    const auto zero = hn::Zero(ints());
    const filter_job in = job; // `out` is none of it
    const std::size_t taps = fixed_taps != 0 ? fixed_taps : in.taps;
    const std::size_t last_phase = (std::size_t{1} << in.phases_log2) - 1;
    std::uint64_t place = in.place;
    for (std::size_t k = 0; k < in.count; ++k, place += in.step) {
        const std::size_t fine = place >> 32U;
        const std::size_t start = std::min(fine >> in.phases_log2, in.last_start);
        const std::int16_t* HWY_RESTRICT i = in.i + start;
        const std::int16_t* HWY_RESTRICT q = in.q + start;
        const std::int16_t* HWY_RESTRICT row = in.bank + (fine & last_phase) * 2 * taps;
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
        const auto sums =
            sums_of(ints(), value_i.value(), value_q.value(), turn_i.value(), turn_q.value());
        hn::StoreU(hn::Mul(hn::ConvertTo(four, sums), unit), four,
                   reinterpret_cast<float*>(out + k));
    }
}

template <bool slope_i, bool slope_q>
void filter_sized(const filter_job& job, filtered* out) {
    switch (job.taps) {
    case 32:
        return filter_all<32, slope_i, slope_q>(job, out);
    default:
        return filter_all<0, slope_i, slope_q>(job, out);
    }
}

void filter(const filter_job& job, slopes wanted, filtered* out) {
    switch (wanted) {
    case slopes::none:
        return filter_sized<false, false>(job, out);
    case slopes::both:
        return filter_sized<true, true>(job, out);
    case slopes::i_only:
        return filter_sized<true, false>(job, out);
    case slopes::q_only:
        return filter_sized<false, true>(job, out);
    }
}

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

/// Two rails' decisions, for one division.
HWY_INLINE void soft_signs(vec x, vec y, vec& x_sign, vec& y_sign) {
    const fraction a = soft_sign(x);
    const fraction b = soft_sign(y);
    const vec shared = hn::Div(hn::Set(floats(), 1.0F), hn::Mul(a.under, b.under));
    x_sign = hn::Mul(a.over, hn::Mul(b.under, shared));
    y_sign = hn::Mul(b.over, hn::Mul(a.under, shared));
}

struct vector_sums {
    vec amplitude, power, timing, slope_loss, phase, turn_loss, lock_wanted, lock_power, error;
};

HWY_INLINE vector_sums no_sums() {
    const vec zero = hn::Zero(floats());
    return {zero, zero, zero, zero, zero, zero, zero, zero, zero};
}

detector_sums added_up(const vector_sums& sums) {
    const floats d;
    float all[12];
    const hn::Full128<float> four;
    const auto store = [&](auto v, float* to) { hn::StoreU(v, four, to); };
    store(sums_of(d, sums.amplitude, sums.power, sums.timing, sums.slope_loss), all);
    store(sums_of(d, sums.phase, sums.turn_loss, sums.lock_wanted, sums.lock_power), all + 4);
    store(sums_of(d, sums.error, sums.error, sums.error, sums.error), all + 8);
    return {.amplitude = all[0],
            .power = all[1],
            .timing = all[2],
            .slope_loss = all[3],
            .phase = all[4],
            .turn_gain = all[0],
            .turn_loss = all[5],
            .lock_wanted = all[6],
            .lock_power = all[7],
            .error = all[8]};
}

struct symbols {
    vec i, q, slope_i, slope_q;
};

HWY_INLINE symbols load_symbols(const filtered* from, vec scale) {
    symbols s;
    hn::LoadInterleaved4(floats(), reinterpret_cast<const float*>(from), s.i, s.q, s.slope_i,
                         s.slope_q);
    return {hn::Mul(s.i, scale), hn::Mul(s.q, scale), hn::Mul(s.slope_i, scale),
            hn::Mul(s.slope_q, scale)};
}

/// A rail's own sums. `across` is the other axis' value at the rail's instant: what a turn brings
/// in.
HWY_INLINE void add_rail(vector_sums& sums, vec decision, vec value, vec slope, vec across) {
    const vec one = hn::Set(floats(), 1.0F);
    const vec doubt = hn::NegMulAdd(decision, decision, one);
    sums.amplitude = hn::MulAdd(decision, value, sums.amplitude);
    sums.timing = hn::MulAdd(decision, slope, sums.timing);
    sums.slope_loss = hn::MulAdd(hn::Mul(doubt, slope), slope, sums.slope_loss);
    sums.turn_loss = hn::MulAdd(hn::Mul(doubt, across), across, sums.turn_loss);
    const vec miss = hn::Sub(hn::Abs(value), one);
    sums.error = hn::MulAdd(miss, miss, sums.error);
}

HWY_INLINE hn::Vec<hn::RebindToSigned<floats>> soft_bits(vec value) {
    const floats d;
    const vec most = hn::Set(d, 127.0F);
    const vec scaled = hn::Mul(value, hn::Set(d, soft_amplitude));
    return hn::NearestInt(hn::Max(hn::Min(scaled, most), hn::Neg(most)));
}

HWY_INLINE void store_rails(vec i, vec q, std::int8_t* HWY_RESTRICT soft,
                            base::cf32* HWY_RESTRICT points) {
    const floats d;
    const hn::RebindToSigned<floats> di;
    const hn::Rebind<std::uint16_t, floats> pairs;
    const hn::Repartition<std::int8_t, decltype(pairs)> octets;
    const auto octet = hn::Set(di, 0xFF);
    const auto both =
        hn::Or(hn::And(soft_bits(i), octet), hn::ShiftLeft<8>(hn::And(soft_bits(q), octet)));
    hn::StoreU(hn::BitCast(octets, hn::DemoteTo(pairs, both)), octets, soft);
    hn::StoreInterleaved2(i, q, d, reinterpret_cast<float*>(points));
}

detector_sums bpsk(const filtered* HWY_RESTRICT in, std::size_t count, detector_scale by,
                   std::int8_t* HWY_RESTRICT soft, base::cf32* HWY_RESTRICT points) {
    const floats d;
    const hn::RebindToSigned<floats> di;
    const hn::Rebind<std::uint8_t, floats> octets;
    const vec scale = hn::Set(d, by.scale);
    const vec certainty = hn::Set(d, by.certainty);
    vector_sums sums = no_sums();
    for (std::size_t k = 0; k < count; k += width) {
        const symbols y = load_symbols(in + k, scale);
        const fraction sign = soft_sign(hn::Mul(certainty, y.i));
        const vec i = hn::Div(sign.over, sign.under);
        add_rail(sums, i, y.i, y.slope_i, y.q);
        const vec square = hn::Mul(y.i, y.i);
        const vec other = hn::Mul(y.q, y.q);
        sums.power = hn::Add(sums.power, square);
        sums.lock_power = hn::Add(sums.lock_power, hn::Add(square, other));
        sums.lock_wanted = hn::Add(sums.lock_wanted, hn::Sub(square, other));
        sums.phase = hn::MulAdd(i, y.q, sums.phase);
        sums.error = hn::Add(sums.error, other);
        const auto bits = hn::And(soft_bits(y.i), hn::Set(di, 0xFF));
        hn::StoreU(hn::DemoteTo(octets, bits), octets, reinterpret_cast<std::uint8_t*>(soft + k));
        hn::StoreInterleaved2(y.i, y.q, d, reinterpret_cast<float*>(points + k));
    }
    return added_up(sums);
}

detector_sums qpsk(const filtered* HWY_RESTRICT in, std::size_t count, detector_scale by,
                   std::int8_t* HWY_RESTRICT soft, base::cf32* HWY_RESTRICT points) {
    const floats d;
    const vec scale = hn::Set(d, by.scale);
    const vec certainty = hn::Set(d, by.certainty);
    const vec least = hn::Set(d, 1e-30F);
    vector_sums sums = no_sums();
    for (std::size_t k = 0; k < count; k += width) {
        const symbols y = load_symbols(in + k, scale);
        vec i;
        vec q;
        soft_signs(hn::Mul(certainty, y.i), hn::Mul(certainty, y.q), i, q);
        add_rail(sums, i, y.i, y.slope_i, y.q);
        add_rail(sums, q, y.q, y.slope_q, y.i);
        sums.phase = hn::MulAdd(i, y.q, hn::NegMulAdd(q, y.i, sums.phase));
        const vec i2 = hn::Mul(y.i, y.i);
        const vec q2 = hn::Mul(y.q, y.q);
        const vec power = hn::Add(i2, q2);
        sums.power = hn::Add(sums.power, power);
        // -Re z^4 / |z|^2, which is 1 · |z|^2 on the diagonals.
        const vec difference = hn::Sub(i2, q2);
        const vec product = hn::Mul(hn::Add(y.i, y.i), y.q);
        const vec wanted = hn::NegMulAdd(difference, difference, hn::Mul(product, product));
        sums.lock_wanted = hn::Add(sums.lock_wanted, hn::Div(wanted, hn::Max(power, least)));
        store_rails(y.i, y.q, soft + 2 * k, points + k);
    }
    sums.lock_power = sums.power;
    return added_up(sums);
}

detector_sums oqpsk(const filtered* HWY_RESTRICT early, const filtered* HWY_RESTRICT late,
                    std::size_t count, detector_scale by, std::int8_t* HWY_RESTRICT soft,
                    base::cf32* HWY_RESTRICT points) {
    const floats d;
    const vec scale = hn::Set(d, by.scale);
    const vec certainty = hn::Set(d, by.certainty);
    vector_sums sums = no_sums();
    for (std::size_t k = 0; k < count; k += width) {
        const symbols a = load_symbols(early + k, scale);
        const symbols b = load_symbols(late + k, scale);
        vec i;
        vec q;
        soft_signs(hn::Mul(certainty, a.i), hn::Mul(certainty, b.q), i, q);
        add_rail(sums, i, a.i, a.slope_i, a.q);
        add_rail(sums, q, b.q, b.slope_q, b.i);
        sums.phase = hn::MulAdd(i, a.q, hn::NegMulAdd(q, b.i, sums.phase));
        const vec i2 = hn::Mul(a.i, a.i);
        const vec q2 = hn::Mul(b.q, b.q);
        sums.power = hn::Add(sums.power, hn::Add(i2, q2));
        sums.lock_wanted = hn::MulAdd(i2, i2, hn::MulAdd(q2, q2, sums.lock_wanted));
        store_rails(a.i, b.q, soft + 2 * k, points + k);
    }
    sums.lock_power = sums.power;
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

void filter_symbols(const filter_job& job, slopes wanted, filtered* out) noexcept {
    HWY_DYNAMIC_DISPATCH(filter)(job, wanted, out);
}

detector_sums detect_bpsk(const filtered* symbols, std::size_t count, detector_scale by,
                          std::int8_t* soft, base::cf32* points) noexcept {
    return HWY_DYNAMIC_DISPATCH(bpsk)(symbols, count, by, soft, points);
}

detector_sums detect_qpsk(const filtered* symbols, std::size_t count, detector_scale by,
                          std::int8_t* soft, base::cf32* points) noexcept {
    return HWY_DYNAMIC_DISPATCH(qpsk)(symbols, count, by, soft, points);
}

detector_sums detect_oqpsk(const filtered* early, const filtered* late, std::size_t count,
                           detector_scale by, std::int8_t* soft, base::cf32* points) noexcept {
    return HWY_DYNAMIC_DISPATCH(oqpsk)(early, late, count, by, soft, points);
}

} // namespace landfall::dsp
#endif
