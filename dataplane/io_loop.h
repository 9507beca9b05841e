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
    std::vector<flow_sink> sinks;  ///< as many as the stack has flows, in their order
    packet_ring* others = nullptr; ///< what other queues' lcores leave to this one; may be none
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
    void take(packet_burst& burst, std::size_t at, time_ns now) noexcept;

    std::vector<io_port> ports_;
    std::vector<flow_bursts> flows_; // by port
    lcore_step poll_;
};

struct queue_config {
    port* device = nullptr;
    std::uint16_t number = 1; ///< of the queue; 0 is `io_loop`'s
    const stack* protocols = nullptr;
    std::vector<flow_sink> sinks{}; ///< as `io_port` has them; not all are used
    packet_ring* others = nullptr;  ///< of several producers
};

/// A port's further receive queue, on an io lcore that is not the port's own: datagrams of flows to
/// their sinks, all else to the port's own lcore.
class queue_loop {
  public:
    /// All that is pointed to outlives the loop.
    explicit queue_loop(queue_config config);

    /// One turn.
    std::size_t step(time_ns now) noexcept;
    [[nodiscard]] lcore_step as_step() noexcept {
        return {[](void* self, time_ns now) noexcept {
                    return static_cast<queue_loop*>(self)->step(now);
                },
                this};
    }

    [[nodiscard]] std::uint64_t datagrams_received() const noexcept { return received_.value(); }

  private:
    queue_config config_;
    flow_bursts flows_;
    base::counter received_;
};

} // namespace landfall::dataplane
