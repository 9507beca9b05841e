// SPDX-License-Identifier: MIT
#include "app/carrier_stage.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace landfall::app {
namespace {

constexpr std::int64_t least_silence_ns = 250'000'000;
constexpr std::int64_t silent_packets = 4;
constexpr double most_passed_over_s = 1.0; // a reception ends long before
// Blocks after a loss in which the gap may show: packets before it may come late.
constexpr unsigned blocks_after_loss = 16;
constexpr std::int64_t publish_interval_ns = 100'000'000;

using delivery::form;

std::vector<bool> kinds_of(const delivery::router_config& routes) {
    std::vector<bool> kinds;
    for (const delivery::route& one : routes.routes) {
        kinds.push_back(one.as == form::iq);
    }
    return kinds;
}

/// The halves' routers: each has identifications of its own.
delivery::router_config part_of(const delivery::router_config& routes, bool iq) {
    delivery::router_config part{.carrier =
                                     static_cast<std::uint16_t>(2 * routes.carrier + (iq ? 1 : 0)),
                                 .carriers = static_cast<std::uint16_t>(2 * routes.carriers),
                                 .routes = {}};
    std::copy_if(routes.routes.begin(), routes.routes.end(), std::back_inserter(part.routes),
                 [&](const delivery::route& one) { return (one.as == form::iq) == iq; });
    return part;
}

} // namespace

const char* name(passed_over why) noexcept {
    return why == passed_over::unfit_sample_rate ? "unfit_sample_rate" : "unsteady_context";
}

carrier_stage::carrier_stage(const config::carrier_settings& settings,
                             delivery::router_config routes, durable_intake* durable)
    : name_(settings.name), choice_(settings.stream_id),
      stream_({.stream_id = settings.stream_id.value_or(0)}),
      demodulation_({.mission = settings.mission}), is_iq_(kinds_of(routes)),
      iq_router_(part_of(routes, true)),
      frames_(settings.mission, part_of(routes, false), durable) {}

template <class Run>
void carrier_stage::hand_on(const delivery::output& out, Run&& run) {
    std::forward<Run>(run)([&](const chain_record& record) { frames_.give(record, out); });
}

void carrier_stage::push(base::octets datagram, std::int64_t now_ns, const delivery::output& out,
                         bool after_loss) {
    if (after_loss) {
        after_loss_ = blocks_after_loss;
    }
    const auto packet = wire::parse_difi(datagram);
    if (!packet) {
        ++strangers_.invalid[static_cast<std::size_t>(packet.error())];
        return;
    }
    switch (choice_.see(*packet, datagram, now_ns)) {
    case stream_choice::verdict::noted:
        return;
    case stream_choice::verdict::other:
        ++strangers_.not_selected;
        return;
    case stream_choice::verdict::no_context:
        ++strangers_.before_context_dropped;
        return;
    case stream_choice::verdict::begins:
        end_reception(out);
        stream_.reset();
        stream_.push(choice_.context());
        if (const auto context = choice_.context_datagram(); !context.empty()) {
            iq_router_.iq(context, out);
        }
        break;
    case stream_choice::verdict::ours:
        break;
    }
    heard_ = waiting_ = true;
    last_datagram_ns_ = now_ns;
    iq_router_.iq(datagram, out);
    stream_.push(*packet);
    take_blocks(now_ns, out);
}

void carrier_stage::take_blocks(std::int64_t now_ns, const delivery::output& out) {
    wire::iq_block block;
    while (!pending_ && stream_.next(block)) {
        if (demodulation_.unsupported(block.sample_rate_hz) != nullptr) {
            unfit_rate_hz_ = block.sample_rate_hz;
            pass_over(block, passed_over::unfit_sample_rate);
        } else if (demodulation_.has_receiver_for(block)) {
            push_block(block, out);
        } else if (now_ns < next_change_ns_) {
            pass_over(block, passed_over::unsteady_context);
        } else {
            next_change_ns_ = now_ns + receiver_change_ns;
            pending_ = block;
        }
    }
}

/// True when the block that waited has its receiver.
bool carrier_stage::change_receiver(const delivery::output& out) {
    switch (hand_over_.load(std::memory_order_acquire)) {
    case hand_over::none:
        handed_.sample_rate_hz = pending_->sample_rate_hz;
        handed_.center_frequency_hz = pending_->center_frequency_hz;
        hand_over_.store(hand_over::wanted, std::memory_order_release);
        return false;
    case hand_over::made:
        hand_on(out, [&](record_sink sink) { demodulation_.swap(handed_, sink); });
        hand_over_.store(hand_over::spent, std::memory_order_release);
        return true;
    case hand_over::wanted:
    case hand_over::spent:
        return false;
    }
    return false;
}

