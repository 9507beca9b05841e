// SPDX-License-Identifier: MIT
// Packets from one lcore to another. When full, packets are dropped here and nowhere else.
#pragma once

#include "dataplane/packet.h"

#include <atomic>

struct rte_ring;

namespace landfall::dataplane {

enum class producers : std::uint8_t { one, several };

/// One thread or several put in, as it was made; one takes out. Owns what is in it. What one thread
/// puts in keeps its order; none of several waits for another.
class packet_ring {
  public:
    /// `name` is unique in the process, of at most 24 characters; the capacity is rounded up to a
    /// power of two.
    [[nodiscard]] static base::result<std::unique_ptr<packet_ring>>
    create(const std::string& name, std::size_t least_capacity, producers from = producers::one);
    ~packet_ring();
    packet_ring(const packet_ring&) = delete;
    packet_ring& operator=(const packet_ring&) = delete;

    /// Takes the burst, which is then empty. What does not fit is freed and counted; how many.
    std::size_t enqueue(packet_burst& burst) noexcept;
    /// Fills the burst's room; how many were added.
    std::size_t dequeue(packet_burst& burst) noexcept;

    [[nodiscard]] std::uint64_t dropped() const noexcept {
        return dropped_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::size_t used() const noexcept; ///< about: both sides may be at work
    [[nodiscard]] std::size_t capacity() const noexcept;

  private:
    explicit packet_ring(rte_ring* ring) noexcept : ring_(ring) {}

    rte_ring* ring_;
    std::atomic<std::uint64_t> dropped_{0}; // of several threads
};

} // namespace landfall::dataplane
