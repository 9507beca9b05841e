// SPDX-License-Identifier: MIT
#include "dsp/fec/marker_watch.h"

#include "dsp/fec/marker_search.h"

#include <algorithm>
#include <bit>

namespace landfall::fec {
namespace {

constexpr std::int64_t longest_distance_bits = std::int64_t{1} << 20;
constexpr std::uint32_t least_times = 3;

} // namespace

marker_watch::marker_watch(const sync_marker& marker) noexcept
    : mask_(~std::uint64_t{0} >> (64 - marker.bits)),
      // Of random bits, a marker of 32 is seen once in some four million: hardly ever twice at one
      // distance.
      tolerated_errors_(static_cast<int>(marker.bits / 16)),
      marker_bits_(static_cast<int>(marker.bits)) {
    marker_ = marker.value & mask_;
}

void marker_watch::push(std::span<const std::uint8_t> bits) noexcept {
    // Those that began before, bit by bit; then those that are wholly here.
    const std::size_t before = std::min(bits.size(), static_cast<std::size_t>(marker_bits_ - 1));
    for (const std::uint8_t bit : bits.first(before)) {
        last_bits_ = last_bits_ << 1U | bit;
        ++place_;
        const int errors = std::popcount((last_bits_ ^ marker_) & mask_);
        if ((errors <= tolerated_errors_ || marker_bits_ - errors <= tolerated_errors_) &&
            place_ >= marker_bits_) {
            found();
        }
    }
    const sync_marker marker{marker_, static_cast<unsigned>(marker_bits_)};
    const auto tolerance = static_cast<unsigned>(tolerated_errors_);
    const std::int64_t end = place_ + static_cast<std::int64_t>(bits.size() - before);
    auto left = bits;
    for (std::size_t at = 0; (at = find_marker(left, marker, tolerance)) < left.size();) {
        left = left.subspan(at + 1);
        place_ = end - static_cast<std::int64_t>(left.size()) + marker_bits_ - 1;
        found();
    }
    place_ = end;
    for (const std::uint8_t bit : bits.last(std::min<std::size_t>(bits.size() - before, 64))) {
        last_bits_ = last_bits_ << 1U | bit;
    }
}

void marker_watch::found() noexcept {
    for (std::size_t i = seen_.size() - seen_count_; i < seen_.size(); ++i) {
        count(place_ - seen_[i]);
    }
    std::rotate(seen_.begin(), seen_.begin() + 1, seen_.end());
    seen_.back() = place_;
    seen_count_ = std::min(seen_count_ + 1, seen_.size());
}

void marker_watch::count(std::int64_t bits) noexcept {
    if (bits <= marker_bits_ || bits > longest_distance_bits) {
        return;
    }
    distance* rarest = distances_.data();
    for (distance& one : distances_) {
        if (one.bits == bits) {
            ++one.times;
            return;
        }
        rarest = one.times < rarest->times ? &one : rarest;
    }
    *rarest = {bits, 1};
}

std::int64_t marker_watch::spacing_bits() const noexcept {
    const distance best = *std::ranges::max_element(distances_, [](auto one, auto other) {
        return one.times != other.times ? one.times < other.times : one.bits > other.bits;
    });
    return best.times >= least_times ? best.bits : 0;
}

} // namespace landfall::fec