void carrier_stage::serve() {
    switch (hand_over_.load(std::memory_order_acquire)) {
    case hand_over::wanted:
        handed_ = demodulation_.fit(handed_.sample_rate_hz, handed_.center_frequency_hz);
        hand_over_.store(hand_over::made, std::memory_order_release);
        break;
    case hand_over::spent:
        handed_.receiver.reset();
        hand_over_.store(hand_over::none, std::memory_order_release);
        break;
    case hand_over::none:
    case hand_over::made:
        break;
    }
}

/// What is passed over is a loss to the receiver: a short one does not end the reception.
void carrier_stage::pass_over(const wire::iq_block& block, app::passed_over why) {
    ++passed_over_[static_cast<std::size_t>(why)];
    const double passed_s = static_cast<double>(block.samples.size() + block.lost_samples_before) /
                            block.sample_rate_hz;
    passed_over_s_ = std::min(passed_over_s_ + passed_s, most_passed_over_s);
    discontinuity_ = discontinuity_ || block.discontinuity;
}

void carrier_stage::push_block(wire::iq_block block, const delivery::output& out) {
    packet_ns_ =
        std::llround(1e9 * static_cast<double>(block.samples.size()) / block.sample_rate_hz);
    block.lost_samples_before +=
        static_cast<std::uint64_t>(std::llround(passed_over_s_ * block.sample_rate_hz));
    const bool gap = after_loss_ > 0 && block.lost_samples_before > 0;
    block.discontinuity = block.discontinuity || discontinuity_ || gap;
    after_loss_ = block.discontinuity || after_loss_ == 0 ? 0 : after_loss_ - 1;
    passed_over_s_ = 0.0;
    discontinuity_ = false;
    hand_on(out, [&](record_sink sink) { demodulation_.push(block, sink); });
}

void carrier_stage::poll(std::int64_t now_ns, const delivery::output& out) {
    if (pending_ && frames_.has_room() && change_receiver(out)) {
        last_datagram_ns_ = now_ns;
        push_block(*std::exchange(pending_, std::nullopt), out);
        take_blocks(now_ns, out);
    }
    const std::int64_t silence_ns = std::max(least_silence_ns, silent_packets * packet_ns_);
    if (waiting_ && now_ns - last_datagram_ns_ >= silence_ns && ready()) {
        finish(now_ns, out);
        next_publish_ns_ = now_ns;
    }
    if (finishing_ && frames_.has_room()) {
        finish(now_ns, out);
    }
    if (!frames_.behind_ring()) {
        frames_.poll(now_ns);
    }
    if (now_ns >= next_publish_ns_) {
        publish(now_ns);
        next_publish_ns_ = now_ns + publish_interval_ns;
    }
}

void carrier_stage::finish(std::int64_t now_ns, const delivery::output& out) {
    stream_.flush();
    take_blocks(now_ns, out);
    finishing_ = pending_.has_value();
    if (!finishing_) {
        end_reception(out);
        choice_.release();
    }
}

void carrier_stage::end_reception(const delivery::output& out) {
    hand_on(out, [&](record_sink sink) { demodulation_.finish(sink); });
    waiting_ = false;
}

void carrier_stage::publish(std::int64_t now_ns) {
    sample_view now;
    now.status = demodulation_.status();
    now.iq = stream_.counters();
    now.iq.add(strangers_);
    now.passed_over = passed_over_;
    now.unfit_rate_hz = unfit_rate_hz_;
    if (heard_) {
        now.signal_age_s = 1e-9 * static_cast<double>(now_ns - last_datagram_ns_);
    }
    const auto points = demodulation_.constellation();
    now.point_count = std::min(points.size(), now.points.size());
    std::copy_n(points.begin(), now.point_count, now.points.begin());
    const dsp::receiver_report& receiver = now.status.receiver;
    if (receiver.locked && frames_.locked()) {
        choice_.yields(now_ns);
    }
    view_.set(now);
}

carrier_view carrier_stage::view() const noexcept {
    return {view_.value(), frames_.view()};
}

const delivery::route_counters& carrier_stage::counters(std::size_t route) const noexcept {
    const auto before = is_iq_.begin() + static_cast<std::ptrdiff_t>(route);
    const auto place = std::count(is_iq_.begin(), before, *before);
    return (*before ? iq_router_ : frames_.router()).counters(static_cast<std::size_t>(place));
}

} // namespace landfall::app
