// SPDX-License-Identifier: MIT
#include "app/carrier_stage.h"

#include <algorithm>
#include <utility>

namespace landfall::app {
namespace {

constexpr std::int64_t silence_ns = 250'000'000;
constexpr std::int64_t publish_interval_ns = 100'000'000;

} // namespace

carrier_stage::carrier_stage(const config::carrier_settings& settings,
                             delivery::router_config routes)
    : name_(settings.name), wanted_stream_(settings.stream_id), stream_id_(settings.stream_id),
      stream_({.stream_id = settings.stream_id.value_or(0)}), chain_({.mission = settings.mission}),
      router_(std::move(routes)) {}

template <class Run>
void carrier_stage::deliver(const delivery::output& out, Run&& run) {
    auto frame = [&](const framing::delivered_frame& one) { router_.frame(one, out); };
    auto packet = [&](const framing::delivered_packet& one) { router_.packet(one, out); };
    std::forward<Run>(run)(framing::deframer_sinks{.frame = frame, .packet = packet});
}

void carrier_stage::push(base::octets datagram, std::int64_t now_ns, const delivery::output& out) {
    const auto packet = wire::parse_difi(datagram);
    if (!packet) {
        ++strangers_.invalid[static_cast<std::size_t>(packet.error())];
        return;
    }
    if (!stream_id_) {
        stream_id_ = packet->header.stream_id;
    }
    if (packet->header.stream_id != *stream_id_) {
        ++strangers_.not_selected;
        return;
    }
    heard_ = waiting_ = true;
    last_datagram_ns_ = now_ns;
    router_.iq(datagram, out);
    stream_.push(*packet);
    take_blocks(out);
}

void carrier_stage::take_blocks(const delivery::output& out) {
    wire::iq_block block;
    while (stream_.next(block)) {
        if (chain_.unsupported(block.sample_rate_hz) != nullptr) {
            unfit_samples_ += block.samples.size();
            unfit_rate_hz_ = block.sample_rate_hz;
            passed_over_ = true;
            continue;
        }
        block.discontinuity = block.discontinuity || passed_over_;
        passed_over_ = false;
        deliver(out, [&](const framing::deframer_sinks& sinks) { chain_.push(block, sinks); });
    }
}

void carrier_stage::poll(std::int64_t now_ns, const delivery::output& out) {
    if (waiting_ && now_ns - last_datagram_ns_ >= silence_ns) {
        finish(out);
        next_publish_ns_ = now_ns;
    }
    if (now_ns >= next_publish_ns_) {
        publish(now_ns);
        next_publish_ns_ = now_ns + publish_interval_ns;
    }
}

void carrier_stage::finish(const delivery::output& out) {
    stream_.flush();
    take_blocks(out);
    deliver(out, [&](const framing::deframer_sinks& sinks) { chain_.finish(sinks); });
    waiting_ = false;
    stream_id_ = wanted_stream_;
}

void carrier_stage::publish(std::int64_t now_ns) {
    carrier_view now;
    now.status = chain_.status();
    now.iq = stream_.counters();
    now.iq.add(strangers_);
    now.unfit_samples = unfit_samples_;
    now.unfit_rate_hz = unfit_rate_hz_;
    if (heard_) {
        now.signal_age_s = 1e-9 * static_cast<double>(now_ns - last_datagram_ns_);
    }
    const auto channels = chain_.channels();
    now.channel_count = std::min(channels.size(), now.channels.size());
    std::copy_n(channels.begin(), now.channel_count, now.channels.begin());
    const auto points = chain_.constellation();
    now.point_count = std::min(points.size(), now.points.size());
    std::copy_n(points.begin(), now.point_count, now.points.begin());
    router_.set_es_n0(now.status.receiver.locked ? std::optional(now.status.receiver.es_n0_db)
                                                 : std::nullopt);
    view_.set(now);
}

} // namespace landfall::app
