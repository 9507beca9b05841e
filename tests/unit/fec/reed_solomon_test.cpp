// SPDX-License-Identifier: MIT
#include "channel.h"
#include "dsp/fec/reed_solomon.h"
#include "tests/support/libfec_reed_solomon.h"

#include <doctest/doctest.h>
#include <hwy/highway.h>

#include <numeric>
#include <string>

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

/// Decodes with both; false where anything differs.
bool equals_libfec(reed_solomon& codec, const landfall::test::libfec_reed_solomon& reference,
                   const octet_list& received) {
    octet_list ours = received;
    octet_list theirs = received;
    const rs_outcome outcome = codec.decode(ours);
    const rs_outcome wanted = reference.decode(theirs);
    return ours == theirs && outcome.failed_codewords == wanted.failed_codewords &&
           outcome.corrected_symbols == wanted.corrected_symbols;
}

/// A damaged codeblock: up to E + 5 errors in each codeword, a run at an end, or every octet.
octet_list damaged(const octet_list& sent, unsigned interleave, std::size_t can,
                   base::random_source& random) {
    octet_list received = sent;
    const std::size_t most = std::min(can + 5, sent.size() / interleave);
    const auto any = [&] { return static_cast<std::uint8_t>(1 + random.below(255)); };
    switch (random.below(8)) {
    case 0: // first octets, last ones (parity)
    case 1: {
        const std::size_t run = random.below(std::min(sent.size(), (can + 1) * interleave) + 1);
        const std::size_t first = random.bit() ? 0 : sent.size() - run;
        for (std::size_t i = first; i < first + run; ++i) {
            received[i] = static_cast<std::uint8_t>(received[i] ^ any());
        }
        return received;
    }
    default:
        for (std::size_t word = 0; word < interleave; ++word) {
            damage(received, word, interleave, random.below(most + 1), random);
        }
        return received;
    }
}

struct variant {
    coding code;
    std::size_t can;
};

/// Every code, basis and interleave, with some virtual fill: none, all but one symbol, any.
std::vector<variant> variants(base::random_source& random) {
    std::vector<variant> list;
    for (const rs_code kind : {rs_code::rs223, rs_code::rs239}) {
        const std::size_t parity = rs_parity_octets(kind);
        for (const rs_basis basis : {rs_basis::dual, rs_basis::conventional}) {
            for (unsigned interleave = 1; interleave <= 8; ++interleave) {
                const std::size_t most = 255 - parity;
                for (const std::size_t each :
                     {most, most - 3, std::size_t{1}, 1 + std::size_t{random.below(most)}}) {
                    list.push_back(
                        {code_of(kind, basis, interleave, each * interleave), parity / 2});
                }
            }
        }
    }
    return list;
}

/// Runs `body` on each instruction set that this build has and this processor runs.
void on_each_target(const auto& body) {
    unsigned targets = 0;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        CAPTURE(hwy::TargetName(target));
        body();
        ++targets;
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    CHECK(targets > 0);
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

TEST_CASE("fec/reed_solomon: decodes as libfec does, whatever the errors, on every target") {
    on_each_target([] {
        base::random_source random(5);
        unsigned differ = 0;
        unsigned corrected = 0;
        unsigned failed = 0;
        for (const variant& one : variants(random)) {
            reed_solomon codec(one.code);
            const landfall::test::libfec_reed_solomon reference(one.code);
            for (int round = 0; round < 24; ++round) {
                octet_list sent = random_octets(codec.block_octets(), random);
                octet_list theirs = sent;
                codec.encode(sent);
                reference.encode(theirs);
                differ += sent != theirs ? 1U : 0U;
                octet_list received = damaged(sent, one.code.rs_interleave, one.can, random);
                differ += equals_libfec(codec, reference, received) ? 0U : 1U;
                const rs_outcome outcome = codec.decode(received);
                corrected += outcome.corrected_symbols;
                failed += outcome.failed_codewords;
            }
        }
        CHECK(differ == 0);
        CHECK(corrected > 50'000);
        CHECK(failed > 2'000);
    });
}

TEST_CASE("fec/reed_solomon: zeros, one octet repeated and noise decode as libfec does") {
    on_each_target([] {
        base::random_source random(6);
        for (const variant& one : variants(random)) {
            reed_solomon codec(one.code);
            const landfall::test::libfec_reed_solomon reference(one.code);
            octet_list block(codec.block_octets(), 0);
            CHECK(equals_libfec(codec, reference, block));
            CHECK(codec.decode(block).failed_codewords == 0);
            for (const unsigned octet : {0x01U, 0x7BU, 0xFFU}) {
                std::ranges::fill(block, static_cast<std::uint8_t>(octet));
                CHECK(equals_libfec(codec, reference, block));
            }
            for (int round = 0; round < 4; ++round) {
                CHECK(equals_libfec(codec, reference, random_octets(block.size(), random)));
            }
        }
    });
}

TEST_CASE("fec/reed_solomon: one error is found at every place, with every value") {
    base::random_source random(7);
    reed_solomon codec(code_of(rs_code::rs223, rs_basis::dual, 5, 1115));
    octet_list sent = random_octets(codec.block_octets(), random);
    codec.encode(sent);
    unsigned wrong = 0;
    for (std::size_t at = 0; at < sent.size(); ++at) {
        octet_list received = sent;
        received[at] = static_cast<std::uint8_t>(received[at] ^ (1 + at % 255));
        const rs_outcome outcome = codec.decode(received);
        wrong += received != sent || outcome.corrected_symbols != 1 ? 1U : 0U;
    }
    CHECK(wrong == 0);
}

TEST_CASE("fec/reed_solomon: a failed codeblock is left after its first bad word, when asked to") {
    base::random_source random(8);
    reed_solomon codec(code_of(rs_code::rs239, rs_basis::dual, 3, 717));
    octet_list sent = random_octets(codec.block_octets(), random);
    codec.encode(sent);
    octet_list received = sent;
    damage(received, 0, 3, 8, random);
    damage(received, 1, 3, 40, random);
    damage(received, 2, 3, 8, random);
    const octet_list before = received;
    CHECK(codec.decode(received, true).failed_codewords == 1);
    for (std::size_t i = 0; i < received.size(); ++i) {
        CHECK(received[i] == (i % 3 == 0 ? sent[i] : before[i]));
    }
}
