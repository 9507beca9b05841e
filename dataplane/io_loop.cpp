// SPDX-License-Identifier: MIT
#include "dataplane/io_loop.h"

#include <cassert>

namespace landfall::dataplane {

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

std::size_t io_loop::step(time_ns now) noexcept {
    std::size_t work = 0;
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        io_port& one = ports_[i];
        flow_bursts& flows = flows_[i];
        packet_burst burst;
        work += one.device->receive(burst);
        one.protocols->receive(burst, flows, now);
        for (const std::uint16_t flow : flows.touched()) {
            one.sinks[flow].take(one.sinks[flow].context, flows[flow], now);
        }
        flows.clear();
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

} // namespace landfall::dataplane
