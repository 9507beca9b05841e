// SPDX-License-Identifier: MIT
#include "dsp/fec/viterbi.h"

#include "dsp/fec/convolutional.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dsp/fec/viterbi.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#ifndef LANDFALL_FEC_VITERBI_ONCE
#define LANDFALL_FEC_VITERBI_ONCE
namespace landfall::fec {
namespace {

constexpr std::size_t states = 64;
constexpr std::size_t window_bits = 6;
/// Soft bits are transposed for four windows at a time.
constexpr std::size_t block_bits = 24;
/// A word is a path's metric and, in its low bits, the state where the path stood at the window's
/// start.
constexpr int metric_unit = 64;
/// Metrics differ by no more than six steps of 4 * soft_limit, as six steps lead from any state to
/// any other; within a window they move by another 2 * soft_limit a step in either direction. All
/// that fits into ten bits.
constexpr int soft_limit = 21;
constexpr int spread = 24 * soft_limit;
constexpr int drift = 12 * soft_limit;
constexpr int metric_start = -512 + drift; ///< of the best state, at a window's start
static_assert(metric_start + spread + drift < 512);
/// Soft bits are scaled so that their mean magnitude is this.
constexpr int soft_mean = 13;

/// Where a state's survivors begin: two states share the octets of a word. The index' upper two
/// bits are without meaning.
template <std::size_t lanes>
constexpr auto survivor_place = [] {
    std::array<std::uint16_t, 256> places{};
    for (std::size_t octet = 0; octet < places.size(); ++octet) {
        const std::size_t state = octet % states;
        places[octet] = static_cast<std::uint16_t>(state / 2 * 2 * lanes + state % 2);
    }
    return places;
}();

/// Where the lanes work.
struct work {
    const std::int8_t* soft[viterbi::most_lanes]; ///< of the warm-up's first bit
    std::int16_t scale[viterbi::most_lanes];
    std::uint8_t last_state[viterbi::most_lanes];
    std::size_t steps;
    std::int16_t* survivors;
    /// Of each state, twice: to be broadcast from memory, which is cheaper than constants in code.
    std::int32_t names[states];
};

/// The pair (C1 lowest) on the branch of bit 0 in a pass's butterfly: of group `group`, whose
/// states 8j + group are registers j, after `step` steps, from register `low`.
constexpr unsigned branch_of(unsigned group, unsigned step, unsigned low) noexcept {
    const unsigned shifted_in = low & ((1U << step) - 1U);
    const unsigned state = (low >> step) << (3U + step) | group << step | shifted_in;
    return coded_pair[state << 1U & 127U];
}

} // namespace
} // namespace landfall::fec
#endif

