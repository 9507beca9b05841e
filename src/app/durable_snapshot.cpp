// SPDX-License-Identifier: MIT
// The durable lane as metrics and status show it.
#include "app/durable_lane.h"

namespace landfall::app {
namespace {

control::tenant_state state_of(const std::string& tenant, const delivery::store_numbers& numbers) {
    control::tenant_state one;
    one.name = tenant;
    one.segments = numbers.segments.value();
    one.frames = numbers.frames.value();
    one.bytes = numbers.octets.value();
    one.waiting = numbers.waiting.value();
    one.aside = numbers.aside.value();
    one.oldest_s = numbers.oldest_s.value();
    one.seconds_to_full = numbers.seconds_to_full.value();
    one.durable_segments = numbers.durable_segments.value();
    one.durable_frames = numbers.durable_frames.value();
    one.durable_bytes = numbers.durable_octets.value();
    one.torn = numbers.torn.value();
    for (std::size_t i = 0; i < delivery::removal_count; ++i) {
        const char* const why = delivery::name(static_cast<delivery::removal>(i));
        one.removed.push_back({why, numbers.removed_segments[i].value()});
        one.removed_frames.push_back({why, numbers.removed_frames[i].value()});
    }
    for (std::size_t i = 0; i < delivery::file_error_count; ++i) {
        one.failures.push_back(
            {delivery::name(static_cast<delivery::file_error>(i)), numbers.failures[i].value()});
    }
    return one;
}

control::publisher_state state_of(const delivery::publisher::publisher_numbers& numbers) {
    namespace pub = delivery::publisher;
    control::publisher_state one;
    one.enabled = true;
    one.connected = numbers.connected;
    one.ready = numbers.connected && numbers.stream_ready;
    one.server = numbers.server;
    one.waiting = numbers.waiting;
    one.in_flight = numbers.in_flight;
    one.connects = numbers.connects;
    one.bytes = numbers.published_octets;
    for (std::size_t i = 0; i < pub::outcome_count; ++i) {
        one.outcomes.push_back({pub::name(static_cast<pub::outcome>(i)), numbers.outcomes[i]});
    }
    for (std::size_t i = 0; i < pub::trouble_count; ++i) {
        one.troubles.push_back({pub::name(static_cast<pub::trouble>(i)), numbers.troubles[i]});
    }
    return one;
}

} // namespace

void durable_lane::add_to(control::snapshot& now) const {
    for (std::size_t i = 0; i < tenants_.size(); ++i) {
        now.tenants.push_back(
            state_of(config_.settings.tenants[i].name, tenants_[i].store->numbers()));
    }
    if (publishing_) {
        now.publisher = state_of(publishing_->numbers());
        now.publisher.checkpoints = checkpoints_published_;
    }
    const receipts_state ledger = receipts_->state();
    now.ledger = {.enabled = true,
                  .open = ledger.open,
                  .origin = ledger.origin,
                  .entries = ledger.size,
                  .waiting = ledger.waiting,
                  .lost = ledger.lost,
                  .failures = ledger.failures,
                  .checkpoint_unix_s = 1e-9 * static_cast<double>(ledger.signed_unix_ns)};
}

} // namespace landfall::app
