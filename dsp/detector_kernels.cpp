// SPDX-License-Identifier: MIT
#include "dsp/demod_kernels.h"
#include "dsp/receiver.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/detector_kernels.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace landfall::dsp {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using floats = hn::CappedTag<float, symbols_at_once>;
using vec = hn::Vec<floats>;
using ints = hn::RebindToSigned<floats>;
constexpr std::size_t width = hn::MaxLanes(floats());
/// Added to a number of at most 2^21, leaves the nearest integer in the number's lowest bits.
constexpr float rounding = 12'582'912.0F; // 1.5 · 2^23

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
    const auto sum = [](vec v) { return hn::GetLane(hn::SumOfLanes(floats(), v)); };
    detector_sums result;
    result.amplitude = result.turn_gain = sum(sums.amplitude);
    result.power = result.lock_power = sum(sums.power);
    result.timing = sum(sums.timing);
    result.slope_loss = sum(sums.slope_loss);
    result.phase = sum(negated_odd(sums.phase));
    result.turn_loss = sum(sums.turn_loss);
    result.lock_wanted = sum(sums.lock_wanted);
    result.error = sum(sums.error);
    return result;
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
HWY_EXPORT(bpsk);
HWY_EXPORT(qpsk);
HWY_EXPORT(oqpsk);
} // namespace

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
