// SPDX-License-Identifier: MIT
#include "wire/iq_stream.h"

#include "wire/samples.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>
#include <tuple>

namespace landfall::wire {

namespace {

constexpr double late_packets = 16.5;   // further back than this, the clock went back
constexpr double stale_context_s = 1.0; // a context older than this is a clock that went back

std::size_t index(difi_error error) noexcept {
    return static_cast<std::size_t>(error);
}

/// The number of packets nearest to `estimate` that the 4-bit sequence number allows.
std::uint64_t nearest_count(double estimate, unsigned modulo_16) noexcept {
    const double turns = std::round((estimate - modulo_16) / 16.0);
    return modulo_16 + 16 * static_cast<std::uint64_t>(std::max(turns, 0.0));
}

} // namespace

iq_stream::iq_stream(const iq_stream_config& config)
    : config_(config), held_back_(config.max_held_packets, config.max_held_octets),
      capacity_(config.block_samples + config.max_payload_octets),
      buffer_(std::make_unique_for_overwrite<base::cf32[]>(capacity_)) {
    for (slot& each : slots_) {
        each.octets = std::make_unique_for_overwrite<std::uint8_t[]>(config.max_payload_octets);
    }
}

void iq_stream::push(const difi_packet& packet) noexcept {
    assert(!incoming_ && "next() was not called until it returned false");
    ++counters_.packets;
    switch (packet.header.kind) {
    case packet_kind::data:
        ++counters_.data_packets;
        if (packet.payload.empty()) {
            ++counters_.invalid[index(difi_error::empty_payload)];
        } else if (packet.payload.size() > config_.max_payload_octets) {
            ++counters_.invalid[index(difi_error::size_mismatch)];
        } else {
            incoming_ = arrival{packet.header, packet.payload};
        }
        break;
    case packet_kind::context:
        ++counters_.context_packets;
        take_context(packet);
        break;
    case packet_kind::version:
        ++counters_.version_packets;
        break;
    case packet_kind::other:
        ++counters_.other_packets;
        break;
    }
}

void iq_stream::push(const difi_packet& packet,
                     base::function_ref<void(const iq_block&)> sink) noexcept {
    push(packet);
    iq_block block;
    while (next(block)) {
        sink(block);
    }
}

void iq_stream::reset() noexcept {
    context_ = {};
    change_count_ = 0;
    context_time_.reset();
    last_context_.reset();
    held_back_.clear();
    incoming_.reset();
    flushing_ = started_ = emitted_ = false;
    for (slot& each : slots_) {
        each.used = false;
    }
    history_count_ = 0;
    filled_ = 0;
}

bool iq_stream::next(iq_block& block) noexcept {
    if (emitted_) {
        filled_ = 0;
        emitted_ = false;
    }
    for (;;) {
        switch (advance()) {
        case step::more:
            break;
        case step::emit:
        case step::emit_first:
            block_.samples = {buffer_.get(), filled_};
            counters_.samples += filled_;
            emitted_ = true;
            block = block_;
            return true;
        case step::idle:
            return false;
        }
    }
}

// Contexts

void iq_stream::apply(const context_fields& fields, stream_context& context) const noexcept {
    context.sample_rate_hz = fields.sample_rate_hz.value_or(context.sample_rate_hz);
    context.bits = fields.format.value_or(payload_format{context.bits}).bits;
    context.rf_reference_hz = fields.rf_reference_hz.value_or(context.rf_reference_hz);
    context.if_reference_hz = fields.if_reference_hz.value_or(context.if_reference_hz);
}

void iq_stream::count_context(const difi_header& header) noexcept {
    if (last_context_) {
        const auto moment = [](const difi_header& of) {
            return std::tuple(of.integer_seconds, of.fractional);
        };
        const unsigned ahead = (header.sequence - last_context_->sequence - 1U) & 15U;
        const bool same = ahead == 15 && moment(header) == moment(*last_context_);
        if (same || moment(header) < moment(*last_context_)) {
            return;
        }
        counters_.lost_context_packets += ahead;
    }
    last_context_ = header;
}

void iq_stream::take_context(const difi_packet& packet) noexcept {
    count_context(packet.header);
    const double rate = packet.context.sample_rate_hz.value_or(context_.sample_rate_hz);
    const auto time = packet.header.time(rate);
    if (!time || context_.sample_rate_hz <= 0 || context_.bits == 0) {
        apply(packet.context, context_);
        context_time_ = time;
        return;
    }
    if (context_time_) {
        const double age_s = context_time_->seconds_since(*time);
        if (age_s > 0 && age_s < stale_context_s && *context_time_ <= expected_time_) {
            return; // overtaken by a newer one that is in effect
        }
    }
    if (change_count_ == changes_.size()) {
        apply(changes_[0].fields, context_);
        std::move(changes_.begin() + 1, changes_.end(), changes_.begin());
        --change_count_;
    }
    changes_[change_count_++] = {packet.header, packet.context};
    const auto moment = [](const timed_context& of) {
        return std::tuple(of.header.integer_seconds, of.header.fractional);
    };
    for (std::size_t i = change_count_ - 1; i > 0 && moment(changes_[i]) < moment(changes_[i - 1]);
         --i) {
        std::swap(changes_[i], changes_[i - 1]);
    }
}

bool iq_stream::in_effect(const timed_context& change, const difi_header& data) const noexcept {
    if (data.fraction == fraction_kind::sample_count &&
        change.header.fraction == fraction_kind::sample_count) {
        return std::tuple(change.header.integer_seconds, change.header.fractional) <=
               std::tuple(data.integer_seconds, data.fractional);
    }
    const double rate = context_.sample_rate_hz;
    const auto change_time = change.header.time(change.fields.sample_rate_hz.value_or(rate));
    const auto data_time = data.time(rate);
    const double half_packet_s = 0.5 * static_cast<double>(packet_samples_) / rate;
    return !change_time || !data_time ||
           change_time->seconds_since(*data_time) <= std::min(clock_tolerance_s, half_packet_s);
}

stream_context iq_stream::context_for(const difi_header& data) const noexcept {
    stream_context context = context_;
    for (std::size_t i = 0; i < change_count_ && in_effect(changes_[i], data); ++i) {
        apply(changes_[i].fields, context);
    }
    return context;
}

void iq_stream::drop_changes_in_effect(const difi_header& data) noexcept {
    std::size_t count = 0;
    while (count < change_count_ && in_effect(changes_[count], data)) {
        const timed_context& change = changes_[count];
        context_time_ =
            change.header.time(change.fields.sample_rate_hz.value_or(context_.sample_rate_hz));
        ++count;
    }
    std::move(changes_.begin() + static_cast<std::ptrdiff_t>(count),
              changes_.begin() + static_cast<std::ptrdiff_t>(change_count_), changes_.begin());
    change_count_ -= count;
}

base::timestamp iq_stream::time_of(const difi_header& data) const noexcept {
    return data.time(context_for(data).sample_rate_hz).value_or(base::timestamp{});
}

// Order

iq_stream::step iq_stream::advance() noexcept {
    if (context_.sample_rate_hz <= 0 || context_.bits == 0) {
        return advance_without_context();
    }
    slot* held = earliest_held();
    if (started_ && held != nullptr) {
        const position at = position_of(held->header);
        if (at.in_place || (at.gap_s > 0 && at.sequence == 0)) {
            return deliver_held(*held);
        }
        if (at.gap_s <= 0) { // overlaps what has been delivered
            ++counters_.late;
            held->used = false;
            return step::more;
        }
    }
    if (held_back_.empty() && !incoming_) {
        return flushing_ ? finish() : step::idle;
    }
    const arrival packet = held_back_.empty()
                               ? *incoming_
                               : arrival{held_back_.front().header, held_back_.front().payload};
    switch (place(packet)) {
    case placement::now: {
        const step result = deliver(packet);
        if (result != step::emit_first) {
            counters_.reordered += held != nullptr ? 1U : 0U;
            pop_arrival();
        }
        return result;
    }
    case placement::release_held:
        return deliver_held(*held);
    case placement::hold:
    case placement::drop:
        pop_arrival();
        break;
    }
    return step::more;
}

iq_stream::step iq_stream::advance_without_context() noexcept {
    if (incoming_) {
        counters_.before_context_dropped += held_back_.push(incoming_->header, incoming_->payload);
        incoming_.reset();
    }
    if (flushing_) {
        counters_.before_context_dropped += held_back_.size();
        held_back_.clear();
        flushing_ = false;
    }
    return step::idle;
}

iq_stream::step iq_stream::finish() noexcept {
    if (slot* held = earliest_held(); held != nullptr) {
        return deliver_held(*held);
    }
    flushing_ = false;
    return filled_ > 0 ? step::emit : step::idle;
}

void iq_stream::pop_arrival() noexcept {
    if (held_back_.empty()) {
        incoming_.reset();
    } else {
        held_back_.pop();
    }
}

iq_stream::position iq_stream::position_of(const difi_header& header) const noexcept {
    position at;
    at.gap_s = time_of(header).seconds_since(expected_time_);
    at.packet_s = static_cast<double>(packet_samples_) / context_.sample_rate_hz;
    at.sequence = (header.sequence - expected_sequence_) & 15U;
    const double half_packet_s = 0.5 * at.packet_s;
    at.in_place = std::abs(at.gap_s) <=
                  (at.sequence == 0 ? std::max(clock_tolerance_s, half_packet_s) : half_packet_s);
    return at;
}

bool iq_stream::acceptable(const arrival& packet) noexcept {
    const stream_context context = context_for(packet.header);
    if (packet.header.fraction == fraction_kind::sample_count &&
        static_cast<double>(packet.header.fractional) > context.sample_rate_hz + 1) {
        ++counters_.invalid[index(difi_error::bad_fraction)];
        return false;
    }
    const auto samples =
        samples_in_payload(packet.payload.size(), packet.header.pad_bits, context.bits);
    if (!samples) {
        ++counters_.invalid[index(samples.error())];
        return false;
    }
    return true;
}

iq_stream::placement iq_stream::place(const arrival& packet) noexcept {
    if (!acceptable(packet)) {
        return placement::drop;
    }
    if (!started_) {
        return place_at_start(packet);
    }
    const position at = position_of(packet.header);
    if (at.in_place) {
        return placement::now;
    }
    return at.gap_s > 0 ? place_ahead(packet, at) : place_behind(packet, at);
}

/// The first packets to arrive need not be the first ones: they wait until the window is full.
iq_stream::placement iq_stream::place_at_start(const arrival& packet) noexcept {
    if (hold(packet)) {
        return placement::hold;
    }
    return earlier(packet.header, earliest_held()->header) ? placement::now
                                                           : placement::release_held;
}

iq_stream::placement iq_stream::place_ahead(const arrival& packet, const position& at) noexcept {
    const double missing = std::round(at.gap_s / at.packet_s);
    const bool near = at.sequence >= 1 && at.sequence <= reorder_packets &&
                      std::abs(missing - at.sequence) <= 1.0;
    if (near && hold(packet)) {
        return placement::hold;
    }
    return earliest_held() != nullptr ? placement::release_held : placement::now;
}

iq_stream::placement iq_stream::place_behind(const arrival& packet, const position& at) noexcept {
    if (seen_before(packet.header)) {
        ++counters_.duplicates;
        return placement::drop;
    }
    if (at.sequence != 0 && -at.gap_s <= late_packets * at.packet_s) {
        ++counters_.late;
        return placement::drop;
    }
    return earliest_held() != nullptr ? placement::release_held : placement::now;
}

bool iq_stream::seen_before(const difi_header& header) const noexcept {
    const seen wanted{header.sequence, header.integer_seconds, header.fractional};
    const std::size_t count = std::min(history_count_, history_.size());
    return std::find(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(count),
                     wanted) != history_.begin() + static_cast<std::ptrdiff_t>(count);
}

/// Copies the packet into a free slot, unless it is there already; false when there is none.
bool iq_stream::hold(const arrival& packet) noexcept {
    slot* free_slot = nullptr;
    bool overtaken = false;
    for (slot& each : slots_) {
        if (!each.used) {
            free_slot = &each;
            continue;
        }
        overtaken = overtaken || earlier(packet.header, each.header);
        if (each.header.sequence == packet.header.sequence &&
            each.header.integer_seconds == packet.header.integer_seconds &&
            each.header.fractional == packet.header.fractional) {
            ++counters_.duplicates;
            return true;
        }
    }
    if (free_slot == nullptr) {
        return false;
    }
    counters_.reordered += overtaken ? 1U : 0U;
    free_slot->used = true;
    free_slot->header = packet.header;
    free_slot->size = packet.payload.size();
    std::memcpy(free_slot->octets.get(), packet.payload.data(), packet.payload.size());
    return true;
}

/// By time; by sequence where a coarse clock gives both the same.
bool iq_stream::earlier(const difi_header& one, const difi_header& other) const noexcept {
    const double ahead_s = time_of(other).seconds_since(time_of(one));
    if (std::abs(ahead_s) > clock_tolerance_s) {
        return ahead_s > 0;
    }
    const unsigned ahead = (other.sequence - one.sequence) & 15U;
    return ahead >= 1 && ahead <= reorder_packets;
}

iq_stream::slot* iq_stream::earliest_held() noexcept {
    slot* earliest = nullptr;
    for (slot& each : slots_) {
        if (each.used && (earliest == nullptr || earlier(each.header, earliest->header))) {
            earliest = &each;
        }
    }
    return earliest;
}

// Delivery

iq_stream::step iq_stream::deliver_held(slot& held) noexcept {
    const arrival packet{held.header, {held.octets.get(), held.size}};
    if (!acceptable(packet)) { // a context has changed the depth since
        held.used = false;
        return step::more;
    }
    const step result = deliver(packet);
    held.used = result == step::emit_first;
    return result;
}

void iq_stream::account_gap(const position& at, std::uint64_t lost_samples, bool jump) noexcept {
    if (lost_samples > 0) {
        counters_.lost_samples += lost_samples;
        counters_.lost_packets += nearest_count(at.gap_s / at.packet_s, at.sequence);
    } else if (jump) {
        ++counters_.discontinuities;
    } else if (at.sequence != 0) {
        ++counters_.sequence_jumps;
    }
}

iq_stream::step iq_stream::deliver(const arrival& packet) noexcept {
    const stream_context context = context_for(packet.header);
    const base::timestamp time = time_of(packet.header);
    const std::size_t count =
        samples_in_payload(packet.payload.size(), packet.header.pad_bits, context.bits).value_or(0);
    if (!started_) {
        expected_time_ = time;
        expected_sequence_ = packet.header.sequence;
        packet_samples_ = count;
    }
    const position at = position_of(packet.header);
    const bool jump = !at.in_place && (at.gap_s < 0 || at.gap_s > config_.max_gap_s);
    const double lost = at.in_place || jump ? 0.0 : at.gap_s * context_.sample_rate_hz;
    const auto lost_samples = static_cast<std::uint64_t>(std::llround(lost));
    const bool changed = started_ && context != context_;
    if (filled_ > 0 && (jump || lost_samples > 0 || changed || filled_ + count > capacity_)) {
        return step::emit_first;
    }
    if (filled_ == 0) {
        block_ = {.samples = {},
                  .stream_id = config_.stream_id,
                  .time = time,
                  .has_time = true,
                  .sample_rate_hz = context.sample_rate_hz,
                  .center_frequency_hz = context.rf_reference_hz,
                  .lost_samples_before = lost_samples,
                  .discontinuity = jump,
                  .context_changed = changed};
    }
    account_gap(at, lost_samples, jump);
    drop_changes_in_effect(packet.header);
    context_ = context;
    counters_.clipped_samples +=
        unpack_iq(packet.payload, context.bits, {buffer_.get() + filled_, count});
    filled_ += count;
    started_ = true;
    expected_time_ = time.plus_seconds(static_cast<double>(count) / context.sample_rate_hz);
    expected_sequence_ = (packet.header.sequence + 1U) & 15U;
    packet_samples_ = count;
    history_[history_count_++ % history_.size()] = {
        packet.header.sequence, packet.header.integer_seconds, packet.header.fractional};
    return filled_ >= std::max<std::size_t>(config_.block_samples, 1) ? step::emit : step::more;
}

} // namespace landfall::wire
