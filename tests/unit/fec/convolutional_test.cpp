// SPDX-License-Identifier: MIT
#include "channel.h"
#include "dsp/fec/convolutional.h"
#include "dsp/fec/nrz.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace landfall;
using namespace landfall::fec;

namespace {

std::vector<std::uint8_t> bits_of(std::uint64_t value, unsigned count) {
    std::vector<std::uint8_t> bits;
    for (unsigned i = count; i-- > 0;) {
        bits.push_back(static_cast<std::uint8_t>(value >> i & 1U));
    }
    return bits;
}

std::vector<std::uint8_t> encoded(const coding& code, std::span<const std::uint8_t> bits) {
    convolutional_encoder encoder(code);
    std::vector<std::uint8_t> out;
    encoder.encode(bits, out);
    return out;
}

} // namespace

TEST_CASE("fec/convolutional: the sync marker's 64 symbols are as published") {
    coding code;
    const auto marker = bits_of(0x1ACFFC1D, 32);
    CHECK(encoded(code, marker) == bits_of(0x56081C971AA73D3E, 64));
    code.c2_inverted = false;
    CHECK(encoded(code, marker) == bits_of(0x035D49C24FF2686B, 64));
}

TEST_CASE("fec/convolutional: after any six bits the marker gives the same 52 symbols") {
    const std::string known = "1000000111001001011100011010101001110011110100111110";
    for (std::uint64_t before = 0; before < 64; ++before) {
        auto bits = bits_of(before, 6);
        const auto marker = bits_of(0x1ACFFC1D, 32);
        bits.insert(bits.end(), marker.begin(), marker.end());
        std::string symbols;
        for (const std::uint8_t bit : encoded(coding{}, bits)) {
            symbols += bit != 0 ? '1' : '0';
        }
        CHECK(symbols.substr(symbols.size() - 52) == known);
    }
}

TEST_CASE("fec/convolutional: punctured codes send the bits that the tables name, in order") {
    // Marks: information bit t, C1 or C2, as its place in the r=1/2 stream.
    struct row {
        code_rate rate;
        std::vector<std::size_t> sent;
    };
    const std::vector<row> rows{{code_rate::r2_3, {0, 1, 3}},
                                {code_rate::r3_4, {0, 1, 3, 4}},
                                {code_rate::r5_6, {0, 1, 3, 4, 7, 8}},
                                {code_rate::r7_8, {0, 1, 3, 5, 7, 8, 11, 12}}};
    base::random_source random(5);
    coding mother;
    mother.c2_inverted = false;
    for (const row& one : rows) {
        const puncture_pattern pattern = pattern_of(one.rate);
        CHECK(pattern.sent == one.sent.size());
        std::vector<std::uint8_t> bits(pattern.bits * 50);
        for (std::uint8_t& bit : bits) {
            bit = random.bit() ? 1 : 0;
        }
        coding code;
        code.convolutional = one.rate;
        code.c2_inverted = false;
        const auto all = encoded(mother, bits);
        std::vector<std::uint8_t> wanted;
        for (std::size_t period = 0; period < 50; ++period) {
            for (const std::size_t place : one.sent) {
                wanted.push_back(all[period * 2 * pattern.bits + place]);
            }
        }
        CHECK(encoded(code, bits) == wanted);
        code.c2_inverted = true;
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            wanted[i] ^= static_cast<std::uint8_t>(one.sent[i % one.sent.size()] % 2);
        }
        CHECK(encoded(code, bits) == wanted);
    }
}

TEST_CASE("fec/nrz: decoding undoes encoding, whatever the line's polarity") {
    base::random_source random(6);
    for (const unsigned lag : {0U, 1U, 2U}) {
        std::vector<std::uint8_t> bits(500);
        for (std::uint8_t& bit : bits) {
            bit = random.bit() ? 1 : 0;
        }
        std::vector<std::uint8_t> line = bits;
        nrz_coder(lag).encode(line);
        std::vector<std::uint8_t> inverted = line;
        for (std::uint8_t& bit : inverted) {
            bit ^= 1U;
        }
        nrz_coder decoder(lag);
        decoder.decode(std::span(line).first(123));
        decoder.decode(std::span(line).subspan(123));
        CHECK(line == bits);
        nrz_coder(lag).decode(inverted);
        for (std::size_t i = lag; i < bits.size() && lag != 0; ++i) {
            CHECK(inverted[i] == bits[i]);
        }
    }
}

TEST_CASE("fec/nrz: a one is a change of its own rail") {
    std::vector<std::uint8_t> bits{1, 0, 1, 1, 0, 0, 1, 0};
    std::vector<std::uint8_t> rails = bits;
    nrz_coder(1).encode(bits);
    CHECK(bits == std::vector<std::uint8_t>{1, 1, 0, 1, 1, 1, 0, 0});
    nrz_coder(2).encode(rails);
    CHECK(rails == std::vector<std::uint8_t>{1, 0, 0, 1, 0, 1, 1, 1});
    CHECK(nrz_lag_bits(nrz::l, 2) == 0);
    CHECK(nrz_lag_bits(nrz::m, 2) == 1);
    CHECK(nrz_lag_bits(nrz::m_per_rail, 2) == 2);
    CHECK(nrz_lag_bits(nrz::m_per_rail, 1) == 1);
}
