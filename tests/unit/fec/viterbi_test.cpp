// SPDX-License-Identifier: MIT
#include "channel.h"
#include "dsp/fec/convolutional.h"
#include "dsp/fec/libfec_reference.h"
#include "dsp/fec/viterbi.h"

#include <doctest/doctest.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

using namespace landfall;
using namespace landfall::fec;

namespace {

constexpr std::array all_rates{code_rate::r1_2, code_rate::r2_3, code_rate::r3_4, code_rate::r5_6,
                               code_rate::r7_8};
constexpr std::size_t states = 64;

struct stretch {
    std::vector<std::uint8_t> bits;
    std::vector<std::int8_t> soft; ///< pairs, punctured ones are erasures
};

stretch make(std::size_t count, double amplitude, double deviation, std::uint64_t seed,
             code_rate rate = code_rate::r1_2) {
    base::random_source random(seed);
    const puncture_pattern pattern = pattern_of(rate);
    stretch made;
    unsigned shift = 0;
    const auto soft = [&](bool sent, unsigned coded) {
        const double value = (coded != 0 ? -amplitude : amplitude) + deviation * random.gaussian();
        made.soft.push_back(
            sent ? static_cast<std::int8_t>(std::clamp(std::round(value), -127.0, 127.0)) : 0);
    };
    for (std::size_t i = 0; i < count; ++i) {
        made.bits.push_back(random.bit() ? 1 : 0);
        shift = (shift << 1U | made.bits.back()) & 127U;
        soft(pattern.sends_c1(i % pattern.bits), coded_pair[shift] & 1U);
        soft(pattern.sends_c2(i % pattern.bits), coded_pair[shift] >> 1U);
    }
    return made;
}

/// Decodes `count` segments from pair `before_bits()` on, after the first one's history.
std::vector<std::uint8_t> decode(viterbi& decoder, std::span<const std::int8_t> soft,
                                 std::size_t count) {
    const std::size_t length = decoder.segment_bits();
    std::vector<std::uint8_t> bits(viterbi::history_bits + count * length);
    std::vector<viterbi::segment> segments;
    for (std::size_t i = 0; i < count; ++i) {
        segments.push_back(
            {soft.data() + 2 * (decoder.before_bits() + i * length), bits.data() + i * length});
    }
    REQUIRE(soft.size() >= 2 * (decoder.before_bits() + count * length + decoder.after_bits()));
    decoder.decode(segments);
    return bits;
}

/// The same in plain words: whole numbers without limits, one decision a step and state, traced
/// back over all of them. Of two equal paths that is taken which, when the window of six steps
/// began, was in the lower state.
std::vector<std::uint8_t> plainly(std::span<const std::int8_t> soft) {
    const std::size_t steps = soft.size() / 2;
    int sum = 0;
    int some = 0;
    for (const std::int8_t value : soft) {
        sum += std::abs(int{value});
        some += value != 0 ? 1 : 0;
    }
    const int scale = (sum == 0 ? 0 : 13 * 128 * some / sum) | 1;
    const auto scaled = [&](std::int8_t value) {
        return std::clamp(static_cast<int>(std::floor(value * scale / 128.0 + 0.5)), -21, 21);
    };
    struct path {
        std::int64_t cost;
        std::size_t began;
        auto operator<=>(const path&) const = default;
    };
    std::array<path, states> now{};
    std::vector<std::array<std::uint8_t, states>> from(steps);
    for (std::size_t t = 0; t < steps; ++t) {
        std::array<path, states> next{};
        for (std::size_t state = 0; state < states; ++state) {
            std::array<path, 2> ways{};
            for (std::size_t old = 0; old < 2; ++old) {
                const std::size_t before = state / 2 + old * states / 2;
                ways[old] = now[before];
                if (t % 6 == 0) {
                    ways[old].began = before;
                }
                const unsigned coded = coded_pair[before * 2 + state % 2];
                ways[old].cost += (coded & 1U) != 0 ? scaled(soft[2 * t]) : -scaled(soft[2 * t]);
                ways[old].cost +=
                    (coded & 2U) != 0 ? scaled(soft[2 * t + 1]) : -scaled(soft[2 * t + 1]);
            }
            from[t][state] = ways[1] < ways[0] ? 1 : 0;
            next[state] = std::min(ways[0], ways[1]);
        }
        now = next;
    }
    std::size_t state = 0;
    for (std::size_t other = 1; other < states; ++other) {
        state = now[other].cost < now[state].cost ? other : state;
    }
    std::vector<std::uint8_t> bits(steps);
    for (std::size_t t = steps; t-- > 0;) {
        bits[t] = state & 1U;
        state = state / 2 + from[t][state] * states / 2;
    }
    return bits;
}

/// As `decode`, with the plain one.
std::vector<std::uint8_t> decode_plainly(const viterbi& like, std::span<const std::int8_t> soft,
                                         std::size_t count) {
    const std::size_t length = like.segment_bits();
    std::vector<std::uint8_t> bits(viterbi::history_bits + count * length);
    for (std::size_t i = 0; i < count; ++i) {
        const auto all = plainly(
            soft.subspan(2 * i * length, 2 * (like.before_bits() + length + like.after_bits())));
        std::copy_n(
            all.begin() + static_cast<std::ptrdiff_t>(like.before_bits() - viterbi::history_bits),
            viterbi::history_bits + length, bits.begin() + static_cast<std::ptrdiff_t>(i * length));
    }
    return bits;
}

/// Runs `check` for every instruction set that this machine has.
template <typename Check>
void on_every_target(Check check) {
    hwy::SetSupportedTargetsForTest(0);
    const std::int64_t all = hwy::SupportedTargets() & HWY_TARGETS;
    for (std::int64_t left = all; left != 0; left &= left - 1) {
        hwy::SetSupportedTargetsForTest(left & ~(left - 1));
        CAPTURE(hwy::TargetName(left & ~(left - 1)));
        check();
    }
    hwy::SetSupportedTargetsForTest(0);
}

/// Of all kinds; long enough for `count` segments.
std::vector<std::vector<std::int8_t>> inputs(code_rate rate, std::size_t pairs) {
    base::random_source random(21);
    std::vector<std::vector<std::int8_t>> all;
    all.push_back(make(pairs, 36, 0, 1, rate).soft);
    all.push_back(make(pairs, 36, 30, 2, rate).soft);
    all.push_back(make(pairs, 1, 1.3, 3, rate).soft);
    all.push_back(make(pairs, 127, 200, 4, rate).soft);
    all.emplace_back(2 * pairs, std::int8_t{0});
    all.emplace_back(2 * pairs, std::int8_t{127});
    all.emplace_back(2 * pairs, std::int8_t{-127});
    std::vector<std::int8_t> noise(2 * pairs);
    std::ranges::generate(noise, [&] { return static_cast<std::int8_t>(random.below(255) - 127); });
    all.push_back(noise);
    std::ranges::generate(noise,
                          [&] { return static_cast<std::int8_t>(random.bit() ? 127 : -127); });
    all.push_back(noise);
    std::ranges::generate(noise, [&] { return static_cast<std::int8_t>(random.below(3) - 1); });
    all.push_back(noise);
    // Weak, then as strong as can be, so that costs jump from the least to the most.
    std::vector<std::int8_t> burst = make(pairs, 2, 0, 5, rate).soft;
    for (std::size_t i = 0; i < burst.size(); ++i) {
        if (i / 50 % 4 == 3) {
            burst[i] = random.bit() ? 127 : -127;
        }
    }
    all.push_back(burst);
    std::vector<std::int8_t> half = make(pairs, 40, 25, 6, rate).soft;
    std::fill(half.begin() + static_cast<std::ptrdiff_t>(pairs), half.end(), std::int8_t{0});
    all.push_back(half);
    return all;
}

std::size_t differing(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        count += a[i] != b[i] ? 1U : 0U;
    }
    return count;
}

} // namespace

