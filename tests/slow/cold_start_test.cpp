// SPDX-License-Identifier: MIT
// How often a carrier that nothing is known of is received from its first frame on.
#include "base/random.h"
#include "dsp/fec/stream_decoder.h"
#include "dsp/fec/stream_encoder.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>

using namespace landfall;
using dsp::modulation;

namespace {

constexpr std::uint64_t seeds = 100;
constexpr std::size_t lead_in_bits = 512;
constexpr std::size_t lock_symbols = 5000;

struct start_case {
    const char* name;
    modulation kind;
    fec::code_rate rate;
    double es_n0_db;
};

struct counts {
    std::size_t locked = 0;       ///< within lock_symbols, symbols right
    std::size_t first_frames = 0; ///< recovered
    std::size_t all_frames = 0;   ///< of three
};

struct signal {
    test::simulated_link link;
    std::vector<std::vector<std::uint8_t>> frames;
};

signal make(const start_case& which, const fec::coding& code, double roll_off, std::uint64_t seed) {
    base::random_source random(seed * 1013 + 7);
    signal made;
    const unsigned per_symbol = dsp::bits_per_symbol(which.kind);
    fec::stream_encoder encoder(code, per_symbol, seed);
    std::vector<std::uint8_t> bits;
    encoder.idle(lead_in_bits, bits);
    for (int n = 0; n < 3; ++n) {
        std::vector<std::uint8_t> frame(code.frame_octets);
        for (std::uint8_t& octet : frame) {
            octet = static_cast<std::uint8_t>(random.bits());
        }
        encoder.frame(frame, bits);
        made.frames.push_back(std::move(frame));
    }
    encoder.flush(bits);
    test::link_config config;
    config.wave.kind = which.kind;
    config.wave.roll_off = roll_off;
    config.samples_per_symbol = 2.5;
    config.offset_of_symbol_rate = 0.5 * random.uniform() - 0.25;
    config.clock_error_ppm = 200.0 * random.uniform() - 100.0;
    config.channel.phase_rad = 2.0 * std::numbers::pi * random.uniform();
    config.channel.es_n0_db = which.es_n0_db;
    config.seed = seed;
    made.link = test::simulate(config, std::move(bits));
    return made;
}

/// Whether the symbols that the receiver can know of after lock_symbols are there and right.
bool locks(const signal& sent, const start_case& which) {
    test::simulated_link head = sent.link;
    head.samples.resize(
        static_cast<std::size_t>((static_cast<double>(lock_symbols)) * head.samples_per_symbol));
    const auto receiver = dsp::make_receiver(head.receiver, dsp::engine::block);
    auto ignore = [](const dsp::soft_block&) {};
    receiver->push(head.samples, ignore);
    if (receiver->report().acquisitions == 0) {
        return false;
    }
    const auto got = test::receive(head);
    if (got.parts.size() != 1) {
        return false;
    }
    const auto seen = test::compare(head, got.parts[0]);
    const double wanted = test::symbol_error_rate(which.kind, which.es_n0_db);
    return seen.first_symbol <= 2 && seen.symbols > lock_symbols - 100 &&
           static_cast<double>(seen.errors) < 1.35 * wanted * static_cast<double>(seen.symbols);
}

counts run(const start_case& which, double roll_off) {
    fec::coding code;
    code.convolutional = which.rate;
    code.c2_inverted = which.rate == fec::code_rate::r1_2;
    counts result;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const signal sent = make(which, code, roll_off, seed);
        result.locked += locks(sent, which) ? 1U : 0U;
        const auto got = test::receive(sent.link);
        fec::stream_decoder decoder(code, dsp::bits_per_symbol(which.kind),
                                    which.kind == modulation::oqpsk);
        std::vector<bool> there(3);
        auto take = [&](const fec::decoded_frame& frame) {
            for (std::size_t n = 0; n < there.size(); ++n) {
                there[n] = there[n] || (frame.decodable &&
                                        std::equal(frame.octets.begin(), frame.octets.end(),
                                                   sent.frames[n].begin(), sent.frames[n].end()));
            }
        };
        for (const auto& part : got.parts) {
            decoder.push(part.soft, take);
            decoder.restart(take);
        }
        result.first_frames += there[0] ? 1U : 0U;
        result.all_frames += there[0] && there[1] && there[2] ? 1U : 0U;
    }
    return result;
}

} // namespace

TEST_CASE("slow/cold_start: at threshold and 1 dB, 99 of 100 carriers are received from the first "
          "frame on") {
    const std::array<start_case, 6> cases{{
        {"BPSK r=1/2", modulation::bpsk, fec::code_rate::r1_2, 0.4},
        {"QPSK r=1/2", modulation::qpsk, fec::code_rate::r1_2, 3.4},
        {"OQPSK r=1/2", modulation::oqpsk, fec::code_rate::r1_2, 3.4},
        {"QPSK r=3/4", modulation::qpsk, fec::code_rate::r3_4, 6.9},
        {"BPSK r=1/2, 1 dB over the ideal code's", modulation::bpsk, fec::code_rate::r1_2, -0.2},
        {"QPSK r=1/2, 1 dB over the ideal code's", modulation::qpsk, fec::code_rate::r1_2, 2.8},
    }};
    for (const auto& which : cases) {
        for (const double roll_off : {0.2, 0.35, 0.5}) {
            const counts seen = run(which, roll_off);
            std::printf("%-40s E_s/N_0 %4.1f dB, roll-off %.2f: lock in 5,000 symbols %3zu, first "
                        "frame %3zu, all frames %3zu of %d\n",
                        which.name, which.es_n0_db, roll_off, seen.locked, seen.first_frames,
                        seen.all_frames, static_cast<int>(seeds));
            std::fflush(stdout);
            CAPTURE(which.name);
            CAPTURE(roll_off);
            CHECK(seen.locked >= 99);
            CHECK(seen.first_frames >= 99);
        }
    }
}
