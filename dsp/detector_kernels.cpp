// SPDX-License-Identifier: MIT
#include "dsp/demod_kernels.h"
#include "dsp/receiver.h"

#include <algorithm>

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

// Detectors work on I and Q as they lie, side by side.

/// tanh of a positive number, within 0.0014 and never beyond 1, as a fraction: a strong signal's
/// amplitude and noise are estimated with it.
HWY_INLINE vec certain_size(vec x) {
    const floats d;
    const vec least = hn::Min(x, hn::Set(d, 3.64673F));
    const vec square = hn::Mul(least, least);
    const vec over = hn::MulAdd(square, hn::Add(square, hn::Set(d, 105.0F)), hn::Set(d, 945.0F));
    const vec under = hn::MulAdd(square, hn::MulAdd(square, hn::Set(d, 15.0F), hn::Set(d, 420.0F)),
                                 hn::Set(d, 945.0F));
    return hn::Div(hn::Mul(least, over), under);
}

/// Sums of a rail's values, of their sizes and squares, and of products with soft decisions.
struct vector_sums {
    vec size, power, amplitude;
    vec slope_power, timing, timing_power;
    vec phase, phase_power;
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
HWY_INLINE void add_rails(vector_sums& sums, vec certainty, vec value, vec slope, vec across) {
    const vec size = hn::Abs(value);
    const vec sure = certain_size(hn::Mul(certainty, size));
    const vec decision = hn::CopySignToAbs(sure, value);
    sums.size = hn::Add(sums.size, size);
    sums.power = hn::MulAdd(value, value, sums.power);
    sums.amplitude = hn::MulAdd(sure, size, sums.amplitude);
    const vec late = hn::Mul(decision, slope);
    sums.slope_power = hn::MulAdd(slope, slope, sums.slope_power);
    sums.timing = hn::Add(sums.timing, late);
    sums.timing_power = hn::MulAdd(late, late, sums.timing_power);
    const vec turned = hn::Mul(decision, across);
    sums.phase = hn::Add(sums.phase, turned);
    sums.phase_power = hn::MulAdd(turned, turned, sums.phase_power);
}

/// Four vectors' sums of their lanes.
template <class D>
HWY_INLINE hn::Vec<hn::Full128<float>> sums_of(D d, hn::Vec<D> a, hn::Vec<D> b, hn::Vec<D> c,
                                               hn::Vec<D> e) {
    const hn::Repartition<double, D> pairs;
    const auto ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
    const auto ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
    const auto x = hn::BitCast(pairs, ab);
    const auto y = hn::BitCast(pairs, ce);
    const auto blocks = hn::Add(hn::BitCast(d, hn::InterleaveLower(pairs, x, y)),
                                hn::BitCast(d, hn::InterleaveUpper(pairs, x, y)));
    if constexpr (hn::MaxLanes(d) == 4) {
        return blocks;
    } else {
        const hn::Half<D> half;
        return hn::Add(hn::LowerHalf(half, blocks), hn::UpperHalf(half, blocks));
    }
}

/// `across_power`: the sum of squares of what lies across; `last`: another sum that is wanted, it
/// becomes `lock_wanted`. `rails`: how many there were.
detector_sums added_up(const vector_sums& sums, vec across_power, vec last, std::size_t rails) {
    const floats f;
    const hn::Full128<float> d;
    HWY_ALIGN float sum[12];
    hn::Store(sums_of(f, sums.size, sums.power, sums.amplitude, last), d, sum);
    hn::Store(sums_of(f, sums.slope_power, sums.timing, sums.timing_power, across_power), d,
              sum + 4);
    const vec zero = hn::Zero(floats());
    hn::Store(sums_of(f, negated_odd(sums.phase), sums.phase_power, zero, zero), d, sum + 8);
    detector_sums result;
    result.power = result.lock_power = sum[1];
    result.amplitude = result.turn_gain = sum[2];
    result.lock_wanted = sum[3];
    result.timing = sum[5];
    result.slope_loss = sum[4] - sum[6];
    result.phase = sum[8];
    result.turn_loss = sum[7] - sum[9];
    result.error = std::max(sum[1] - 2.0F * sum[0] + static_cast<float>(rails), 0.0F);
    return result;
}

HWY_INLINE hn::Vec<hn::Rebind<std::int8_t, floats>> soft_bits(vec value) {
    const hn::Rebind<std::int8_t, floats> d;
    const auto scaled = hn::NearestInt(hn::Mul(value, hn::Set(floats(), soft_amplitude)));
    return hn::Max(hn::DemoteTo(d, scaled), hn::Set(d, -127));
}

HWY_INLINE void store_soft(vec value, std::int8_t* HWY_RESTRICT soft) {
    hn::StoreU(soft_bits(value), hn::Rebind<std::int8_t, floats>(), soft);
}

const float* rails_of(const base::cf32* symbols) {
    return reinterpret_cast<const float*>(symbols);
}

/// Q is only what a turn brings in.
detector_sums bpsk(const detector_input& in, std::int8_t* HWY_RESTRICT soft) {
    const floats d;
    const float* HWY_RESTRICT value = rails_of(in.value);
    const float* HWY_RESTRICT slope = rails_of(in.slope);
    const vec zero = hn::Zero(d);
    const vec certainty = hn::Set(d, in.certainty);
    const std::size_t count = in.count;
    vector_sums sums = no_sums();
    vec across_power = zero;
    for (std::size_t k = 0; k < 2 * count; k += width) {
        const vec y = hn::LoadU(d, value + k);
        const vec i = hn::OddEven(zero, y);
        const vec across = hn::Shuffle2301(hn::OddEven(y, zero));
        add_rails(sums, certainty, i, hn::OddEven(zero, hn::LoadU(d, slope + k)), across);
        across_power = hn::MulAdd(across, across, across_power);
        const auto bits = hn::BitCast(hn::Rebind<std::uint16_t, hn::Half<floats>>(), soft_bits(y));
        const hn::Rebind<std::uint8_t, hn::Half<floats>> octets;
        hn::StoreU(hn::TruncateTo(octets, bits), octets,
                   reinterpret_cast<std::uint8_t*>(soft + k / 2));
    }
    detector_sums result = added_up(sums, across_power, across_power, count);
    const float across = result.lock_wanted;
    result.lock_wanted = result.power - across;
    result.lock_power = result.power + across;
    result.error += across; // Q's nearest point is 0
    return result;
}

detector_sums qpsk(const detector_input& in, std::int8_t* HWY_RESTRICT soft) {
    const floats d;
    const float* HWY_RESTRICT value = rails_of(in.value);
    const float* HWY_RESTRICT slope = rails_of(in.slope);
    const vec certainty = hn::Set(d, in.certainty);
    const vec least = hn::Set(d, 1e-20F);
    const std::size_t count = in.count;
    vector_sums sums = no_sums();
    vec lock = hn::Zero(d);
    for (std::size_t k = 0; k < 2 * count; k += 2 * width) {
        const vec one = hn::LoadU(d, value + k);
        const vec other = hn::LoadU(d, value + k + width);
        const vec across_one = hn::Shuffle2301(one);
        const vec across_other = hn::Shuffle2301(other);
        add_rails(sums, certainty, one, hn::LoadU(d, slope + k), across_one);
        add_rails(sums, certainty, other, hn::LoadU(d, slope + k + width), across_other);
        // -Re z^4 / |z|^2, which is 1 · |z|^2 on the diagonals: 8 i² q² / |z|² - |z|²; of all
        // symbols' I and Q side by side.
        const vec i = hn::OddEven(across_other, one);
        const vec q = hn::OddEven(other, across_one);
        const vec product = hn::Mul(i, q);
        const vec power = hn::MulAdd(i, i, hn::MulAdd(q, q, least));
        lock = hn::Add(lock, hn::Div(hn::Mul(product, product), power));
        store_soft(one, soft + k);
        store_soft(other, soft + k + width);
    }
    detector_sums result = added_up(sums, sums.power, lock, 2 * count);
    result.lock_wanted = 8.0F * result.lock_wanted - result.power;
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
    const std::size_t count = in.count;
    vector_sums sums = no_sums();
    vec across_power = hn::Zero(d);
    vec lock = hn::Zero(d);
    for (std::size_t k = 0; k < 2 * count; k += width) {
        const vec a = hn::LoadU(d, value + k);
        const vec b = hn::LoadU(d, late_value + k);
        const vec y = hn::OddEven(b, a);
        const vec across = hn::Shuffle2301(hn::OddEven(a, b));
        add_rails(sums, certainty, y, hn::LoadU(d, slope + k), across);
        across_power = hn::MulAdd(across, across, across_power);
        const vec square = hn::Mul(y, y);
        lock = hn::MulAdd(square, square, lock);
        store_soft(y, soft + k);
        hn::StoreU(y, d, point + k);
    }
    return added_up(sums, across_power, lock, 2 * count);
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
