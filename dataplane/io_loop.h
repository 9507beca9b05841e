// SPDX-License-Identifier: MIT
// What an io lcore does, turn by turn.
#pragma once

#include "dataplane/lcore.h"
#include "dataplane/ring.h"
#include "dataplane/stack.h"

namespace landfall::dataplane {

/// Where a flow's packets go. What `take` leaves in the burst is freed.
struct flow_sink {
    void (*take)(void* context, packet_burst& packets, time_ns now) noexcept = nullptr;
    void* context = nullptr;
};
/// Into a ring: how a carrier gets its samples.
[[nodiscard]] flow_sink into_ring(packet_ring& ring) noexcept;

struct io_port {
    port* device = nullptr;
    stack* protocols = nullptr;
    std::vector<flow_sink> sinks; ///< as many as the stack has flows, in their order
};

class io_loop {
  public:
    /// `poll` is what else is done on this lcore in each turn, such as to encrypt and send; it may
    /// be empty. All that is pointed to outlives the loop.
    explicit io_loop(std::vector<io_port> ports, const lcore_step& poll = {});

    /// One turn.
    std::size_t step(time_ns now) noexcept;
    [[nodiscard]] lcore_step as_step() noexcept {
        return {
            [](void* self, time_ns now) noexcept { return static_cast<io_loop*>(self)->step(now); },
            this};
    }

  private:
    std::vector<io_port> ports_;
    std::vector<flow_bursts> flows_; // by port
    lcore_step poll_;
};

} // namespace landfall::dataplane
