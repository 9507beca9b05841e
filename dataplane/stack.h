// SPDX-License-Identifier: MIT
// A port's IP: received bursts sorted into flows, datagrams sent to where their address is.
#pragma once

#include "dataplane/host.h"
#include "dataplane/packet.h"
#include "dataplane/port.h"

namespace landfall::dataplane {

inline constexpr std::size_t max_waiting = 8; ///< packets for each next hop that is being resolved

/// A burst for each flow, and which of them have packets.
class flow_bursts {
  public:
    explicit flow_bursts(std::size_t flows) : bursts_(flows) { touched_.reserve(flows); }

    void push(std::uint16_t flow, packet one) noexcept {
        if (bursts_[flow].empty()) {
            touched_.push_back(flow); // within what is reserved
        }
        static_cast<void>(bursts_[flow].push(one)); // never more than one received burst
    }
    [[nodiscard]] std::span<const std::uint16_t> touched() const noexcept { return touched_; }
    [[nodiscard]] packet_burst& operator[](std::uint16_t flow) noexcept { return bursts_[flow]; }
    /// Frees what nobody took.
    void clear() noexcept {
        for (const std::uint16_t flow : touched_) {
            bursts_[flow].clear();
        }
        touched_.clear();
    }

  private:
    std::vector<packet_burst> bursts_;
    std::vector<std::uint16_t> touched_;
};

struct stack_config {
    std::optional<std::uint16_t> vlan{};     ///< 1 to 4094
    std::vector<base::ip_prefix> address{};  ///< own, with the length of the link's prefix
    std::vector<base::ip_address> gateway{}; ///< the first of each family that is on a link
    std::vector<flow> flows{};               ///< see flow_table.h
};

/// All of it but the constructor, `take_flows` and the counters is the lcore's that polls the
/// port's first queue.
class stack {
  public:
    /// Made on the control thread. Queries come from `pool`, which outlives the stack.
    stack(const stack_config& config, port& device, packet_pool& pool);
    ~stack();
    stack(const stack&) = delete;
    stack& operator=(const stack&) = delete;

    /// Takes a received burst, which is then empty. Datagrams of flows, without their headers, are
    /// added to `flows`; `packet::source` tells whence they came. Answers are sent by `flush`.
    void receive(packet_burst& burst, flow_bursts& flows, time_ns now) noexcept;

    /// For lcores that poll other queues: datagrams of flows, but not those of the first queue
    /// only, go from the burst to `flows`. What is left in it is for `receive`, untouched. How many
    /// went.
    std::size_t take_flows(packet_burst& burst, flow_bursts& flows) const noexcept;

    /// Takes payloads, puts UDP, IP and Ethernet before them, and sends them by `flush`, at once
    /// when there are enough of them. The burst is then empty. What cannot be sent is counted.
    void send(packet_burst& payloads, std::uint16_t source_port, const base::udp_endpoint& to,
              time_ns now) noexcept;

    /// Announcements, queries, refreshes. Cheap when nothing is due.
    void tick(time_ns now) noexcept;
    void flush() noexcept { device_.transmit(out_); }

    /// Most octets of a payload to this address that go unfragmented.
    [[nodiscard]] std::size_t max_payload(const base::ip_address& to) const noexcept;

    [[nodiscard]] std::size_t flows() const noexcept { return host_.config().flows.size(); }
    [[nodiscard]] const host& protocols() const noexcept { return host_; }
    [[nodiscard]] std::uint64_t dropped(rx_drop reason) const noexcept {
        return host_.dropped(reason);
    }
    [[nodiscard]] std::uint64_t dropped(tx_drop reason) const noexcept;
    [[nodiscard]] std::uint64_t datagrams_received() const noexcept { return received_.value(); }
    [[nodiscard]] std::uint64_t datagrams_sent() const noexcept { return sent_.value(); }
    // Of the last second.
    [[nodiscard]] std::size_t neighbours_reachable() const noexcept { return reachable_.value(); }
    /// Next hops that have not answered.
    [[nodiscard]] std::size_t neighbours_unresolved() const noexcept { return unresolved_.value(); }

  private:
    struct waiting {
        std::array<rte_mbuf*, max_waiting> packets{};
        std::size_t count = 0;
    };

    void transmit(packet one) noexcept;
    void drop(packet one, tx_drop reason) noexcept;
    bool prepend_headers(packet one, std::uint16_t source_port, const base::udp_endpoint& to,
                         const next_hop& hop) noexcept;
    void wait(std::size_t neighbour, packet one) noexcept;
    void release(std::size_t neighbour) noexcept;
    void give_up(std::size_t neighbour) noexcept;
    void set_destination(packet one, const mac_address& mac) noexcept;
    template <class Writer>
    void originate(Writer&& write) noexcept;
    void announce(time_ns now) noexcept;

    host host_;
    port& device_;
    packet_pool& pool_;
    packet_burst out_;
    std::vector<waiting> waiting_; // by neighbour
    std::uint64_t link_ups_seen_ = 0;
    unsigned announcements_left_ = 0;
    time_ns announce_at_ = 0;
    time_ns survey_at_ = 0;
    std::array<base::counter, tx_drop_count> dropped_;
    base::counter received_;
    base::counter sent_;
    base::gauge<std::size_t> reachable_;
    base::gauge<std::size_t> unresolved_;
};

} // namespace landfall::dataplane
