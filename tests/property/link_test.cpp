// SPDX-License-Identifier: MIT
// Encode, modulate, channel, receive, decode: every frame arrives, the first one included, with the
// time at which its first bit was sent.
#include "app/downlink.h"
#include "app/receive_chain.h"
#include "base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

using namespace landfall;

namespace {

struct frame_seen {
    std::vector<std::uint8_t> octets;
    base::timestamp time;
};

struct combination {
    config::mission mission;
    double es_n0_db = 0.0;
    std::uint64_t seed = 0;
};

/// A comfortable margin over the code's threshold.
double level_db(dsp::modulation kind, fec::code_rate rate, bool outer) {
    const double of_bits = rate == fec::code_rate::none   ? (outer ? 8.5 : 12.0)
                           : rate == fec::code_rate::r1_2 ? 2.0
                           : rate == fec::code_rate::r2_3 ? 3.5
                           : rate == fec::code_rate::r3_4 ? 4.5
                           : rate == fec::code_rate::r5_6 ? 6.0
                                                          : 7.0;
    return of_bits + (rate != fec::code_rate::none && !outer ? 4.0 : 0.0) +
           (kind == dsp::modulation::bpsk ? 0.0 : 3.0);
}

void check(const combination& which) {
    base::random_source random(which.seed);
    app::downlink_config config;
    config.mission = which.mission;
    const double rate = which.mission.wave.symbol_rate_hz;
    config.seconds = 40'000.0 / rate;
    config.clock_offset_ppm = 120.0 * random.uniform() - 60.0;
    config.channel.es_n0_db = which.es_n0_db;
    config.channel.frequency_offset_hz = (0.3 * random.uniform() - 0.15) * rate;
    config.channel.phase_rad = 6.28 * random.uniform();
    config.channel.seed = which.seed;
    auto signal = app::downlink::create(config);
    REQUIRE(signal);
    std::vector<frame_seen> sent;
    std::vector<frame_seen> got;
    auto on_sent = [&](const framing::delivered_frame& frame) {
        sent.push_back({{frame.octets.begin(), frame.octets.end()}, frame.first_bit.time});
    };
    auto on_frame = [&](const framing::delivered_frame& frame) {
        CHECK(frame.first_bit.is_known);
        got.push_back({{frame.octets.begin(), frame.octets.end()}, frame.first_bit.time});
    };
    auto on_packet = [](const framing::delivered_packet&) {};
    const framing::deframer_sinks sinks{.frame = on_frame, .packet = on_packet};
    app::receive_chain chain({.mission = which.mission});
    base::timestamp time = config.start;
    for (auto samples = (*signal)->next(on_sent); !samples.empty();
         samples = (*signal)->next(on_sent)) {
        wire::iq_block block;
        block.samples = samples;
        block.time = time;
        block.has_time = true;
        block.sample_rate_hz = (*signal)->sample_rate_hz();
        chain.push(block, sinks);
        time = config.start.plus_seconds(static_cast<double>((*signal)->samples()) /
                                         (*signal)->sample_rate_hz());
    }
    chain.finish(sinks);
    REQUIRE(sent.size() >= 2);
    CHECK(got.size() == sent.size());
    std::size_t missing = 0;
    double worst_symbols = 0.0;
    for (std::size_t n = 0; n < sent.size(); ++n) {
        const auto same = std::find_if(got.begin(), got.end(), [&](const frame_seen& one) {
            return std::equal(one.octets.begin(), one.octets.end(), sent[n].octets.begin(),
                              sent[n].octets.end());
        });
        if (same == got.end()) {
            ++missing;
            CHECK_MESSAGE(n != 0, "the first frame is missing");
            continue;
        }
        const double late_s = same->time.seconds_since(sent[n].time);
        worst_symbols = std::max(worst_symbols, std::abs(late_s) * rate);
    }
    CHECK(missing == 0);
    // Of a punctured code the simulator states the time to a channel bit or two.
    const auto rate_used = which.mission.coding.convolutional;
    const bool punctured = rate_used != fec::code_rate::none && rate_used != fec::code_rate::r1_2;
    const double allowed = punctured ? 1.05 : 0.1;
    CHECK(worst_symbols < allowed);
}

} // namespace

TEST_CASE("property/link: every frame arrives in time, whatever the waveform and the code") {
    using enum dsp::modulation;
    std::uint64_t seed = 1;
    for (const auto kind : {bpsk, qpsk, oqpsk}) {
        for (const auto rate : {fec::code_rate::none, fec::code_rate::r1_2, fec::code_rate::r2_3,
                                fec::code_rate::r3_4, fec::code_rate::r5_6, fec::code_rate::r7_8}) {
            for (unsigned variant = 0; variant < 4; ++variant) {
                combination which;
                which.mission.wave = {
                    .kind = kind, .symbol_rate_hz = 1e6, .roll_off = variant < 2 ? 0.35 : 0.5};
                which.mission.wave.spectrum_inverted = variant == 3;
                fec::coding& code = which.mission.coding;
                code.convolutional = rate;
                code.c2_first = variant == 3;
                code.c2_inverted = (rate == fec::code_rate::r1_2) != (variant == 2);
                code.line_code = (variant & 1U) != 0 ? fec::nrz::m : fec::nrz::l;
                code.pseudo_random = variant == 2   ? fec::randomizer::pn131071
                                     : variant == 3 ? fec::randomizer::none
                                                    : fec::randomizer::pn255;
                code.basis = variant < 2 ? fec::rs_basis::dual : fec::rs_basis::conventional;
                code.reed_solomon = variant == 2 ? fec::rs_code::rs239 : fec::rs_code::rs223;
                code.rs_interleave = variant == 1 ? 5 : 2;
                code.frame_octets =
                    (255 - fec::rs_parity_octets(code.reed_solomon)) * code.rs_interleave;
                which.es_n0_db = level_db(kind, rate, true);
                which.seed = seed++;
                CAPTURE(static_cast<int>(kind));
                CAPTURE(static_cast<int>(rate));
                CAPTURE(variant);
                check(which);
            }
        }
    }
}

TEST_CASE("property/link: frames without an outer code arrive, too") {
    using enum dsp::modulation;
    std::uint64_t seed = 500;
    for (const auto kind : {bpsk, qpsk, oqpsk}) {
        for (const auto rate : {fec::code_rate::none, fec::code_rate::r1_2}) {
            combination which;
            which.mission.wave = {.kind = kind, .symbol_rate_hz = 1e6, .roll_off = 0.5};
            which.mission.coding.convolutional = rate;
            which.mission.coding.reed_solomon = fec::rs_code::none;
            which.mission.coding.frame_octets = 512;
            which.mission.framing.fecf = framing::error_control::present;
            which.es_n0_db = level_db(kind, rate, false);
            which.seed = seed++;
            CAPTURE(static_cast<int>(kind));
            CAPTURE(static_cast<int>(rate));
            check(which);
        }
    }
}
