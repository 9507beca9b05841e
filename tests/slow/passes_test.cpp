// SPDX-License-Identifier: MIT
// Low-orbit passes at low symbol rates, and fades: no frame is lost that could have been kept.
#include "base/random.h"
#include "dsp/fec/stream_decoder.h"
#include "dsp/fec/stream_encoder.h"
#include "dsp/modulator.h"
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

struct sent_frames {
    std::vector<std::vector<std::uint8_t>> frames;
    std::vector<std::uint8_t> bits;
    std::vector<std::size_t> begins; ///< channel bit, marker included
};

sent_frames encode(const fec::coding& code, unsigned per_symbol, std::size_t count,
                   std::uint64_t seed) {
    fec::stream_encoder encoder(code, per_symbol, seed);
    base::random_source random(seed);
    sent_frames sent;
    encoder.idle(512, sent.bits);
    std::vector<std::uint8_t> frame(code.frame_octets);
    for (std::size_t n = 0; n < count; ++n) {
        for (std::uint8_t& octet : frame) {
            octet = static_cast<std::uint8_t>(random.bits());
        }
        frame[0] = static_cast<std::uint8_t>(n >> 8U); // its number
        frame[1] = static_cast<std::uint8_t>(n);
        sent.begins.push_back(sent.bits.size());
        encoder.frame(frame, sent.bits);
        sent.frames.push_back(frame);
    }
    encoder.flush(sent.bits);
    return sent;
}

std::vector<bool> recovered(const sent_frames& sent, const fec::coding& code,
                            const test::received& got, modulation kind) {
    fec::stream_decoder decoder(code, dsp::bits_per_symbol(kind), kind == modulation::oqpsk);
    std::vector<bool> there(sent.frames.size());
    auto take = [&](const fec::decoded_frame& frame) {
        const std::size_t n = frame.octets[0] * 256U + frame.octets[1];
        if (frame.decodable && n < there.size() &&
            std::equal(frame.octets.begin(), frame.octets.end(), sent.frames[n].begin(),
                       sent.frames[n].end())) {
            there[n] = true;
        }
    };
    for (const auto& part : got.parts) {
        if (part.soft.empty()) {
            continue;
        }
        decoder.push(part.soft, take);
        decoder.restart(take);
    }
    return there;
}

const char* name_of(modulation kind) {
    return kind == modulation::bpsk ? "BPSK" : kind == modulation::qpsk ? "QPSK" : "OQPSK";
}

/// An overhead pass of a circular orbit: range rate over time, the Earth not turning.
double doppler_hz(double time_s, double carrier_hz, double height_m) {
    constexpr double earth_m = 6'371e3;
    constexpr double gravity = 3.986e14;
    constexpr double light_m_s = 299'792'458.0;
    const double orbit_m = earth_m + height_m;
    const double angle = std::sqrt(gravity / (orbit_m * orbit_m * orbit_m)) * time_s;
    const double range_m = std::sqrt(earth_m * earth_m + orbit_m * orbit_m -
                                     2.0 * earth_m * orbit_m * std::cos(angle));
    const double rate_m_s = earth_m * orbit_m * std::sin(angle) *
                            std::sqrt(gravity / (orbit_m * orbit_m * orbit_m)) / range_m;
    return -carrier_hz * rate_m_s / light_m_s;
}

struct pass {
    modulation kind;
    double symbol_rate_hz;
    double carrier_hz;
    double es_n0_db;
    double seconds;
};

/// Around the closest approach, where the offset changes fastest; the clock turns with it.
test::simulated_link fly(const pass& which, std::span<const std::uint8_t> bits,
                         std::uint64_t seed) {
    const dsp::waveform wave{
        .kind = which.kind, .symbol_rate_hz = which.symbol_rate_hz, .roll_off = 0.5};
    const double most_hz = 2.3e-5 * which.carrier_hz;
    const double ratio = std::max(2.5, 2.0 * (0.75 + most_hz / which.symbol_rate_hz) + 0.3);
    test::simulated_link link;
    link.samples_per_symbol = ratio;
    dsp::modulator modulator(wave, ratio);
    modulator.push(bits, link.samples);
    modulator.flush(link.samples);
    const double rate_hz = ratio * which.symbol_rate_hz;
    double cycles = 0.0;
    const double middle_s = 0.5 * static_cast<double>(link.samples.size()) / rate_hz;
    for (std::size_t n = 0; n < link.samples.size(); ++n) {
        const double time_s = static_cast<double>(n) / rate_hz - middle_s;
        link.samples[n] =
            base::cf32(std::complex<double>(link.samples[n]) *
                       std::polar(1.0, 2.0 * std::numbers::pi * (cycles - std::floor(cycles))));
        cycles += doppler_hz(time_s, which.carrier_hz, 500e3) / rate_hz;
    }
    dsp::channel_config channel;
    channel.sample_rate_hz = rate_hz;
    channel.samples_per_symbol = ratio;
    channel.es_n0_db = which.es_n0_db;
    channel.seed = seed;
    dsp::channel(channel).apply(link.samples);
    link.receiver.wave = wave;
    link.receiver.sample_rate_hz = rate_hz;
    return link;
}

} // namespace

