// SPDX-License-Identifier: MIT
// Soft bits of one coding, received as another: the stage that fails is told, and the key that is
// wrong is among those to try.
#include "app/reception_stage.h"
#include "base/random.h"
#include "dsp/fec/stream_encoder.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace landfall;
using namespace landfall::app;

namespace {

config::mission sent_mission() {
    config::mission mission;
    mission.wave.kind = dsp::modulation::bpsk;
    return mission;
}

std::vector<std::int8_t> soft_bits(const config::mission& mission) {
    fec::stream_encoder encoder(mission.coding, 1, 3);
    base::random_source random(5);
    std::vector<std::uint8_t> bits;
    std::vector<std::uint8_t> frame(mission.coding.frame_octets);
    for (int n = 0; n < 12; ++n) {
        for (std::uint8_t& octet : frame) {
            octet = static_cast<std::uint8_t>(random.bits());
        }
        frame[0] = 0x40; // AOS
        frame[1] = 1;
        encoder.frame(frame, bits);
    }
    encoder.flush(bits);
    std::vector<std::int8_t> soft;
    for (const std::uint8_t bit : bits) {
        const double value = (bit != 0 ? -50.0 : 50.0) + 12.0 * random.gaussian();
        soft.push_back(static_cast<std::int8_t>(std::clamp(value, -127.0, 127.0)));
    }
    return soft;
}

stage_report received(const config::mission& mission, std::span<const std::int8_t> soft) {
    receive_chain chain({.mission = mission});
    auto frame = [](const framing::delivered_frame&) {};
    auto packet = [](const framing::delivered_packet&) {};
    const framing::deframer_sinks sinks{.frame = frame, .packet = packet};
    chain.push_soft(soft, sinks);
    chain.finish(sinks);
    return stage_of(chain.status(), mission);
}

struct mistake {
    reception_stage stage;
    const char* trial; ///< that would mend it
    void (*make)(config::mission&);
};

} // namespace

TEST_CASE("app/reception_stage: each mistake is told at its stage, with the key that mends it") {
    using enum reception_stage;
    const auto soft = soft_bits(sent_mission());
    CHECK(received(sent_mission(), soft).failed == none);
    for (const mistake& one : std::initializer_list<mistake>{
             {code_phase, "convolutional_order=c1c2",
              [](config::mission& m) { m.coding.c2_first = true; }},
             {code_phase, "convolutional=1/2",
              [](config::mission& m) { m.coding.convolutional = fec::code_rate::r3_4; }},
             {sync_marker, "convolutional=1/2",
              [](config::mission& m) { m.coding.convolutional = fec::code_rate::none; }},
             {sync_marker, "nrz=l", [](config::mission& m) { m.coding.line_code = fec::nrz::m; }},
             {sync_marker, "sync_marker=...",
              [](config::mission& m) { m.coding.marker.value = 0x352EF853; }},
             {frame_length, "rs_interleave=4",
              [](config::mission& m) {
                  m.coding.rs_interleave = 5;
                  m.coding.frame_octets = 1115;
              }},
             {frame_length, "frame_octets=892",
              [](config::mission& m) { m.coding.frame_octets = 888; }},
             {reed_solomon, "rs_basis=dual",
              [](config::mission& m) { m.coding.basis = fec::rs_basis::conventional; }},
             // The sequence of 255 bits is a Reed-Solomon codeword: only the frames look wrong.
             {framing, "randomizer=255",
              [](config::mission& m) { m.coding.pseudo_random = fec::randomizer::none; }},
             {reed_solomon, "randomizer=255",
              [](config::mission& m) { m.coding.pseudo_random = fec::randomizer::pn131071; }},
             {fecf, "fecf=false",
              [](config::mission& m) { m.framing.fecf = framing::error_control::present; }},
             {framing, "framing=auto",
              [](config::mission& m) { m.framing.format = framing::frame_format::uslp; }},
         }) {
        config::mission wrong = sent_mission();
        one.make(wrong);
        const stage_report report = received(wrong, soft);
        CAPTURE(std::string(one.trial));
        CHECK(std::string(name(report.failed)) == std::string(name(one.stage)));
        CHECK(std::ranges::count(report.trials, one.trial) == 1);
        CHECK_FALSE(report.why.empty());
    }
}

TEST_CASE("app/reception_stage: codewords of the weaker code are none of the stronger") {
    config::mission sent = sent_mission();
    sent.coding.reed_solomon = fec::rs_code::rs239;
    sent.coding.frame_octets = 956;
    const stage_report report = received(sent_mission(), soft_bits(sent));
    CHECK(report.failed == reception_stage::reed_solomon);
    CHECK(std::ranges::count(report.trials, "rs=239") == 1);
}

TEST_CASE("app/reception_stage: without outer code, a field that never fits is told") {
    config::mission mission = sent_mission();
    mission.coding.reed_solomon = fec::rs_code::none;
    const auto soft = soft_bits(mission);
    mission.framing.fecf = framing::error_control::present;
    CHECK(received(mission, soft).failed == reception_stage::fecf);
}

TEST_CASE("app/reception_stage: a signal without a carrier fails there, noise at the code") {
    chain_status status;
    CHECK(stage_of(status, {}).failed == reception_stage::input);
    status.samples = 1000;
    CHECK(stage_of(status, {}).failed == reception_stage::carrier);
    base::random_source random(8);
    std::vector<std::int8_t> noise(200'000);
    for (std::int8_t& value : noise) {
        value = static_cast<std::int8_t>(std::clamp(40.0 * random.gaussian(), -127.0, 127.0));
    }
    for (const auto rate : {fec::code_rate::r1_2, fec::code_rate::r3_4, fec::code_rate::r7_8}) {
        config::mission mission = sent_mission();
        mission.coding.convolutional = rate;
        CHECK(received(mission, noise).failed == reception_stage::code_phase);
    }
}