TEST_CASE("fec/viterbi: equals a plain decoder to the bit, on every instruction set") {
    constexpr std::size_t count = 35; // of segments: more than any number of lanes, and not even
    for (const code_rate rate : all_rates) {
        viterbi decoder(rate, 101);
        const std::size_t pairs = decoder.before_bits() + count * 101 + decoder.after_bits();
        std::size_t kind = 0;
        for (const auto& soft : inputs(rate, pairs)) {
            CAPTURE(kind++);
            const auto plain = decode_plainly(decoder, soft, count);
            on_every_target([&] { CHECK(decode(decoder, soft, count) == plain); });
        }
    }
}

TEST_CASE("fec/viterbi: a clean stretch comes back, at any amplitude") {
    for (const int amplitude : {1, 7, 32, 127}) {
        viterbi decoder(code_rate::r1_2, 400);
        const stretch sent = make(1200, amplitude, 0, 11);
        const auto bits = decode(decoder, sent.soft, 2);
        CHECK(std::equal(bits.begin(), bits.end(),
                         sent.bits.begin() + static_cast<std::ptrdiff_t>(decoder.before_bits() -
                                                                         viterbi::history_bits)));
    }
}

TEST_CASE("fec/viterbi: erasures at both ends let it decode from the first bit to the last") {
    const stretch sent = make(200, 32, 0, 12);
    viterbi decoder(code_rate::r1_2, 200);
    std::vector<std::int8_t> soft(2 * decoder.before_bits(), 0);
    soft.insert(soft.end(), sent.soft.begin(), sent.soft.end());
    soft.insert(soft.end(), 2 * decoder.after_bits(), 0);
    const auto bits = decode(decoder, soft, 1);
    CHECK(std::equal(sent.bits.begin(), sent.bits.end(), bits.begin() + viterbi::history_bits));
}

