// SPDX-License-Identifier: MIT
// A carrier's settings, and the DIFI datagrams of a signal for it.
#pragma once

#include "app/carrier_stage.h"
#include "app/difi_packetiser.h"
#include "app/downlink.h"

#include <doctest/doctest.h>

#include <vector>

namespace landfall::app {

using datagrams = std::vector<std::vector<std::uint8_t>>;

inline config::carrier_settings carrier_of(dsp::modulation kind = dsp::modulation::qpsk) {
    config::carrier_settings settings;
    settings.name = "test";
    settings.mission.wave = {.kind = kind, .symbol_rate_hz = 1e6, .roll_off = 0.5};
    settings.mission.framing.format = framing::frame_format::aos;
    settings.mission.framing.fecf = framing::error_control::absent;
    return settings;
}

inline delivery::router_config frames_out() {
    return {.carrier = 0,
            .carriers = 1,
            .routes = {{.as = delivery::form::frames,
                        .to = {{.peer = 0, .mtu_octets = 1408}},
                        .flow = {.source = *base::parse_endpoint("10.0.0.1:1"),
                                 .destination = *base::parse_endpoint("10.0.0.2:2")}}}};
}

struct signal_config {
    std::uint32_t stream_id = 7;
    double seconds = 0.5;
    double sample_rate_hz = 0.0; ///< 0: 2.5 samples per symbol
    std::int64_t start_s = 0;
    double es_n0_db = 9.0;
};

inline datagrams signal_of(const config::mission& mission, const signal_config& wanted) {
    datagrams all;
    downlink_config config;
    config.mission = mission;
    config.seconds = wanted.seconds;
    config.sample_rate_hz = wanted.sample_rate_hz;
    config.channel.es_n0_db = wanted.es_n0_db;
    config.start = {1'767'225'600 + wanted.start_s, 0};
    auto signal = downlink::create(config).value();
    difi_packetiser packets({.stream_id = wanted.stream_id,
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
    return all;
}

} // namespace landfall::app
