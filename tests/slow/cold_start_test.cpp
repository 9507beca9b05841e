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
#include <complex>
#include <cstdio>
#include <functional>
#include <numbers>

using namespace landfall;
using dsp::modulation;

namespace {

constexpr std::uint64_t seeds = 100;
constexpr std::size_t lead_in_bits = 512;
constexpr std::size_t quick_symbols = 2000;
constexpr std::size_t lock_symbols = 5000;
constexpr double doppler_hz_s = 3200.0; // of a 500 km orbit overhead, at 8.2 GHz

struct start_case {
    const char* name;
    modulation kind;
    fec::code_rate rate;
    double es_n0_db;
};

struct counts {
    std::size_t quick = 0;        ///< acquired within quick_symbols, as they come, symbols right
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
    config.channel.doppler_rate_hz_s = random.bit() ? doppler_hz_s : -doppler_hz_s;
    config.seed = seed;
    made.link = test::simulate(config, std::move(bits));
    return made;
}

/// Whether the symbols that the receiver can know of after `symbols` are there and right.
bool locks(const signal& sent, const start_case& which, std::size_t symbols) {
    test::simulated_link head = sent.link;
    head.samples.resize(
        static_cast<std::size_t>(static_cast<double>(symbols) * head.samples_per_symbol));
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
    const double wanted =
        test::symbol_error_rate(which.kind, which.es_n0_db) * static_cast<double>(seen.symbols);
    const double chance = symbols < lock_symbols ? 3.0 * std::sqrt(wanted) : 0.0;
    return seen.first_symbol <= 2 && seen.symbols > symbols - 100 &&
           static_cast<double>(seen.errors) < 1.35 * wanted + chance;
}

counts run(const start_case& which, double roll_off) {
    fec::coding code;
    code.convolutional = which.rate;
    code.c2_inverted = which.rate == fec::code_rate::r1_2;
    counts result;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const signal sent = make(which, code, roll_off, seed);
        result.quick += locks(sent, which, quick_symbols) ? 1U : 0U;
        result.locked += locks(sent, which, lock_symbols) ? 1U : 0U;
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
    const std::array<start_case, 7> cases{{
        {"BPSK r=1/2", modulation::bpsk, fec::code_rate::r1_2, 0.4},
        {"QPSK r=1/2", modulation::qpsk, fec::code_rate::r1_2, 3.4},
        {"OQPSK r=1/2", modulation::oqpsk, fec::code_rate::r1_2, 3.4},
        {"QPSK r=3/4", modulation::qpsk, fec::code_rate::r3_4, 6.9},
        {"8PSK r=3/4", modulation::psk8, fec::code_rate::r3_4, 10.8},
        {"BPSK r=1/2, 1 dB over the ideal code's", modulation::bpsk, fec::code_rate::r1_2, -0.2},
        {"QPSK r=1/2, 1 dB over the ideal code's", modulation::qpsk, fec::code_rate::r1_2, 2.8},
    }};
    for (const auto& which : cases) {
        for (const double roll_off : {0.2, 0.35, 0.5}) {
            const counts seen = run(which, roll_off);
            std::printf("%-40s E_s/N_0 %4.1f dB, roll-off %.2f: lock in 2,000 symbols %3zu, in "
                        "5,000 %3zu, first frame %3zu, all frames %3zu of %d\n",
                        which.name, which.es_n0_db, roll_off, seen.quick, seen.locked,
                        seen.first_frames, seen.all_frames, static_cast<int>(seeds));
            std::fflush(stdout);
            CAPTURE(which.name);
            CAPTURE(roll_off);
            CHECK(seen.quick >= 99);
            CHECK(seen.locked >= 99);
            CHECK(seen.first_frames >= 99);
        }
    }
}

TEST_CASE("slow/cold_start: after a fade of 10 ms every frame that it did not touch is there, each "
          "once") {
    constexpr std::size_t frames = 8;
    constexpr double fade_s = 10e-3;
    constexpr std::uint64_t runs = 100;
    fec::coding code; // QPSK at rate 1/2: a bit is a symbol, a microsecond
    const double frame_s = 1e-6 * (8.0 * static_cast<double>(fec::codeblock_octets(code)) + 32.0);
    std::size_t whole = 0;
    for (std::uint64_t seed = 1; seed <= runs; ++seed) {
        base::random_source random(seed * 77 + 1);
        fec::stream_encoder encoder(code, 2, seed);
        std::vector<std::uint8_t> bits;
        encoder.idle(lead_in_bits, bits);
        for (std::size_t n = 0; n < frames; ++n) {
            std::vector<std::uint8_t> frame(code.frame_octets);
            for (std::uint8_t& octet : frame) {
                octet = static_cast<std::uint8_t>(random.bits());
            }
            frame[0] = static_cast<std::uint8_t>(n);
            encoder.frame(frame, bits);
        }
        encoder.flush(bits);
        test::link_config config;
        config.wave.kind = modulation::qpsk;
        config.offset_of_symbol_rate = 0.5 * random.uniform() - 0.25;
        config.clock_error_ppm = 200.0 * random.uniform() - 100.0;
        config.channel.es_n0_db = 3.4;
        config.channel.doppler_rate_hz_s = random.bit() ? doppler_hz_s : -doppler_hz_s;
        config.seed = seed;
        const double begin = frame_s * (2.0 + random.uniform());
        config.channel.fades.push_back({begin, begin + fade_s, -100.0});
        const auto got = test::receive(test::simulate(config, std::move(bits)));
        fec::stream_decoder decoder(code, 2, false);
        std::vector<std::size_t> seen;
        auto take = [&](const fec::decoded_frame& frame) {
            if (frame.decodable) {
                seen.push_back(frame.octets[0]);
            }
        };
        for (const auto& part : got.parts) {
            decoder.push(part.soft, take);
            decoder.restart(take);
        }
        std::vector<std::size_t> wanted;
        for (std::size_t n = 0; n < frames; ++n) {
            const double first = 512e-6 + static_cast<double>(n) * frame_s;
            if (first + frame_s + 20e-6 < begin || first > begin + fade_s + 20e-6) {
                wanted.push_back(n);
            }
        }
        const bool in_order =
            std::adjacent_find(seen.begin(), seen.end(), std::greater_equal<>()) == seen.end();
        const bool all = std::includes(seen.begin(), seen.end(), wanted.begin(), wanted.end());
        whole += in_order && all ? 1U : 0U;
    }
    std::printf("fade of 10 ms: %zu of 100 runs whole\n", whole);
    CHECK(whole >= 99);
}

TEST_CASE("slow/cold_start: behind two rays frames come with the equaliser, not without it") {
    constexpr std::size_t frames = 12;
    fec::coding code;
    code.convolutional = fec::code_rate::r7_8;
    code.c2_inverted = false;
    for (const bool equalize : {false, true}) {
        base::random_source random(11);
        fec::stream_encoder encoder(code, 2, 3);
        std::vector<std::uint8_t> bits;
        encoder.idle(16'000, bits); // to learn from
        for (std::size_t n = 0; n < frames; ++n) {
            std::vector<std::uint8_t> frame(code.frame_octets);
            for (std::uint8_t& octet : frame) {
                octet = static_cast<std::uint8_t>(random.bits());
            }
            encoder.frame(frame, bits);
        }
        encoder.flush(bits);
        test::link_config config;
        config.wave.kind = modulation::qpsk;
        config.wave.equalize = equalize;
        config.offset_of_symbol_rate = 0.03;
        auto link = test::simulate(config, std::move(bits));
        const auto sent = link.samples;
        const auto ray = std::polar(0.5F, 2.0F);
        for (std::size_t n = 4; n < sent.size(); ++n) {
            link.samples[n] += ray * sent[n - 4];
        }
        dsp::channel_config noise;
        noise.sample_rate_hz = link.receiver.sample_rate_hz;
        noise.samples_per_symbol = link.samples_per_symbol;
        noise.es_n0_db = 9.5;
        for (base::cf32& sample : link.samples) {
            sample *= 4.0F; // back from the channel's amplitude
        }
        dsp::channel(noise).apply(link.samples);
        const auto got = test::receive(link);
        fec::stream_decoder decoder(code, 2, false);
        std::size_t good = 0;
        auto take = [&](const fec::decoded_frame& frame) { good += frame.decodable ? 1U : 0U; };
        for (const auto& part : got.parts) {
            decoder.push(part.soft, take);
            decoder.restart(take);
        }
        std::printf("two rays, equaliser %d: %zu of %zu frames\n", equalize ? 1 : 0, good, frames);
        CHECK((equalize ? good == frames : good == 0));
    }
}
