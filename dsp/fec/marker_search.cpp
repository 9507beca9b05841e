// SPDX-License-Identifier: MIT
#include "dsp/fec/marker_search.h"

#include <array>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/fec/marker_search.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef LANDFALL_DSP_FEC_MARKER_SEARCH
#define LANDFALL_DSP_FEC_MARKER_SEARCH
namespace landfall::fec {
namespace {

/// The marker as the places of its ones and of its zeros.
struct marker_places {
    std::array<std::uint8_t, 64> ones;
    std::array<std::uint8_t, 64> zeros;
    unsigned one_count = 0;
    unsigned zero_count = 0;
};

/// Errors of the bits at a place: ones, less those that are there, and what is there for zeros.
unsigned errors_at(const std::uint8_t* bits, const marker_places& marker) noexcept {
    unsigned errors = marker.one_count;
    for (unsigned i = 0; i < marker.one_count; ++i) {
        errors -= bits[marker.ones[i]];
    }
    for (unsigned i = 0; i < marker.zero_count; ++i) {
        errors += bits[marker.zeros[i]];
    }
    return errors;
}

} // namespace
} // namespace landfall::fec
#endif

HWY_BEFORE_NAMESPACE();
namespace landfall::fec {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

/// A place in each lane.
std::size_t find_marker_here(const std::uint8_t* bits, std::size_t places,
                             const marker_places& marker, unsigned tolerance) {
    const hn::CappedTag<std::int8_t, 64> d;
    const hn::RebindToUnsigned<decltype(d)> octets;
    const auto load = [&](const std::uint8_t* from)
                          HWY_ATTR { return hn::BitCast(d, hn::LoadU(octets, from)); };
    const auto ones = hn::Set(d, static_cast<std::int8_t>(marker.one_count));
    const auto few = hn::Set(d, static_cast<std::int8_t>(tolerance + 1));
    const auto many =
        hn::Set(d, static_cast<std::int8_t>(marker.one_count + marker.zero_count - tolerance - 1));
    const std::size_t at_once = hn::Lanes(d);
    for (std::size_t at = 0; at < places && places >= at_once; at += at_once) {
        at = at + at_once <= places ? at : places - at_once; // the last ones overlap
        auto missing = ones;
        for (unsigned i = 0; i < marker.one_count; ++i) {
            missing = hn::Sub(missing, load(bits + at + marker.ones[i]));
        }
        auto added = hn::Zero(d);
        for (unsigned i = 0; i < marker.zero_count; ++i) {
            added = hn::Add(added, load(bits + at + marker.zeros[i]));
        }
        const auto errors = hn::Add(missing, added);
        const auto found = hn::Or(hn::Lt(errors, few), hn::Gt(errors, many));
        if (!hn::AllFalse(d, found)) {
            return at + static_cast<std::size_t>(hn::FindFirstTrue(d, found));
        }
    }
    for (std::size_t at = 0; at < places && places < at_once; ++at) {
        const unsigned errors = errors_at(bits + at, marker);
        if (errors <= tolerance || errors + tolerance >= marker.one_count + marker.zero_count) {
            return at;
        }
    }
    return places;
}

} // namespace
} // namespace HWY_NAMESPACE
} // namespace landfall::fec
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace landfall::fec {
namespace {
HWY_EXPORT(find_marker_here);
}

std::size_t find_marker(std::span<const std::uint8_t> bits, const sync_marker& marker,
                        unsigned tolerance) noexcept {
    if (bits.size() < marker.bits) {
        return bits.size();
    }
    marker_places split;
    for (unsigned i = 0; i < marker.bits; ++i) {
        const auto place = static_cast<std::uint8_t>(i);
        if ((marker.value >> (marker.bits - 1 - i) & 1U) != 0) {
            split.ones[split.one_count++] = place;
        } else {
            split.zeros[split.zero_count++] = place;
        }
    }
    const std::size_t places = bits.size() - marker.bits + 1;
    const std::size_t found =
        HWY_DYNAMIC_DISPATCH(find_marker_here)(bits.data(), places, split, tolerance);
    return found < places ? found : bits.size();
}

} // namespace landfall::fec
#endif
