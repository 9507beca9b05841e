// SPDX-License-Identifier: MIT
#include "channel.h"
#include "dsp/fec/reed_solomon.h"

#include <doctest/doctest.h>

#include <numeric>
#include <string>

extern "C" {
#include <fec.h>
}

using namespace landfall;
using namespace landfall::fec;
using fec::test::octet_list;
using fec::test::random_octets;

namespace {

coding code_of(rs_code kind, rs_basis basis, unsigned interleave, std::size_t octets) {
    coding code;
    code.reed_solomon = kind;
    code.basis = basis;
    code.rs_interleave = interleave;
    code.frame_octets = octets;
    return code;
}

std::string hex(base::octets octets) {
    std::string text;
    for (const std::uint8_t octet : octets) {
        text += "0123456789abcdef"[octet >> 4U];
        text += "0123456789abcdef"[octet & 15U];
    }
    return text;
}

std::string parity_of_counting(rs_code kind, rs_basis basis, std::size_t octets) {
    reed_solomon codec(code_of(kind, basis, 1, octets));
    octet_list block(codec.block_octets());
    std::iota(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(octets), std::uint8_t{0});
    codec.encode(block);
    return hex(std::span(block).subspan(octets));
}

/// Changes that many octets of codeword `first`, all of them by a random value.
void damage(octet_list& block, std::size_t first, std::size_t interleave, std::size_t errors,
            base::random_source& random) {
    std::vector<std::size_t> places;
    for (std::size_t at = first; at < block.size(); at += interleave) {
        places.push_back(at);
    }
    for (std::size_t i = 0; i < errors; ++i) {
        std::swap(places[i], places[i + random.below(places.size() - i)]);
        block[places[i]] = static_cast<std::uint8_t>(block[places[i]] ^ (1 + random.below(255)));
    }
}

} // namespace

TEST_CASE("fec/reed_solomon: parity of counting octets is as published, in both codes and bases") {
    CHECK(parity_of_counting(rs_code::rs223, rs_basis::dual, 223) ==
          "4ffb92dd557ec67f27fb8982cf58f8fd028ad117fcef6b2793d0418826578651");
    CHECK(parity_of_counting(rs_code::rs223, rs_basis::conventional, 223) ==
          "2fbd4fb4748494b9acd554627212eeb3ebed41191de1d36320ea49290b25abcf");
    CHECK(parity_of_counting(rs_code::rs239, rs_basis::dual, 239) ==
          "9755133f2714a3fbe0101e8f0e0ac1d2");
    CHECK(parity_of_counting(rs_code::rs239, rs_basis::conventional, 239) ==
          "2aa9a33235aefe260e3c55be8f495000");
}

TEST_CASE("fec/reed_solomon: the dual basis is libfec's") {
    for (unsigned value = 0; value < 256; ++value) {
        const auto symbol = static_cast<std::uint8_t>(value);
        CHECK(to_dual_basis(symbol) == Taltab[value]);
        CHECK(from_dual_basis(symbol) == Tal1tab[value]);
    }
}

TEST_CASE("fec/reed_solomon: codewords equal those of libfec's CCSDS encoder, shortened ones too") {
    base::random_source random(1);
    for (const std::size_t octets : {223U, 222U, 114U, 40U, 1U}) {
        reed_solomon codec(code_of(rs_code::rs223, rs_basis::dual, 1, octets));
        octet_list block = random_octets(octets, random);
        octet_list parity(32);
        encode_rs_ccsds(block.data(), parity.data(), static_cast<int>(223 - octets));
        block.resize(octets + 32);
        codec.encode(block);
        CHECK(std::equal(parity.begin(), parity.end(),
                         block.begin() + static_cast<std::ptrdiff_t>(octets)));
    }
}

TEST_CASE("fec/reed_solomon: every interleave, code, basis and fill corrects all it can") {
    base::random_source random(2);
    for (const rs_code kind : {rs_code::rs223, rs_code::rs239}) {
        const std::size_t can = rs_parity_octets(kind) / 2;
        for (const rs_basis basis : {rs_basis::dual, rs_basis::conventional}) {
            for (unsigned interleave = 1; interleave <= 8; ++interleave) {
                const std::size_t each = 255 - 2 * can - random.below(2) * random.below(200);
                reed_solomon codec(code_of(kind, basis, interleave, each * interleave));
                octet_list sent = random_octets(codec.block_octets(), random);
                codec.encode(sent);
                octet_list received = sent;
                CHECK(codec.decode(received).corrected_symbols == 0);
                CHECK(received == sent);
                for (std::size_t word = 0; word < interleave; ++word) {
                    damage(received, word, interleave, can - word % 3, random);
                }
                unsigned wanted = 0;
                for (std::size_t word = 0; word < interleave; ++word) {
                    wanted += static_cast<unsigned>(can - word % 3);
                }
                const rs_outcome outcome = codec.decode(received);
                CHECK(outcome.failed_codewords == 0);
                CHECK(outcome.corrected_symbols == wanted);
                CHECK(received == sent);
            }
        }
    }
}

TEST_CASE("fec/reed_solomon: a codeword that fails keeps its octets, the others are corrected") {
    base::random_source random(3);
    reed_solomon codec(code_of(rs_code::rs223, rs_basis::dual, 4, 892));
    octet_list sent = random_octets(codec.block_octets(), random);
    codec.encode(sent);
    octet_list received = sent;
    damage(received, 0, 4, 16, random);
    damage(received, 2, 4, 60, random);
    const octet_list before = received;
    const rs_outcome outcome = codec.decode(received);
    CHECK(outcome.failed_codewords == 1);
    CHECK(outcome.corrected_symbols == 16);
    for (std::size_t i = 0; i < received.size(); ++i) {
        CHECK(received[i] == (i % 4 == 2 ? before[i] : sent[i]));
    }
}

TEST_CASE("fec/reed_solomon: what it calls a success is always a codeword") {
    // Short codewords: most wrong corrections fall into virtual fill, which must count as failure.
    base::random_source random(4);
    for (const std::size_t octets : {4U, 30U, 239U}) {
        reed_solomon codec(code_of(rs_code::rs239, rs_basis::dual, 1, octets));
        unsigned passed = 0;
        for (int round = 0; round < 20000; ++round) {
            octet_list block = random_octets(codec.block_octets(), random);
            const octet_list before = block;
            if (codec.decode(block).failed_codewords != 0) {
                CHECK(block == before);
                continue;
            }
            ++passed;
            octet_list again = block;
            codec.encode(again);
            CHECK(again == block);
        }
        CHECK(passed <= (octets == 239 ? 5U : 0U)); // 1/8! of random words of full length
    }
}
