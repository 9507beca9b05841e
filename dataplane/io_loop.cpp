// SPDX-License-Identifier: MIT
#include "dataplane/io_loop.h"

#include <cassert>

namespace landfall::dataplane {
namespace {

void hand_on(flow_bursts& flows, std::span<const flow_sink> sinks, time_ns now) noexcept {
    for (const std::uint16_t flow : flows.touched()) {
        sinks[flow].take(sinks[flow].context, flows[flow], now);
    }
    flows.clear();
}

} // namespace

flow_sink into_ring(packet_ring& ring) noexcept {
    return {[](void* context, packet_burst& packets, time_ns) noexcept {
                static_cast<packet_ring*>(context)->enqueue(packets);
            },
            &ring};
}

io_loop::io_loop(std::vector<io_port> ports, const lcore_step& poll)
    : ports_(std::move(ports)), poll_(poll) {
    flows_.reserve(ports_.size());
    for (const io_port& one : ports_) {
        assert(one.sinks.size() == one.protocols->flows());
        flows_.emplace_back(one.sinks.size());
    }
}

void io_loop::take(packet_burst& burst, std::size_t at, time_ns now) noexcept {
    ports_[at].protocols->receive(burst, flows_[at], now);
    hand_on(flows_[at], ports_[at].sinks, now);
}

std::size_t io_loop::step(time_ns now) noexcept {
    std::size_t work = 0;
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        packet_burst burst;
        work += ports_[i].device->receive(burst);
        take(burst, i, now);
        if (ports_[i].others != nullptr) {
            work += ports_[i].others->dequeue(burst);
            take(burst, i, now);
        }
    }
    if (poll_.run != nullptr) {
        work += poll_.run(poll_.context, now);
    }
    for (const io_port& one : ports_) {
        one.protocols->tick(now);
        one.protocols->flush();
    }
    return work;
}

queue_loop::queue_loop(queue_config config)
    : config_(std::move(config)), flows_(config_.sinks.size()) {
    assert(config_.sinks.size() == config_.protocols->flows());
}

std::size_t queue_loop::step(time_ns now) noexcept {
    packet_burst burst;
    const std::size_t count = config_.device->receive(burst, config_.number);
    if (count == 0) {
        return 0;
    }
    received_.add(config_.protocols->take_flows(burst, flows_));
    hand_on(flows_, config_.sinks, now);
    config_.others->enqueue(burst);
    return count;
}

} // namespace landfall::dataplane
