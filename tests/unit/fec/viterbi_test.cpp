// SPDX-License-Identifier: MIT
#include "channel.h"
#include "dsp/fec/convolutional.h"
#include "dsp/fec/viterbi.h"

#include <doctest/doctest.h>

using namespace landfall;
using namespace landfall::fec;

namespace {

struct stretch {
    std::vector<std::uint8_t> bits;
    std::vector<std::int8_t> soft;
};

stretch make(std::size_t count, int amplitude, double deviation, std::uint64_t seed) {
    base::random_source random(seed);
    stretch made;
    coding code;
    code.c2_inverted = false;
    convolutional_encoder encoder(code);
    std::vector<std::uint8_t> coded;
    made.bits.resize(count);
    for (std::uint8_t& bit : made.bits) {
        bit = random.bit() ? 1 : 0;
    }
    encoder.encode(made.bits, coded);
    for (const std::uint8_t bit : coded) {
        const double value = (bit != 0 ? -amplitude : amplitude) + deviation * random.gaussian();
        made.soft.push_back(static_cast<std::int8_t>(std::clamp(value, -127.0, 127.0)));
    }
    return made;
}

} // namespace

TEST_CASE("fec/viterbi: a clean stretch comes back, at any amplitude") {
    for (const int amplitude : {1, 7, 32, 127}) {
        const stretch sent = make(1000, amplitude, 0, 11);
        viterbi decoder(1000);
        std::vector<std::uint8_t> bits(800);
        decoder.decode(sent.soft, 100, bits);
        CHECK(std::equal(bits.begin(), bits.end(), sent.bits.begin() + 100));
    }
}

TEST_CASE("fec/viterbi: erasures at both ends let it decode from the first bit to the last") {
    const stretch sent = make(200, 32, 0, 12);
    constexpr std::size_t ends = viterbi::free_end_bits;
    std::vector<std::int8_t> soft(2 * ends, 0);
    soft.insert(soft.end(), sent.soft.begin(), sent.soft.end());
    soft.insert(soft.end(), 2 * ends, 0);
    viterbi decoder(200 + 2 * ends);
    std::vector<std::uint8_t> bits(200);
    decoder.decode(soft, ends, bits);
    CHECK(bits == sent.bits);
}

TEST_CASE("fec/viterbi: bit errors at 4.2 dB are those of the code") {
    // Rate 1/2, K=7, soft decisions: 9e-6 at E_b/N_0 = 4.2 dB; some 4e-4 at 3 dB (E_s/N_0 0 dB).
    constexpr std::size_t count = 400000;
    constexpr std::size_t margin = 200;
    const stretch sent = make(count + 2 * margin, 32, 32 * std::sqrt(0.5), 13);
    viterbi decoder(count + 2 * margin);
    std::vector<std::uint8_t> bits(count);
    decoder.decode(sent.soft, margin, bits);
    std::size_t errors = 0;
    for (std::size_t i = 0; i < count; ++i) {
        errors += bits[i] != sent.bits[margin + i] ? 1U : 0U;
    }
    CHECK(errors > 100);
    CHECK(errors < 300);
}
