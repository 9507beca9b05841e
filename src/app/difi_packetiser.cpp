// SPDX-License-Identifier: MIT
#include "app/difi_packetiser.h"

#include <cmath>

namespace landfall::app {
namespace {

constexpr std::size_t usual_datagram_octets = 1472; // MTU 1500
constexpr std::size_t jumbo_datagram_octets = 8972; // MTU 9000
constexpr double jumbo_sample_rate_hz = 20e6;
constexpr double context_period_s = 0.1;

} // namespace

difi_packetiser::difi_packetiser(const digitiser_config& config)
    : config_(config),
      packet_samples_(wire::max_samples_per_datagram(config.sample_rate_hz > jumbo_sample_rate_hz
                                                         ? jumbo_datagram_octets
                                                         : usual_datagram_octets,
                                                     config.bits)) {
    context_.changed = true;
    context_.sample_rate_hz = config.sample_rate_hz;
    context_.bandwidth_hz = std::round(0.8 * config.sample_rate_hz);
    context_.rf_reference_hz = config.frequency_hz;
    context_.format = wire::payload_format{.bits = config.bits};
}

base::result<void> difi_packetiser::push(std::span<const base::cf32> samples, bool last, sink out) {
    waiting_.insert(waiting_.end(), samples.begin(), samples.end());
    if (last) {
        waiting_.resize((waiting_.size() + packet_samples_ - 1) / packet_samples_ *
                        packet_samples_);
    }
    std::size_t at = 0;
    base::result<void> outcome;
    for (; outcome && at + packet_samples_ <= waiting_.size(); at += packet_samples_) {
        outcome = send(std::span(waiting_).subspan(at, packet_samples_), out);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(at));
    return outcome;
}

base::timestamp difi_packetiser::time_of(std::uint64_t sample) const {
    const double whole_rate = std::floor(config_.sample_rate_hz);
    if (whole_rate != config_.sample_rate_hz) {
        return config_.start.plus_seconds(static_cast<double>(sample) / config_.sample_rate_hz);
    }
    // Whole seconds apart, so that picoseconds are exact after days as well.
    const auto rate = static_cast<std::uint64_t>(whole_rate);
    const double fraction = static_cast<double>(sample % rate) / whole_rate;
    return config_.start.plus_picoseconds(static_cast<std::int64_t>(sample / rate), 0)
        .plus_seconds(fraction);
}

base::result<void> difi_packetiser::send(std::span<const base::cf32> samples, sink out) {
    const base::timestamp time = time_of(sent_);
    if (static_cast<double>(sent_) >= next_context_) {
        packet_.clear();
        wire::write_difi_context(packet_, stamp(context_sequence_++, time), context_);
        context_.changed = false;
        if (const auto done = out(time, packet_); !done) {
            return done;
        }
        packet_.clear();
        wire::version_fields version;
        version.year = 2026;
        wire::write_difi_version(packet_, stamp(version_sequence_++, time), version);
        if (const auto done = out(time, packet_); !done) {
            return done;
        }
        next_context_ += context_period_s * config_.sample_rate_hz;
    }
    packet_.clear();
    wire::write_difi_data(packet_, stamp(data_sequence_++, time), samples, config_.bits);
    sent_ += samples.size();
    return out(time, packet_);
}

wire::difi_stamp difi_packetiser::stamp(std::uint8_t sequence, const base::timestamp& time) const {
    return {.stream_id = config_.stream_id,
            .sequence = static_cast<std::uint8_t>(sequence & 0xFU),
            .scale = wire::time_scale::posix,
            .time = time};
}

} // namespace landfall::app
