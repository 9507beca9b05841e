// SPDX-License-Identifier: MIT
#include "wire/samples.h"

#include <algorithm>
#include <array>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "wire/unpack.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#ifndef LANDFALL_WIRE_UNPACK_ONCE
#define LANDFALL_WIRE_UNPACK_ONCE
namespace landfall::wire {
namespace {

/// Eight components of N bits are N octets. They are looked up in two halves of 16 octets, of which
/// the second begins at the octet in which the fifth component begins; or, if components are whole
/// octets, where the first one does.
constexpr std::size_t group_components = 8;
constexpr std::size_t half_octets = 16;

struct depth_plan {
    unsigned bits = 0;
    bool whole = false;   ///< components are whole octets
    std::size_t step = 0; ///< octets from half to half
    /// The octets of each component, the first one highest in 32 bits; 0x80: none.
    alignas(32) std::array<std::uint8_t, 2 * half_octets> from{};
    alignas(32) std::array<std::uint32_t, group_components> shift{}; ///< of its first bit
};

constexpr depth_plan plan_of(unsigned bits) noexcept {
    depth_plan plan;
    plan.bits = bits;
    plan.whole = bits % 8 == 0;
    plan.step = plan.whole ? 0 : bits / 2;
    const unsigned octets = plan.whole ? bits / 8 : 3; // 16 bits begin in the first of three
    plan.from.fill(0x80);
    for (unsigned c = 0; c < group_components; ++c) {
        const unsigned first_bit =
            c < 4 ? c * bits : c * bits - static_cast<unsigned>(plan.step) * 8;
        for (unsigned octet = 0; octet < octets; ++octet) {
            plan.from[4 * c + 3 - octet] = static_cast<std::uint8_t>(first_bit / 8 + octet);
        }
        plan.shift[c] = first_bit % 8;
    }
    return plan;
}

constexpr auto plans = [] {
    std::array<depth_plan, 17> all{};
    for (unsigned bits = 4; bits <= 16; ++bits) {
        all[bits] = plan_of(bits);
    }
    return all;
}();

} // namespace
} // namespace landfall::wire
#endif