HWY_BEFORE_NAMESPACE();
namespace landfall::fec {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using words = hn::CappedTag<std::int16_t, viterbi::most_lanes>;
using word = hn::Vec<words>;
constexpr std::size_t lane_count = hn::MaxLanes(words());

/// For each pair of coded bits, of one step.
struct branches {
    word cost[4];
};

std::size_t lanes() {
    return lane_count;
}

/// Adds up magnitudes, and how many are not 0.
template <class D>
HWY_INLINE void add_up(D d, const std::int8_t* soft, std::size_t octets, int& sum, int& count) {
    const hn::RebindToUnsigned<D> du;
    const hn::Repartition<std::uint64_t, D> sums;
    auto all = hn::Zero(sums);
    auto some = hn::Zero(sums);
    const auto one = hn::Set(du, 1);
    for (std::size_t i = 0; i < octets; i += hn::MaxLanes(d)) {
        const auto size = hn::BitCast(du, hn::Abs(hn::LoadU(d, soft + i)));
        all = hn::Add(all, hn::SumsOf8(size));
        some = hn::Add(some, hn::SumsOf8(hn::Min(size, one)));
    }
    sum += static_cast<int>(hn::GetLane(hn::SumOfLanes(sums, all)));
    count += static_cast<int>(hn::GetLane(hn::SumOfLanes(sums, some)));
}

/// The factor, in 1/128, that brings the mean magnitude to `soft_mean`.
std::int16_t scale_of(const std::int8_t* soft, std::size_t octets) {
    const hn::ScalableTag<std::int8_t> wide;
    const std::size_t most = octets - octets % hn::MaxLanes(wide);
    int sum = 0;
    int count = 0;
    add_up(wide, soft, most, sum, count);
    add_up(hn::Full128<std::int8_t>(), soft + most, octets - most, sum, count);
    // Odd, so that no soft bit stands halfway between two steps, where it would be rounded up.
    return static_cast<std::int16_t>((sum == 0 ? 0 : soft_mean * 128 * count / sum) | 1);
}

/// Eight pairs of eight lanes: pair t of lane l to `out[t * lane_count + l]`.
template <std::size_t first_lane>
HWY_INLINE void transpose_eight(const work& in, std::size_t step, std::uint16_t* HWY_RESTRICT out) {
    const hn::Full128<std::uint16_t> d;
    const hn::Full128<std::uint8_t> bytes;
    const hn::Full128<std::uint32_t> d32;
    const hn::Full128<std::uint64_t> d64;
    using vector = hn::Vec<hn::Full128<std::uint16_t>>;
    vector a[8];
    vector b[8];
    HWY_UNROLL(8)
    for (std::size_t l = 0; l < 8; ++l) {
        const std::int8_t* soft = in.soft[first_lane + l] + 2 * step;
        a[l] = hn::BitCast(d, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(soft)));
    }
    HWY_UNROLL(4)
    for (std::size_t l = 0; l < 4; ++l) {
        b[2 * l] = hn::InterleaveLower(d, a[2 * l], a[2 * l + 1]);
        b[2 * l + 1] = hn::InterleaveUpper(d, a[2 * l], a[2 * l + 1]);
    }
    HWY_UNROLL(2)
    for (std::size_t h = 0; h < 8; h += 4) {
        HWY_UNROLL(2)
        for (std::size_t l = 0; l < 2; ++l) {
            const auto x = hn::BitCast(d32, b[h + l]);
            const auto y = hn::BitCast(d32, b[h + l + 2]);
            a[h + 2 * l] = hn::BitCast(d, hn::InterleaveLower(d32, x, y));
            a[h + 2 * l + 1] = hn::BitCast(d, hn::InterleaveUpper(d32, x, y));
        }
    }
    HWY_UNROLL(4)
    for (std::size_t l = 0; l < 4; ++l) {
        const auto x = hn::BitCast(d64, a[l]);
        const auto y = hn::BitCast(d64, a[l + 4]);
        std::uint16_t* to = out + 2 * l * lane_count + first_lane;
        hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d64, x, y)), d, to);
        hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d64, x, y)), d, to + lane_count);
    }
}

HWY_INLINE void transpose(const work& in, std::size_t step, std::uint16_t* HWY_RESTRICT out) {
    for (std::size_t t = 0; t < block_bits; t += 8, out += 8 * lane_count) {
        transpose_eight<0>(in, step + t, out);
        if constexpr (lane_count > 8) {
            transpose_eight<8>(in, step + t, out);
        }
    }
}

/// Costs are half of those of "disagreeing soft bits count", about zero: signs are enough.
HWY_INLINE branches costs_of(const std::uint16_t* pairs, word scale) {
    const words d;
    const auto pair = hn::BitCast(d, hn::LoadU(hn::RebindToUnsigned<words>(), pairs));
    const auto low = hn::Set(d, -soft_limit);
    const auto high = hn::Set(d, soft_limit);
    const auto c1 = hn::MulFixedPoint15(hn::ShiftLeft<8>(pair), scale);
    const auto c2 = hn::MulFixedPoint15(hn::AndNot(hn::Set(d, 0xFF), pair), scale);
    const auto a = hn::ShiftLeft<6>(hn::Min(hn::Max(c1, low), high));
    const auto b = hn::ShiftLeft<6>(hn::Min(hn::Max(c2, low), high));
    const auto same = hn::Add(a, b);
    const auto other = hn::Sub(a, b);
    return {{hn::Neg(same), other, hn::Neg(other), same}};
}

template <unsigned group, unsigned step, unsigned low>
HWY_INLINE void butterfly(word x, word y, const branches& branch, word& zero, word& one) {
    constexpr unsigned pair = branch_of(group, step, low);
    zero = hn::Min(hn::Add(x, branch.cost[pair]), hn::Add(y, branch.cost[pair ^ 3U]));
    one = hn::Min(hn::Add(x, branch.cost[pair ^ 3U]), hn::Add(y, branch.cost[pair]));
}

template <unsigned group, unsigned step>
HWY_INLINE void four_butterflies(const branches& branch, const word (&x)[8], word (&y)[8]) {
    butterfly<group, step, 0>(x[0], x[4], branch, y[0], y[1]);
    butterfly<group, step, 1>(x[1], x[5], branch, y[2], y[3]);
    butterfly<group, step, 2>(x[2], x[6], branch, y[4], y[5]);
    butterfly<group, step, 3>(x[3], x[7], branch, y[6], y[7]);
}

