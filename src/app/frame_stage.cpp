// SPDX-License-Identifier: MIT
#include "app/frame_stage.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace landfall::app {
namespace {

constexpr std::int64_t publish_interval_ns = 100'000'000;
// A receiver that has found its carrier gives what it had kept, some 80,000 symbols, 256 a record.
constexpr std::size_t most_records = 512;
constexpr std::size_t ring_records = 2048;
constexpr std::size_t records_at_once = 64;

} // namespace

frame_stage::frame_stage(const config::mission& mission, delivery::router_config routes,
                         durable_intake* durable)
    : decoding_(mission), router_(std::move(routes)), durable_(durable) {}

void frame_stage::put_behind_ring() {
    ring_.emplace(ring_records);
}

bool frame_stage::has_room() const noexcept {
    return !ring_ || ring_->has_room(most_records);
}

void frame_stage::give(const chain_record& record, const delivery::output& out) {
    if (!ring_) {
        take(record, out);
        return;
    }
    chain_record* const given = ring_->back();
    if (given == nullptr) {
        broken_ = true;
        dropped_.add();
        return;
    }
    *given = record;
    given->head.restart = given->head.restart || broken_;
    broken_ = broken_ && record.head.what != chain_record::kind::soft;
    ring_->push_back();
}

std::size_t frame_stage::step(const delivery::output& out) {
    std::size_t count = 0;
    for (; count < records_at_once; ++count, ring_->pop_front()) {
        const chain_record* const record = ring_->front();
        if (record == nullptr) {
            break;
        }
        take(*record, out);
    }
    return count;
}

void frame_stage::take(const chain_record& record, const delivery::output& out) {
    if (record.head.what == chain_record::kind::soft) {
        es_n0_db_ = std::isfinite(record.head.es_n0_db)
                        ? std::optional<double>(record.head.es_n0_db)
                        : std::nullopt;
        router_.set_es_n0(es_n0_db_);
    }
    auto frame = [&](const framing::delivered_frame& one) {
        router_.frame(one, out);
        if (durable_ != nullptr) {
            durable_->frame(one, es_n0_db_);
        }
    };
    auto packet = [&](const framing::delivered_packet& one) {
        router_.packet(one, out);
        if (durable_ != nullptr) {
            durable_->packet(one, es_n0_db_);
        }
    };
    decoding_.take(record, {.frame = frame, .packet = packet});
}

void frame_stage::poll(std::int64_t now_ns) {
    if (now_ns < next_publish_ns_) {
        return;
    }
    next_publish_ns_ = now_ns + publish_interval_ns;
    frame_view now;
    now.status = decoding_.status();
    const auto channels = decoding_.channels();
    now.channel_count = std::min(channels.size(), now.channels.size());
    std::copy_n(channels.begin(), now.channel_count, now.channels.begin());
    locked_.set(now.status.frames_locked);
    view_.set(now);
}

} // namespace landfall::app
