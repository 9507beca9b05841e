// SPDX-License-Identifier: MIT
// A modem lcore takes no memory while it follows a carrier.
#include "app/carrier_stage.h"
#include "app/difi_packetiser.h"
#include "app/downlink.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <vector>

extern "C" void* __libc_malloc(std::size_t); // NOLINT: glibc's own name

namespace {

thread_local bool counting = false;
thread_local std::size_t allocations = 0;

} // namespace

// All of this program's memory, operator new's included, is asked for here.
extern "C" void* malloc(std::size_t size) {
    allocations += counting ? 1U : 0U;
    return __libc_malloc(size);
}

namespace landfall::app {
namespace {

config::carrier_settings carrier_of(dsp::modulation kind) {
    config::carrier_settings settings;
    settings.name = "test";
    settings.mission.wave = {.kind = kind, .symbol_rate_hz = 1e6, .roll_off = 0.5};
    settings.mission.framing.format = framing::frame_format::aos;
    settings.mission.framing.fecf = framing::error_control::absent;
    return settings;
}

/// Datagrams of half a second of signal, three times over, with a second of silence between.
std::vector<std::vector<std::uint8_t>> datagrams_of(const config::mission& mission) {
    std::vector<std::vector<std::uint8_t>> all;
    for (std::int64_t pass = 0; pass < 3; ++pass) {
        downlink_config config;
        config.mission = mission;
        config.seconds = 0.5;
        config.channel.es_n0_db = 9.0;
        config.start = {1'767'225'600 + 2 * pass, 0};
        auto signal = downlink::create(config).value();
        difi_packetiser packets({.stream_id = 7,
                                 .bits = 8,
                                 .sample_rate_hz = signal->sample_rate_hz(),
                                 .start = config.start});
        auto keep = [&](const base::timestamp&, base::octets packet) -> base::result<void> {
            all.emplace_back(packet.begin(), packet.end());
            return {};
        };
        auto none = [](const framing::delivered_frame&) {};
        for (bool more = true; more;) {
            const auto samples = signal->next(none);
            more = !samples.empty();
            REQUIRE(packets.push(samples, !more, keep));
        }
    }
    return all;
}

} // namespace

TEST_CASE("app/carrier_stage: once a carrier was received, receiving takes no memory") {
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        CAPTURE(static_cast<int>(kind));
        const config::carrier_settings settings = carrier_of(kind);
        const auto datagrams = datagrams_of(settings.mission);
        carrier_stage stage(
            settings, {.carrier = 0,
                       .carriers = 1,
                       .routes = {{.as = delivery::form::frames,
                                   .to = {{.peer = 0, .mtu_octets = 1408}},
                                   .flow = {.source = *base::parse_endpoint("10.0.0.1:1"),
                                            .destination = *base::parse_endpoint("10.0.0.2:2")}}}});
        std::vector<std::uint8_t> buffer(2048);
        std::uint64_t sent = 0;
        auto take = [&](std::size_t size) { return std::span(buffer).first(size); };
        auto commit = [&](std::uint32_t, std::size_t) { ++sent; };
        const delivery::output out{.take = take, .commit = commit};
        allocations = 0;
        for (std::size_t i = 0; i < datagrams.size(); ++i) {
            counting = i >= 2 * datagrams.size() / 3; // the third pass, its acquisition included
            const auto now = static_cast<std::int64_t>(i) * 300'000;
            stage.push(datagrams[i], now, out);
            stage.poll(now, out);
        }
        stage.finish(out);
        counting = false;
        CHECK(sent > 80);
        CHECK(allocations == 0);
    }
}

} // namespace landfall::app
