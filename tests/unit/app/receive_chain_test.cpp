// SPDX-License-Identifier: MIT
#include "app/downlink.h"
#include "app/receive_chain.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <string>
#include <vector>

using namespace landfall;
using namespace landfall::app;

namespace {

using times = std::map<std::string, base::timestamp>; // by the frame's octets

config::mission small_mission() {
    config::mission mission;
    mission.name = "test";
    mission.wave = {.kind = dsp::modulation::qpsk, .symbol_rate_hz = 1e6, .roll_off = 0.5};
    mission.framing.format = framing::frame_format::aos;
    mission.framing.fecf = framing::error_control::absent;
    return mission;
}

struct signal {
    std::vector<base::cf32> samples;
    times sent;
    double sample_rate_hz = 0.0;
};

signal make_signal(double seconds, double sample_rate_hz, base::timestamp start, std::uint64_t seed,
                   const config::mission& mission = small_mission(), double es_n0_db = 8.0) {
    downlink_config config;
    config.mission = mission;
    config.seconds = seconds;
    config.sample_rate_hz = sample_rate_hz;
    config.channel.es_n0_db = es_n0_db;
    config.channel.frequency_offset_hz = 20e3;
    config.channel.seed = seed;
    config.clock_offset_ppm = 20.0;
    config.bits = 12;
    config.start = start;
    auto source = downlink::create(config);
    REQUIRE(source.has_value());
    signal made;
    made.sample_rate_hz = sample_rate_hz;
    auto note = [&](const framing::delivered_frame& frame) {
        made.sent.emplace(std::string(frame.octets.begin(), frame.octets.end()),
                          frame.first_bit.time);
    };
    for (;;) {
        const auto samples = (*source)->next(note);
        if (samples.empty()) {
            return made;
        }
        made.samples.insert(made.samples.end(), samples.begin(), samples.end());
    }
}

/// A chain whose frames are kept.
struct listener {
    config::mission mission = small_mission();
    receive_chain chain{chain_config{.mission = mission}};
    times got{};

    template <class Run>
    void with_sinks(Run&& run) {
        auto frame = [&](const framing::delivered_frame& one) {
            CHECK(one.first_bit.is_known);
            got.emplace(std::string(one.octets.begin(), one.octets.end()), one.first_bit.time);
        };
        auto packet = [](const framing::delivered_packet&) {};
        run(framing::deframer_sinks{.frame = frame, .packet = packet});
    }

    void push(const signal& from, std::size_t first, std::size_t count, base::timestamp start,
              std::uint64_t lost = 0) {
        wire::iq_block block;
        block.samples = std::span(from.samples).subspan(first, count);
        block.time = start.plus_seconds(static_cast<double>(first) / from.sample_rate_hz);
        block.has_time = true;
        block.sample_rate_hz = from.sample_rate_hz;
        block.lost_samples_before = lost;
        with_sinks([&](const framing::deframer_sinks& sinks) { chain.push(block, sinks); });
    }
    void finish() {
        with_sinks([&](const framing::deframer_sinks& sinks) { chain.finish(sinks); });
    }
};

constexpr base::timestamp start{1'800'000'000, 123'456'789'012};
constexpr double tenth_of_a_symbol_s = 1e-7;

void check_times(const times& sent, const times& got) {
    for (const auto& [frame, time] : got) {
        const auto found = sent.find(frame);
        REQUIRE(found != sent.end());
        CHECK(std::abs(time.seconds_since(found->second)) < tenth_of_a_symbol_s);
    }
}

} // namespace

TEST_CASE("app/receive_chain: every frame comes, its time right to a tenth of a symbol") {
    const signal whole = make_signal(0.12, 2.5e6, start, 1);
    for (const std::size_t step : {std::size_t{100}, std::size_t{65536}, whole.samples.size()}) {
        listener ear;
        for (std::size_t at = 0; at < whole.samples.size(); at += step) {
            ear.push(whole, at, std::min(step, whole.samples.size() - at), start);
        }
        ear.finish();
        CHECK(ear.got.size() == whole.sent.size());
        check_times(whole.sent, ear.got);
    }
}

