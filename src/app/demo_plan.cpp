// SPDX-License-Identifier: MIT
#include "app/demo_plan.h"

#include "app/receive_chain.h"
#include "app/satellite.h"
#include "dsp/modulator.h"
#include "wire/iq_demux.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace landfall::app {
namespace {

using std::chrono::steady_clock;

constexpr double lock_symbols = 8192.0; // some more than it takes from cold
constexpr double least_frames = 4.0;
constexpr double tried_symbols = 200'000.0;

double seconds_since(steady_clock::time_point begun) {
    return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

void receive(const config::mission& mission, std::span<const std::vector<std::uint8_t>> packets) {
    receive_chain chain({.mission = mission});
    wire::iq_demux demux(wire::iq_demux_config{});
    auto on_frame = [](const framing::delivered_frame&) {};
    auto on_packet = [](const framing::delivered_packet&) {};
    const framing::deframer_sinks sinks{.frame = on_frame, .packet = on_packet};
    wire::iq_block block;
    for (const auto& packet : packets) {
        static_cast<void>(demux.push(packet));
        while (demux.next(block)) {
            if (chain.unsupported(block.sample_rate_hz) == nullptr) {
                chain.push(block, sinks);
            }
        }
    }
    chain.finish(sinks);
}

} // namespace

double least_pass_seconds(const config::mission& mission) {
    // A convolutional code at most doubles the bits.
    const double frame_bits =
        2.0 * (8.0 * static_cast<double>(fec::codeblock_octets(mission.coding)) +
               mission.coding.marker.bits);
    const double frame_symbols = frame_bits / dsp::bits_per_symbol(mission.wave.kind);
    return (lock_symbols + least_frames * frame_symbols) / mission.wave.symbol_rate_hz;
}

base::result<double> real_time_factor(const config::mission& mission) {
    const auto begun = steady_clock::now();
    frame_check ignored;
    const double seconds =
        std::max(tried_symbols / mission.wave.symbol_rate_hz, least_pass_seconds(mission));
    auto sender = satellite::create(mission, seconds, 1, ignored);
    if (!sender) {
        return std::unexpected(sender.error());
    }
    std::vector<std::vector<std::uint8_t>> packets;
    auto keep = [&](double, base::octets packet) {
        packets.emplace_back(packet.begin(), packet.end());
    };
    while (sender->step(keep)) {
    }
    const double made_s = seconds_since(begun);
    receive(mission, packets);
    const double received_s = seconds_since(begun) - made_s;
    const bool alone = std::thread::hardware_concurrency() < 2;
    return sender->seconds() / (alone ? made_s + received_s : std::max(made_s, received_s));
}

demo_plan plan_pass(const config::mission& mission, double wanted_seconds, double factor) {
    const double least = least_pass_seconds(mission);
    if (factor >= 1.0) {
        return {.signal_seconds = std::max(wanted_seconds, least), .real_time = 1.0};
    }
    return {.signal_seconds = std::max(wanted_seconds * factor, least), .real_time = factor};
}

} // namespace landfall::app
