// SPDX-License-Identifier: MIT
#include "app/modem_stage.h"

namespace landfall::app {

std::size_t modem_stage::step(dataplane::time_ns now) {
    auto take_buffer = [this](std::size_t size) { return take(size); };
    auto commit_buffer = [this](std::uint32_t peer, std::size_t size) { commit(peer, size); };
    const delivery::output out{.take = take_buffer, .commit = commit_buffer};
    const bool draining = drain_.load(std::memory_order_acquire);
    std::size_t done = 0;
    for (const modem_carrier& one : carriers_) {
        dataplane::packet_burst burst;
        const std::size_t count = one.in->dequeue(burst);
        for (std::size_t i = 0; i < count; ++i) {
            one.carrier->push(burst[i].data(), now, out);
        }
        one.carrier->poll(now, out);
        done += count;
    }
    if (draining && done == 0 && !drained()) {
        for (const modem_carrier& one : carriers_) {
            one.carrier->finish(out);
        }
        flush();
        drained_.store(true, std::memory_order_release);
    }
    flush();
    return done;
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
