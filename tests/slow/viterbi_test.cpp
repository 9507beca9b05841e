// SPDX-License-Identifier: MIT
// What eight bits, our scaling and the ends of segments cost: bit errors beside a decoder that
// knows the soft values exactly and traces back over the whole stream.
#include "base/random.h"
#include "dsp/fec/convolutional.h"
#include "dsp/fec/viterbi.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace landfall;
using namespace landfall::fec;

namespace {

constexpr std::size_t states = 64;

std::vector<std::uint8_t> decode_exactly(std::span<const float> soft) {
    std::vector<std::array<std::uint8_t, states>> from(soft.size() / 2);
    std::array<float, states> now{};
    for (std::size_t t = 0; t < from.size(); ++t) {
        std::array<float, states> next{};
        for (std::size_t state = 0; state < states; ++state) {
            const unsigned coded = coded_pair[state];
            const float way = ((coded & 1U) != 0 ? -soft[2 * t] : soft[2 * t]) +
                              ((coded & 2U) != 0 ? -soft[2 * t + 1] : soft[2 * t + 1]);
            // The oldest bit inverts both coded bits.
            const float low = now[state / 2] + way;
            const float high = now[state / 2 + states / 2] - way;
            from[t][state] = high > low ? 1 : 0;
            next[state] = std::max(low, high);
        }
        const float best = *std::ranges::max_element(next);
        std::ranges::transform(next, now.begin(), [&](float metric) { return metric - best; });
    }
    auto state = static_cast<std::size_t>(std::ranges::max_element(now) - now.begin());
    std::vector<std::uint8_t> bits(from.size());
    for (std::size_t t = bits.size(); t-- > 0;) {
        bits[t] = state & 1U;
        state = state / 2 + from[t][state] * states / 2;
    }
    return bits;
}

struct counted {
    std::size_t ours = 0, exact = 0;
};

/// `advantage_db`: how much better our decoder's signal is.
counted errors(code_rate rate, double eb_n0_db, double advantage_db, std::uint64_t seed) {
    constexpr std::size_t bits = 4'000'000;
    constexpr std::size_t segments = 64;
    constexpr double amplitude = 32;
    const puncture_pattern pattern = pattern_of(rate);
    const double ratio = static_cast<double>(pattern.bits) / static_cast<double>(pattern.sent);
    const double deviation = std::sqrt(0.5 / (ratio * std::pow(10.0, eb_n0_db / 10)));
    const double better = deviation * std::pow(10.0, -advantage_db / 20);
    base::random_source random(seed);
    viterbi decoder(rate, 1120);
    counted all;
    for (std::size_t done = 0; done < bits; done += segments * decoder.segment_bits()) {
        const std::size_t count =
            decoder.before_bits() + segments * decoder.segment_bits() + decoder.after_bits();
        std::vector<std::uint8_t> sent(count);
        std::vector<float> exact(2 * count);
        std::vector<std::int8_t> soft(2 * count);
        unsigned shift = 0;
        for (std::size_t i = 0; i < count; ++i) {
            sent[i] = random.bit() ? 1 : 0;
            shift = (shift << 1U | sent[i]) & 127U;
            for (unsigned k = 0; k < 2; ++k) {
                if (k == 0 ? pattern.sends_c1(i % pattern.bits)
                           : pattern.sends_c2(i % pattern.bits)) {
                    const double sign = (coded_pair[shift] >> k & 1U) != 0 ? -1 : 1;
                    const double noise = random.gaussian();
                    exact[2 * i + k] = static_cast<float>(sign + deviation * noise);
                    soft[2 * i + k] = static_cast<std::int8_t>(
                        std::clamp(std::round(amplitude * (sign + better * noise)), -127.0, 127.0));
                }
            }
        }
        std::vector<std::uint8_t> got(viterbi::history_bits + segments * decoder.segment_bits());
        std::vector<viterbi::segment> list;
        for (std::size_t at = 0; at < segments * decoder.segment_bits();
             at += decoder.segment_bits()) {
            list.push_back({soft.data() + 2 * (decoder.before_bits() + at), got.data() + at});
        }
        decoder.decode(list);
        const auto ideal = decode_exactly(exact);
        for (std::size_t i = 0; i < segments * decoder.segment_bits(); ++i) {
            const std::size_t place = decoder.before_bits() + i;
            all.ours += got[viterbi::history_bits + i] != sent[place] ? 1U : 0U;
            all.exact += ideal[place] != sent[place] ? 1U : 0U;
        }
    }
    return all;
}

} // namespace

TEST_CASE("slow/viterbi: within 0.05 dB of an unquantised decoder, at every rate") {
    struct point {
        code_rate rate;
        double eb_n0_db; ///< near 1e-3 bit errors, where the outer code needs it
    };
    for (const point at :
         {point{code_rate::r1_2, 2.7}, point{code_rate::r2_3, 3.3}, point{code_rate::r3_4, 3.8},
          point{code_rate::r5_6, 4.5}, point{code_rate::r7_8, 4.9}}) {
        for (const std::uint64_t seed : {31U, 32U, 33U}) {
            const counted same = errors(at.rate, at.eb_n0_db, 0.0, seed);
            const counted better = errors(at.rate, at.eb_n0_db, 0.05, seed);
            MESSAGE("r" << static_cast<int>(at.rate) << ", seed " << seed << ": ours " << same.ours
                        << ", with 0.05 dB more " << better.ours << ", exact " << same.exact
                        << " of 4e6 bits");
            CHECK(same.exact > 1000);
            CHECK(better.ours <= same.exact);
        }
    }
}
