// SPDX-License-Identifier: MIT
#include "app/satellite.h"

#include <algorithm>

namespace landfall::app {
namespace {

constexpr unsigned digitiser_bits = 8;
constexpr double light_speed_m_s = 299'792'458.0;
constexpr double pass_speed_m_s = 6500.0;        // along the line of sight of a low orbit
constexpr double most_acceleration_m_s2 = 110.0; // likewise, as it passes overhead

downlink_config pass_of(const config::mission& mission, double seconds) {
    downlink_config config;
    config.mission = mission;
    config.seconds = seconds;
    config.bits = digitiser_bits;
    config.clock_offset_ppm = 20.0;
    config.channel.es_n0_db = mission.coding.convolutional == fec::code_rate::none ? 12.0 : 8.0;
    // Doppler from rise to set, as far as the recording's band carries it.
    const double frequency_hz = mission.has_frequency ? mission.frequency_hz : 1.7e9;
    const double most = 0.2 * mission.wave.symbol_rate_hz;
    const double offset = std::min(frequency_hz * pass_speed_m_s / light_speed_m_s, most);
    config.channel.frequency_offset_hz = offset;
    config.channel.doppler_rate_hz_s =
        -std::min(2.0 * offset / seconds, frequency_hz * most_acceleration_m_s2 / light_speed_m_s);
    return config;
}

} // namespace

base::result<satellite> satellite::create(const config::mission& mission, double seconds,
                                          std::uint32_t stream_id, frame_check& check) {
    const downlink_config pass = pass_of(mission, seconds);
    auto signal = downlink::create(pass);
    if (!signal) {
        return std::unexpected(signal.error());
    }
    const digitiser_config digitiser{.stream_id = stream_id,
                                     .bits = digitiser_bits,
                                     .sample_rate_hz = (*signal)->sample_rate_hz(),
                                     .frequency_hz = mission.frequency_hz,
                                     .start = pass.start};
    return satellite(std::move(*signal), digitiser, check);
}

bool satellite::step(packet_sink out) {
    auto on_sent = [&](const framing::delivered_frame& frame) { check_->sent(frame.octets); };
    const auto samples = signal_->next(on_sent);
    const bool more = !samples.empty();
    auto on_packet = [&](const base::timestamp& time, base::octets packet) -> base::result<void> {
        out(time.seconds_since(start_), packet);
        return {};
    };
    static_cast<void>(packets_.push(samples, !more, on_packet)); // `out` does not fail
    return more;
}

double satellite::seconds() const {
    return static_cast<double>(signal_->samples()) / signal_->sample_rate_hz();
}

} // namespace landfall::app
