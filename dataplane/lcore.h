// SPDX-License-Identifier: MIT
// A polling thread: runs a step again and again, and rests when there is nothing to do.
#pragma once

#include "base/counter.h"
#include "dataplane/eal.h"
#include "dataplane/frame.h"

#include <atomic>
#include <cstdint>

namespace landfall::dataplane {

enum class idle_mode : std::uint8_t {
    spin,    ///< never rests: least delay, a whole CPU
    backoff, ///< sleeps 50 to 100 µs once 64 steps in a row had nothing to do
};

/// One turn of a loop, called on the lcore: returns how much it did, 0 for nothing.
struct lcore_step {
    std::size_t (*run)(void* context, time_ns now) noexcept = nullptr;
    void* context = nullptr;
};

/// The time that steps get: the processor's counter, the same on all lcores.
[[nodiscard]] time_ns time_now() noexcept;

class lcore_loop {
  public:
    lcore_loop(const lcore& on, const lcore_step& step, idle_mode idle)
        : on_(on), step_(step), idle_(idle) {}
    /// Stops and joins.
    ~lcore_loop();
    lcore_loop(const lcore_loop&) = delete;
    lcore_loop& operator=(const lcore_loop&) = delete;

    // The control thread's.
    [[nodiscard]] base::result<void> launch();
    void request_stop() noexcept { stop_.store(true, std::memory_order_relaxed); }
    void join() noexcept;

    // Anyone's.
    [[nodiscard]] const lcore& on() const noexcept { return on_; }
    /// Steps so far: an lcore is alive when this advances.
    [[nodiscard]] std::uint64_t heartbeat() const noexcept { return steps_.value(); }
    /// Time in steps that did something, and since the launch, in cycles of the processor's
    /// counter.
    [[nodiscard]] std::uint64_t busy_cycles() const noexcept { return busy_cycles_.value(); }
    [[nodiscard]] std::uint64_t total_cycles() const noexcept { return total_cycles_.value(); }
    /// The longest time from one step's begin to the next, sleeps not counted, since this was last
    /// asked: what the kernel or a slow step has cost.
    [[nodiscard]] time_ns take_longest_gap_ns() noexcept;

  private:
    static int main(void* self) noexcept;
    void run() noexcept;

    lcore on_;
    lcore_step step_;
    idle_mode idle_;
    std::atomic<bool> stop_{false};
    bool running_ = false;
    base::counter steps_;
    base::counter busy_cycles_;
    base::counter total_cycles_;
    std::atomic<std::uint64_t> longest_gap_cycles_{0};
};

} // namespace landfall::dataplane