/// Three steps of eight states: 8j + group become 8 group + b.
template <unsigned group>
HWY_INLINE void three_steps(const branches (&branch)[3], const std::int16_t* HWY_RESTRICT from,
                            word (&x)[8]) {
    const words d;
    HWY_UNROLL(8)
    for (std::size_t j = 0; j < 8; ++j) {
        x[j] = hn::Load(d, from + (8 * j + group) * lane_count);
    }
    word y[8];
    four_butterflies<group, 0>(branch[0], x, y);
    four_butterflies<group, 1>(branch[1], y, x);
    four_butterflies<group, 2>(branch[2], x, y);
    HWY_UNROLL(8)
    for (std::size_t j = 0; j < 8; ++j) {
        x[j] = y[j];
    }
}

template <unsigned group>
HWY_INLINE void first_half(const branches (&branch)[3], const std::int16_t* HWY_RESTRICT from,
                           std::int16_t* HWY_RESTRICT to) {
    word x[8];
    three_steps<group>(branch, from, x);
    HWY_UNROLL(8)
    for (std::size_t b = 0; b < 8; ++b) {
        hn::Store(x[b], words(), to + (8 * group + b) * lane_count);
    }
}

/// Also stores the ancestors, and names the states anew for the next window.
template <unsigned group>
HWY_INLINE void second_half(const branches (&branch)[3], const std::int16_t* HWY_RESTRICT from,
                            std::int16_t* HWY_RESTRICT to, std::int16_t* HWY_RESTRICT survivors,
                            const std::int32_t* HWY_RESTRICT names, word& least) {
    const words d;
    const hn::Repartition<std::int32_t, words> d32;
    const auto metric = hn::Set(d, -metric_unit);
    word x[8];
    three_steps<group>(branch, from, x);
    HWY_UNROLL(4)
    for (std::size_t b = 0; b < 8; b += 2) {
        // Two states an int16; bits of the metrics are left in the octets' upper two bits.
        const auto two = hn::OrAnd(hn::ShiftLeft<8>(x[b + 1]), x[b], hn::Set(d, 0xFF));
        hn::Store(two, d, survivors + (4 * group + b / 2) * lane_count);
    }
    HWY_UNROLL(8)
    for (std::size_t b = 0; b < 8; ++b) {
        least = hn::Min(least, x[b]);
        const auto state = hn::BitCast(d, hn::Set(d32, names[8 * group + b]));
        hn::Store(hn::OrAnd(state, x[b], metric), d, to + (8 * group + b) * lane_count);
    }
}

template <unsigned... group>
HWY_INLINE word window(const branches (&branch)[6], std::int16_t* HWY_RESTRICT metrics,
                       std::int16_t* HWY_RESTRICT middle, std::int16_t* HWY_RESTRICT survivors,
                       const std::int32_t* HWY_RESTRICT names,
                       std::integer_sequence<unsigned, group...> /*groups*/) {
    const branches first[3] = {branch[0], branch[1], branch[2]};
    (first_half<group>(first, metrics, middle), ...);
    const branches second[3] = {branch[3], branch[4], branch[5]};
    word least = hn::Set(words(), 32767);
    (second_half<group>(second, middle, metrics, survivors, names, least), ...);
    return hn::And(least, hn::Set(words(), -metric_unit));
}

/// Runs all lanes forward, storing survivors, and finds the best last states.
void forward(work& job) {
    const words d;
    HWY_ALIGN std::int16_t metrics[states * lane_count];
    HWY_ALIGN std::int16_t middle[states * lane_count];
    HWY_ALIGN std::uint16_t pairs[block_bits * lane_count];
    for (std::size_t state = 0; state < states; ++state) {
        hn::Store(hn::Set(d, static_cast<std::int16_t>(state)), d, metrics + state * lane_count);
    }
    const auto start = hn::Set(d, metric_start * metric_unit);
    const auto scale = hn::LoadU(d, job.scale);
    std::int16_t* survivors = job.survivors;
    word least = hn::Zero(d);
    for (std::size_t step = 0; step < job.steps; step += block_bits) {
        transpose(job, step, pairs);
        for (std::size_t t = 0; t < block_bits; t += window_bits) {
            branches branch[window_bits];
            for (std::size_t i = 0; i < window_bits; ++i) {
                branch[i] = costs_of(pairs + (t + i) * lane_count, scale);
            }
            const auto back = hn::Sub(start, least);
            for (word& cost : branch[0].cost) {
                cost = hn::Add(cost, back);
            }
            least = window(branch, metrics, middle, survivors, job.names,
                           std::make_integer_sequence<unsigned, 8>());
            survivors += states / 2 * lane_count;
        }
    }
    word best = hn::Load(d, metrics);
    for (std::size_t state = 1; state < states; ++state) {
        best = hn::Min(best, hn::Load(d, metrics + state * lane_count));
    }
    HWY_ALIGN std::int16_t last[lane_count];
    hn::Store(hn::And(best, hn::Set(d, states - 1)), d, last);
    std::copy_n(last, lane_count, job.last_state);
}