HWY_BEFORE_NAMESPACE();
namespace landfall::wire {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using floats = hn::CappedTag<float, group_components>;
using ints = hn::RebindToSigned<floats>;
constexpr std::size_t width = hn::MaxLanes(floats());

/// The octets of `width` components, from their half's first on; `step`: from half to half.
template <class D>
HWY_INLINE hn::Vec<D> load_components(D d, const std::uint8_t* octets, std::size_t step) {
    const hn::Full128<std::uint8_t> half;
    if constexpr (hn::MaxLanes(d) == 2 * half_octets) {
        return hn::Combine(d, hn::LoadU(half, octets + step), hn::LoadU(half, octets));
    } else {
        static_cast<void>(step);
        return hn::LoadU(half, octets);
    }
}

/// Groups of eight components. Reads up to 16 octets from the last half's beginning on. Returns the
/// largest number, the smallest ones counting as their complements; or, `counting`, the samples of
/// which one number is at full scale.
template <bool whole, bool counting>
HWY_INLINE std::uint64_t convert(const depth_plan& plan, const std::uint8_t* HWY_RESTRICT octets,
                                 std::size_t groups, float* HWY_RESTRICT out) {
    const floats d;
    const ints di;
    const hn::RebindToUnsigned<floats> du;
    const hn::Repartition<std::uint8_t, floats> bytes;
    const hn::Repartition<std::uint64_t, floats> pairs;
    constexpr std::size_t parts = group_components / width;
    const std::size_t step = plan.step;
    const int unused = static_cast<int>(32 - plan.bits);
    const auto scale = hn::Set(d, 1.0F / 2147483648.0F);
    hn::Vec<decltype(bytes)> from[parts];
    hn::Vec<decltype(du)> shift[parts];
    for (std::size_t p = 0; p < parts; ++p) {
        from[p] = hn::Load(bytes, plan.from.data() + 4 * width * p);
        shift[p] = hn::Load(du, plan.shift.data() + width * p);
    }
    // Numbers are in the upper bits; of others there may be parts below.
    const auto lowest = hn::ShiftLeftSame(hn::Set(di, -1), unused);
    auto clipped = hn::Zero(du); // of each pair's first
    auto largest = hn::Zero(di);
    auto smallest = hn::Zero(di);
    for (std::size_t group = 0; group < groups; ++group, octets += plan.bits) {
        HWY_UNROLL(2)
        for (std::size_t p = 0; p < parts; ++p, out += width) {
            hn::Vec<ints> value;
            if constexpr (whole) {
                value = hn::BitCast(
                    di, hn::TableLookupBytesOr0(hn::LoadDup128(bytes, octets), from[p]));
            } else {
                const auto all = load_components(bytes, octets + p * step, step);
                const auto raw = hn::BitCast(du, hn::TableLookupBytesOr0(all, from[p]));
                value = hn::And(hn::BitCast(di, hn::Shl(raw, shift[p])), lowest);
            }
            hn::StoreU(hn::Mul(hn::ConvertTo(d, value), scale), d, out);
            if constexpr (counting) {
                const auto size = hn::Xor(value, hn::BroadcastSignBit(value));
                const auto full =
                    hn::VecFromMask(di, hn::Eq(hn::ShiftRightSame(size, unused),
                                               hn::Set(di, (1 << (plan.bits - 1)) - 1)));
                const auto either = hn::BitCast(pairs, full);
                clipped =
                    hn::Sub(clipped, hn::BitCast(du, hn::Or(either, hn::ShiftRight<32>(either))));
            } else {
                largest = hn::Max(largest, value);
                smallest = hn::Min(smallest, value);
            }
        }
    }
    if constexpr (counting) {
        const auto firsts = hn::And(hn::BitCast(pairs, clipped), hn::Set(pairs, 0xFFFFFFFFU));
        return hn::GetLane(hn::SumOfLanes(pairs, firsts));
    } else {
        const auto size = hn::Max(largest, hn::Not(smallest));
        return static_cast<std::uint64_t>(hn::GetLane(hn::MaxOfLanes(di, size)) >> unused);
    }
}

/// Counts only where there is something to count.
template <bool whole>
std::size_t unpack_sized(const depth_plan& plan, const std::uint8_t* octets, std::size_t groups,
                         float* out) {
    constexpr std::size_t at_once = 64;
    const std::uint64_t full_scale = (1U << (plan.bits - 1)) - 1U;
    std::size_t clipped = 0;
    while (groups > 0) {
        const std::size_t some = std::min(groups, at_once);
        if (convert<whole, false>(plan, octets, some, out) == full_scale) {
            clipped += convert<whole, true>(plan, octets, some, out);
        }
        groups -= some;
        octets += some * plan.bits;
        out += some * group_components;
    }
    return clipped;
}

std::size_t unpack_groups(const depth_plan& plan, const std::uint8_t* octets, std::size_t groups,
                          float* out) {
    return plan.whole ? unpack_sized<true>(plan, octets, groups, out)
                      : unpack_sized<false>(plan, octets, groups, out);
}

} // namespace
} // namespace HWY_NAMESPACE
} // namespace landfall::wire
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace landfall::wire {
namespace {
HWY_EXPORT(unpack_groups);
} // namespace

std::size_t unpack_iq(base::octets packed, unsigned bits, std::span<base::cf32> out) noexcept {
    if (bits < 4 || bits > 16) {
        return 0;
    }
    const depth_plan& plan = plans[bits];
    constexpr std::size_t group_samples = group_components / 2;
    float* to = reinterpret_cast<float*>(out.data());  // std::complex is two floats by definition
    const std::size_t reach = plan.step + half_octets; // of a group's loads
    const std::size_t readable = packed.size() < reach ? 0 : (packed.size() - reach) / bits + 1;
    const std::size_t groups = std::min(out.size() / group_samples, readable);
    std::size_t clipped = HWY_DYNAMIC_DISPATCH(unpack_groups)(plan, packed.data(), groups, to);
    // The last ones from a copy that may be read beyond its end.
    for (std::size_t done = groups * group_samples; done < out.size(); done += group_samples) {
        std::array<std::uint8_t, 3 * half_octets> tail{};
        std::array<float, group_components> values;
        const std::size_t count = std::min(group_samples, out.size() - done);
        const std::size_t used_bits = 2 * bits * count;
        const std::size_t used_octets = (used_bits + 7) / 8;
        std::memcpy(tail.data(), packed.data() + done / group_samples * bits, used_octets);
        tail[used_octets - 1] = static_cast<std::uint8_t>(tail[used_octets - 1] &
                                                          0xFFU << (8 * used_octets - used_bits));
        clipped += HWY_DYNAMIC_DISPATCH(unpack_groups)(plan, tail.data(), 1, values.data());
        std::memcpy(to + 2 * done, values.data(), 2 * count * sizeof(float));
    }
    return clipped;
}

} // namespace landfall::wire
#endif
