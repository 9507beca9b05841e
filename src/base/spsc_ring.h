// SPDX-License-Identifier: MIT
// Messages from one thread to one other, bounded, without a lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

namespace landfall::base {

/// One thread pushes, one pops. Takes its memory at start: `least_capacity` rounded up to a power
/// of two.
template <class T>
class spsc_ring {
  public:
    explicit spsc_ring(std::size_t least_capacity)
        : slots_(std::bit_ceil(least_capacity)), mask_(slots_.size() - 1) {}

    /// False when full: `value` is then as it was.
    bool push(T&& value) noexcept {
        const std::size_t at = head_.load(std::memory_order_relaxed);
        if (at - tail_.load(std::memory_order_acquire) == slots_.size()) {
            return false;
        }
        slots_[at & mask_] = std::move(value);
        head_.store(at + 1, std::memory_order_release);
        return true;
    }
    bool push(const T& value) noexcept { return push(T(value)); }

    /// False when empty.
    bool pop(T& value) noexcept {
        const std::size_t at = tail_.load(std::memory_order_relaxed);
        if (at == head_.load(std::memory_order_acquire)) {
            return false;
        }
        value = std::move(slots_[at & mask_]);
        tail_.store(at + 1, std::memory_order_release);
        return true;
    }

    /// About, for the sides may be at work; anyone's.
    [[nodiscard]] std::size_t size() const noexcept {
        const std::size_t tail = tail_.load(std::memory_order_acquire);
        return std::min(head_.load(std::memory_order_acquire) - tail, slots_.size());
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return slots_.size(); }

  private:
    std::vector<T> slots_;
    std::size_t mask_;
    // On cache lines of their own.
    alignas(64) std::atomic<std::size_t> head_{0}; ///< written by the one that pushes
    alignas(64) std::atomic<std::size_t> tail_{0}; ///< written by the one that pops
};

} // namespace landfall::base