/// Takes `job.soft`; `traced` gets, by window and lane, the state at the window's end, and anything
/// in two bits above it.
void run(work& job, std::size_t first_window, std::uint8_t* HWY_RESTRICT traced) {
    for (std::size_t lane = 0; lane < lane_count; ++lane) {
        job.scale[lane] = scale_of(job.soft[lane], 2 * job.steps);
    }
    forward(job);
    std::size_t n = job.steps / window_bits - 1;
    std::copy_n(job.last_state, lane_count, traced + n * lane_count);
    const auto& place = survivor_place<lane_count>;
    const auto* survivors = reinterpret_cast<const std::uint8_t*>(job.survivors);
    for (; n > first_window; --n) {
        const std::uint8_t* HWY_RESTRICT from = survivors + n * states * lane_count;
        const std::uint8_t* HWY_RESTRICT later = traced + n * lane_count;
        std::uint8_t* HWY_RESTRICT earlier = traced + (n - 1) * lane_count;
        HWY_UNROLL(8)
        for (std::size_t lane = 0; lane < lane_count; ++lane) {
            earlier[lane] = from[place[later[lane]] + 2 * lane];
        }
    }
}

} // namespace
} // namespace HWY_NAMESPACE
} // namespace landfall::fec
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace landfall::fec {
namespace {

HWY_EXPORT(lanes);
HWY_EXPORT(run);

struct overlaps {
    std::size_t before, after;
};

/// Measured: shorter ones cost bit errors (see the tests). Both are multiples of a window.
constexpr overlaps overlaps_of(code_rate rate) noexcept {
    switch (rate) {
    case code_rate::r2_3:
        return {72, 96};
    case code_rate::r3_4:
        return {96, 120};
    case code_rate::r5_6:
        return {144, 168};
    case code_rate::r7_8:
        return {168, 192};
    case code_rate::none:
    case code_rate::r1_2:
        break;
    }
    return {54, 72};
}

/// Six bits of a state as octets, the oldest (highest) first.
constexpr auto bits_of_state = [] {
    std::array<std::array<std::uint8_t, 8>, states> bits{};
    for (std::size_t state = 0; state < states; ++state) {
        for (std::size_t i = 0; i < window_bits; ++i) {
            bits[state][i] = static_cast<std::uint8_t>(state >> (window_bits - 1 - i) & 1U);
        }
    }
    return bits;
}();

/// `traced` has the first window's state, and the next ones each `step` octets on.
void expand(const std::uint8_t* traced, std::size_t step, std::span<std::uint8_t> bits) noexcept {
    std::size_t place = 0;
    for (; place + 8 <= bits.size(); place += window_bits, traced += step) {
        std::memcpy(&bits[place], bits_of_state[*traced % states].data(), 8);
    }
    for (; place < bits.size(); place += window_bits, traced += step) {
        std::memcpy(&bits[place], bits_of_state[*traced % states].data(),
                    std::min(window_bits, bits.size() - place));
    }
}

} // namespace

viterbi::viterbi(code_rate rate, std::size_t segment_bits)
    : segment_bits_(segment_bits), before_bits_(overlaps_of(rate).before),
      steps_((before_bits_ + segment_bits + overlaps_of(rate).after + block_bits - 1) / block_bits *
             block_bits),
      survivors_(steps_ / window_bits * most_lanes), traced_(steps_ / window_bits * most_lanes) {
    static_assert(sizeof(line) == states);
}

void viterbi::decode(std::span<const segment> segments) noexcept {
    const std::size_t first_window = before_bits_ / window_bits - 1;
    const std::size_t at_once = lanes();
    work job{};
    job.steps = steps_;
    job.survivors = survivors_.front().words.data();
    for (std::size_t state = 0; state < states; ++state) {
        job.names[state] = static_cast<std::int32_t>(state << 16U | state);
    }
    while (!segments.empty()) {
        const auto some = segments.first(std::min(at_once, segments.size()));
        for (std::size_t lane = 0; lane < at_once; ++lane) {
            job.soft[lane] = some[lane < some.size() ? lane : 0].soft - 2 * before_bits_;
        }
        HWY_DYNAMIC_DISPATCH(run)
        (job, first_window, traced_.data());
        for (std::size_t lane = 0; lane < some.size(); ++lane) {
            expand(&traced_[first_window * at_once + lane], at_once,
                   std::span(some[lane].bits, segment_bits_ + history_bits));
        }
        segments = segments.subspan(some.size());
    }
}

std::size_t viterbi::lanes() noexcept {
    return HWY_DYNAMIC_DISPATCH(lanes)();
}

} // namespace landfall::fec
#endif
