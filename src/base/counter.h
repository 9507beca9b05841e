// SPDX-License-Identifier: MIT
// Numbers that one thread writes and any thread reads, without a lock or a locked instruction.
#pragma once

#include <atomic>
#include <cstdint>

namespace landfall::base {

/// Only grows. `add` is for its one owner, `value` for anyone.
class counter {
  public:
    void add(std::uint64_t count = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept {
        return value_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::uint64_t> value_{0};
};

/// The newest of something. `set` is for its one owner, `value` for anyone.
template <class T>
class gauge {
  public:
    void set(T value) noexcept { value_.store(value, std::memory_order_relaxed); }
    [[nodiscard]] T value() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<T> value_{};
};

} // namespace landfall::base
