// SPDX-License-Identifier: MIT
#include "app/modem_stage.h"

#include <algorithm>

namespace landfall::app {

modem_stage::modem_stage(std::vector<modem_carrier> carriers, std::vector<frame_stage*> seconds,
                         dataplane::packet_pool* pool, dataplane::packet_ring* out)
    : seconds_(std::move(seconds)), pool_(pool), out_(out) {
    for (const modem_carrier& one : carriers) {
        lanes_.emplace_back(one);
    }
}

std::size_t modem_stage::step(dataplane::time_ns now) {
    auto take_buffer = [this](std::size_t size) { return take(size); };
    auto commit_buffer = [this](std::uint32_t peer, std::size_t size) { commit(peer, size); };
    const delivery::output out{.take = take_buffer, .commit = commit_buffer};
    const bool draining = drain_.load(std::memory_order_acquire);
    std::size_t done = 0;
    for (frame_stage* const one : seconds_) {
        done += one->step(out);
        one->poll(now);
    }
    for (lane& one : lanes_) {
        done += step(one, now, out);
    }
    if (draining && done == 0 && !drained()) {
        drained_.store(finish(now, out), std::memory_order_release);
    }
    flush();
    return done;
}

/// When there was nothing to do: whether all is over.
bool modem_stage::finish(dataplane::time_ns now, const delivery::output& out) {
    bool over = true;
    for (lane& one : lanes_) {
        carrier_stage& carrier = *one.of.carrier;
        if (!one.finished && one.left() == 0 && one.of.in->used() == 0 && carrier.ready()) {
            carrier.finish(now, out);
            one.finished = true;
        }
        if (one.finished && carrier.ready()) {
            carrier.frames().close();
        } else {
            over = false;
        }
    }
    flush();
    return over && std::all_of(seconds_.begin(), seconds_.end(),
                               [](const frame_stage* one) { return one->done(); });
}

std::size_t modem_stage::step(lane& one, dataplane::time_ns now, const delivery::output& out) {
    carrier_stage& carrier = *one.of.carrier;
    if (one.left() == 0) {
        one.burst.clear();
        one.next = 0;
        if (carrier.ready()) {
            one.of.in->dequeue(one.burst);
        }
    }
    std::size_t done = 0;
    for (; one.left() > 0 && carrier.ready(); ++one.next, ++done) {
        const dataplane::packet packet = one.burst[one.next];
        if (one.left() > 1) { // samples come from the port, or from another core
            base::prefetch(one.burst[one.next + 1].data());
        }
        carrier.push(packet.data(), now, out, carrier_input::after_loss(packet));
    }
    carrier.poll(now, out);
    return done;
}

std::size_t modem_stage::left_of(const carrier_stage& carrier) const noexcept {
    for (const lane& one : lanes_) {
        if (one.of.carrier == &carrier) {
            return one.left();
        }
    }
    return 0;
}

dataplane::lcore_step modem_stage::as_step() noexcept {
    return {[](void* self, dataplane::time_ns now) noexcept {
                return static_cast<modem_stage*>(self)->step(now);
            },
            this};
}

std::span<std::uint8_t> modem_stage::take(std::size_t size) noexcept {
    taken_.clear();
    if (pool_ == nullptr || size > pool_->data_octets() || !pool_->allocate(taken_, 1)) {
        return {};
    }
    return taken_[0].append(size);
}

void modem_stage::commit(std::uint32_t peer, std::size_t size) noexcept {
    const dataplane::packet packet = taken_.take(0);
    taken_.clear();
    packet.trim_back(packet.data().size() - size);
    packet.set_word(peer);
    if (filled_.room() == 0) {
        flush();
    }
    static_cast<void>(filled_.push(packet)); // there is room
}

void modem_stage::flush() noexcept {
    if (!filled_.empty()) {
        out_->enqueue(filled_);
    }
}

} // namespace landfall::app