TEST_CASE("app/receive_chain: lost samples hit their frame alone, and later times stay right") {
    const signal whole = make_signal(0.12, 2.5e6, start, 2);
    for (const std::uint64_t lost : {std::uint64_t{400}, std::uint64_t{5000}}) {
        listener ear;
        const std::size_t cut = whole.samples.size() / 2;
        ear.push(whole, 0, cut, start);
        ear.push(whole, cut + lost, whole.samples.size() - cut - lost, start, lost);
        ear.finish();
        CHECK(ear.got.size() + 2 >= whole.sent.size());
        check_times(whole.sent, ear.got);
    }
}

TEST_CASE("app/receive_chain: the sample rate may change in mid-stream") {
    const signal one = make_signal(0.06, 2.5e6, start, 3);
    const base::timestamp later = start.plus_seconds(1.0);
    const signal other = make_signal(0.06, 4e6, later, 4);
    listener ear;
    ear.push(one, 0, one.samples.size(), start);
    ear.push(other, 0, other.samples.size(), later);
    ear.finish();
    times sent = one.sent;
    sent.insert(other.sent.begin(), other.sent.end());
    CHECK(ear.got.size() == sent.size());
    check_times(sent, ear.got);
    CHECK(ear.chain.status().signal_seconds == doctest::Approx(0.12).epsilon(0.1));
    CHECK(ear.chain.status().locked_seconds == doctest::Approx(0.12).epsilon(0.1));
}

TEST_CASE(
    "app/receive_chain: on the same signals every engine has frames, and block has them all") {
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk}) {
        config::mission mission = small_mission();
        mission.wave.kind = kind;
        const signal whole = make_signal(0.3, 2.5e6, start, 4, mission);
        std::map<dsp::engine, std::size_t> frames;
        for (const auto engine :
             {dsp::engine::automatic, dsp::engine::block, dsp::engine::liquid}) {
            mission.receiving.engine = engine;
            listener ear{.mission = mission};
            ear.push(whole, 0, whole.samples.size(), start);
            ear.finish();
            for (const auto& [frame, time] : ear.got) {
                CHECK(whole.sent.contains(frame));
            }
            frames[engine] = ear.got.size();
        }
        MESSAGE("of " << whole.sent.size() << " frames block " << frames[dsp::engine::block]
                      << ", liquid " << frames[dsp::engine::liquid]);
        CHECK(frames[dsp::engine::block] == whole.sent.size());
        CHECK(frames[dsp::engine::automatic] == whole.sent.size());
        CHECK(frames[dsp::engine::liquid] + 5 >= whole.sent.size()); // its loops pull in
        CHECK(frames[dsp::engine::liquid] <= whole.sent.size());
    }
}

TEST_CASE(
    "app/receive_chain: where it is expected a weak carrier is received, not a stronger one") {
    const double rate_hz = 8e6;
    const signal weak = make_signal(0.1, rate_hz, start, 5);
    const signal strong = make_signal(0.1, rate_hz, start, 6, small_mission(), 40.0);
    signal both = weak;
    for (std::size_t n = 0; n < std::min(weak.samples.size(), strong.samples.size()); ++n) {
        const double turn = std::fmod(0.25 * static_cast<double>(n), 1.0); // 2 MHz up
        both.samples[n] +=
            2.0F * strong.samples[n] * base::cf32(std::polar(1.0, 2.0 * std::numbers::pi * turn));
    }
    for (const bool told : {false, true}) {
        config::mission mission = small_mission();
        mission.receiving.expected_offset_hz = 0.0;
        mission.receiving.has_expected_offset = told;
        mission.receiving.uncertainty_hz = told ? 50e3 : 0.0;
        mission.receiving.has_uncertainty = told;
        listener ear{.mission = mission};
        ear.push(both, 0, both.samples.size(), start);
        ear.finish();
        const auto of = [&](const signal& one) {
            return std::count_if(ear.got.begin(), ear.got.end(),
                                 [&](const auto& frame) { return one.sent.contains(frame.first); });
        };
        MESSAGE("told " << told << ": " << of(weak) << " of the weak, " << of(strong)
                        << " of the strong one's " << strong.sent.size());
        CHECK(of(told ? weak : strong) == static_cast<std::ptrdiff_t>(weak.sent.size()));
        CHECK(of(told ? strong : weak) == 0);
    }
}