TEST_CASE("slow/passes: no frame of a low-orbit pass is lost") {
    fec::coding code;
    code.rs_interleave = 1;
    code.frame_octets = 223;
    for (const pass& which : std::array<pass, 6>{{
             {modulation::bpsk, 9'600.0, 437e6, 2.0, 240.0},
             {modulation::qpsk, 9'600.0, 437e6, 5.0, 240.0},
             {modulation::qpsk, 72'000.0, 137.9e6, 4.0, 40.0},
             {modulation::oqpsk, 72'000.0, 137.9e6, 4.0, 40.0},
             {modulation::bpsk, 128'000.0, 1.7e9, 2.0, 25.0},
             {modulation::oqpsk, 128'000.0, 1.7e9, 4.0, 25.0},
         }}) {
        const unsigned per_symbol = dsp::bits_per_symbol(which.kind);
        const double bits_per_frame = 2.0 * 8.0 * 259.0;
        const auto count = static_cast<std::size_t>(which.seconds * which.symbol_rate_hz *
                                                    per_symbol / bits_per_frame);
        const auto sent = encode(code, per_symbol, count, 3);
        const auto got = test::receive(fly(which, sent.bits, 3));
        const auto there = recovered(sent, code, got, which.kind);
        const auto lost = std::count(there.begin(), there.end(), false);
        std::printf(
            "%-5s %6.1f ksym/s at %6.1f MHz, %4.0f Hz/s, E_s/N_0 %.0f dB: %td of %zu frames "
            "lost, first %s, %llu losses of lock\n",
            name_of(which.kind), which.symbol_rate_hz / 1e3, which.carrier_hz / 1e6,
            doppler_hz(-0.5, which.carrier_hz, 500e3) - doppler_hz(0.5, which.carrier_hz, 500e3),
            which.es_n0_db, lost, there.size(), there[0] ? "there" : "lost",
            static_cast<unsigned long long>(got.report.losses));
        std::fflush(stdout);
        CAPTURE(name_of(which.kind));
        CAPTURE(which.symbol_rate_hz);
        CHECK(lost == 0);
    }
}

TEST_CASE("slow/passes: after fades of 10 ms only the frames that they hit are lost") {
    fec::coding code;
    for (const auto kind : {modulation::bpsk, modulation::qpsk, modulation::oqpsk}) {
        const unsigned per_symbol = dsp::bits_per_symbol(kind);
        const auto sent = encode(code, per_symbol, 60 * per_symbol, 5);
        test::link_config config;
        config.wave.kind = kind;
        config.wave.roll_off = 0.5;
        config.channel.es_n0_db = kind == modulation::bpsk ? 1.4 : 4.4;
        config.offset_of_symbol_rate = -0.1;
        config.clock_error_ppm = 30.0;
        const double seconds = static_cast<double>(sent.bits.size() / per_symbol) / 1e6;
        std::vector<bool> hit(sent.frames.size());
        for (double at_s = 0.08; at_s + 0.1 < seconds; at_s += 0.15) {
            config.channel.fades.push_back({at_s, at_s + 0.010, -100.0});
            for (std::size_t n = 0; n < hit.size(); ++n) {
                const double begin_s = static_cast<double>(sent.begins[n]) / per_symbol / 1e6;
                const std::size_t end = n + 1 < hit.size() ? sent.begins[n + 1] : sent.bits.size();
                const double end_s = static_cast<double>(end) / per_symbol / 1e6;
                hit[n] = hit[n] || (begin_s < at_s + 0.010 && end_s > at_s);
            }
        }
        const auto link = test::simulate(config, sent.bits);
        const auto got = test::receive(link);
        const auto there = recovered(sent, code, got, kind);
        std::size_t hit_count = 0;
        std::size_t lost = 0;
        std::size_t lost_without_cause = 0;
        for (std::size_t n = 0; n < hit.size(); ++n) {
            hit_count += hit[n] ? 1U : 0U;
            lost += there[n] ? 0U : 1U;
            lost_without_cause += !there[n] && !hit[n] ? 1U : 0U;
        }
        std::printf(
            "%-5s %zu fades of 10 ms over %.2f s: %zu of %zu frames touched, %zu lost, %zu of "
            "them untouched\n",
            name_of(kind), config.channel.fades.size(), seconds, hit_count, hit.size(), lost,
            lost_without_cause);
        std::fflush(stdout);
        CAPTURE(name_of(kind));
        CHECK(lost_without_cause == 0);
    }
}
