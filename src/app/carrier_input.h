// SPDX-License-Identifier: MIT
// A carrier's samples between the lcores. A carrier that does not keep up loses a whole stretch of
// them here, and nothing anywhere else.
#pragma once

#include "base/counter.h"
#include "dataplane/io_loop.h"
#include "dataplane/ring.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace landfall::app {

/// A full ring takes nothing until it is half empty. The packet that comes next, of the same
/// lcore as those that are missing, says so by its word, so that the receiver begins anew and need
/// not work through what is missing.
class carrier_input {
  public:
    [[nodiscard]] static base::result<std::unique_ptr<carrier_input>>
    create(const std::string& name, std::size_t least_capacity, std::size_t producers = 1);

    /// For the io lcore of this number, less than `producers`: each has its own.
    [[nodiscard]] dataplane::flow_sink sink(std::size_t producer) noexcept;
    /// The io lcore's. Takes the burst, or leaves it to be freed, and counts it.
    void enqueue(dataplane::packet_burst& burst, std::size_t producer = 0) noexcept {
        enqueue(burst, entries_[producer]);
    }
    /// Whether packets were lost before this one, which came through the ring.
    [[nodiscard]] static bool after_loss(dataplane::packet packet) noexcept {
        return packet.word() != 0;
    }

    /// The control thread's: nothing more is taken.
    void close() noexcept { closed_.store(true, std::memory_order_relaxed); }
    /// When all lcores have stopped: that many were not looked at.
    void set_left_behind(std::uint64_t packets) noexcept { left_behind_ = packets; }

    [[nodiscard]] dataplane::packet_ring& ring() noexcept { return *ring_; }
    [[nodiscard]] const dataplane::packet_ring& ring() const noexcept { return *ring_; }
    // Packets that were not taken.
    [[nodiscard]] std::uint64_t refused() const noexcept;
    [[nodiscard]] std::uint64_t behind() const noexcept;
    [[nodiscard]] std::uint64_t left_behind() const noexcept { return left_behind_; }
    /// Nothing is taken at the moment, because the carrier does not keep up.
    [[nodiscard]] bool is_behind() const noexcept;

  private:
    /// Of one io lcore, in a cache line of its own.
    struct alignas(64) entry {
        carrier_input* input = nullptr;
        base::counter refused; ///< after `close`
        base::counter behind;
        base::gauge<bool> dropping;
        bool lost = false; ///< since the last packet that was taken
    };

    carrier_input(std::unique_ptr<dataplane::packet_ring> ring, std::size_t producers);
    void enqueue(dataplane::packet_burst& burst, entry& from) noexcept;

    std::unique_ptr<dataplane::packet_ring> ring_;
    std::atomic<bool> closed_{false};
    std::vector<entry> entries_;
    std::uint64_t left_behind_ = 0;
};

} // namespace landfall::app