TEST_CASE("fec/viterbi: a segment's bits do not depend on the others") {
    viterbi decoder(code_rate::r3_4, 96);
    const stretch sent = make(96 * 40 + 1000, 32, 20, 14, code_rate::r3_4);
    const auto together = decode(decoder, sent.soft, 40);
    for (std::size_t i = 0; i < 40; ++i) {
        const auto alone = decode(decoder, std::span(sent.soft).subspan(2 * 96 * i), 1);
        CHECK(differing(std::span(alone).subspan(viterbi::history_bits),
                        std::span(together).subspan(viterbi::history_bits + 96 * i, 96)) ==
              (i + 1 < 40 ? differing(std::span(together).subspan(96 * (i + 1), 6),
                                      std::span(alone).subspan(96, 6))
                          : 0));
    }
}

TEST_CASE("fec/viterbi: makes no more errors than libfec") {
    for (const code_rate rate : {code_rate::r1_2, code_rate::r3_4}) {
        // Some 6e-4 of the bits are wrong.
        const double eb_n0_db = rate == code_rate::r1_2 ? 2.9 : 4.0;
        const double ratio = rate == code_rate::r1_2 ? 0.5 : 0.75;
        constexpr double amplitude = 32;
        const double deviation =
            amplitude * std::sqrt(0.5 / (ratio * std::pow(10.0, eb_n0_db / 10)));
        constexpr std::size_t length = 1152;
        constexpr std::size_t count = 1600;
        viterbi decoder(rate, length);
        const std::size_t before = decoder.before_bits();
        const std::size_t all = before + count * length + decoder.after_bits();
        const stretch sent = make(all, amplitude, deviation, 15, rate);
        std::vector<std::uint8_t> symbols(sent.soft.size());
        for (std::size_t i = 0; i < symbols.size(); ++i) {
            const int value = sent.soft[i];
            // libfec has no exact middle: erasures alternate.
            const int middle = value > 0   ? 127
                               : value < 0 ? 128
                                           : 127 + static_cast<int>(i >> 1U & 1U);
            symbols[i] = static_cast<std::uint8_t>(middle - value);
        }
        libfec_viterbi libfec(all - 6);
        const auto packed = libfec.decode(symbols);
        const auto bits = decode(decoder, sent.soft, count);
        std::size_t ours = 0;
        std::size_t theirs = 0;
        for (std::size_t i = 0; i < count * length; ++i) {
            const std::size_t place = before + i;
            ours += bits[viterbi::history_bits + i] != sent.bits[place] ? 1U : 0U;
            theirs += (packed[place / 8] >> (7 - place % 8) & 1) != sent.bits[place] ? 1U : 0U;
        }
        CHECK(ours > 200);
        // Counts of errors that come in bursts; the slow suite bounds the loss.
        CHECK(static_cast<double>(ours) < 1.15 * static_cast<double>(theirs));
    }
}
