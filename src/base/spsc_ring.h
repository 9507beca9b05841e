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

    // The one that pushes.
    /// Where the next message goes, to be filled in place and handed over by `push_back`; null when
    /// full.
    [[nodiscard]] T* back() noexcept { return has_room(1) ? &slots_[head() & mask_] : nullptr; }
    void push_back() noexcept { head_.store(head() + 1, std::memory_order_release); }
    /// False when full: `value` is then as it was.
    bool push(T&& value) noexcept {
        T* const slot = back();
        if (slot == nullptr) {
            return false;
        }
        *slot = std::move(value);
        push_back();
        return true;
    }
    bool push(const T& value) noexcept { return push(T(value)); }
    /// Whether so many more fit.
    [[nodiscard]] bool has_room(std::size_t count) const noexcept {
        if (slots_.size() - (head() - known_tail_) < count) {
            known_tail_ = tail_.load(std::memory_order_acquire);
        }
        return slots_.size() - (head() - known_tail_) >= count;
    }

    // The one that pops.
    /// The oldest message, there until `pop_front`; null when empty.
    [[nodiscard]] T* front() noexcept {
        const std::size_t at = tail_.load(std::memory_order_relaxed);
        if (at == known_head_) {
            known_head_ = head_.load(std::memory_order_acquire);
        }
        return at == known_head_ ? nullptr : &slots_[at & mask_];
    }
    void pop_front() noexcept {
        tail_.store(tail_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }
    /// False when empty.
    bool pop(T& value) noexcept {
        T* const slot = front();
        if (slot == nullptr) {
            return false;
        }
        value = std::move(*slot);
        pop_front();
        return true;
    }

    /// About, for the sides may be at work; anyone's.
    [[nodiscard]] std::size_t size() const noexcept {
        const std::size_t tail = tail_.load(std::memory_order_acquire);
        return std::min(head_.load(std::memory_order_acquire) - tail, slots_.size());
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return slots_.size(); }

  private:
    [[nodiscard]] std::size_t head() const noexcept {
        return head_.load(std::memory_order_relaxed);
    }

    std::vector<T> slots_;
    std::size_t mask_;
    // On cache lines of their own, each with what its owner saw of the other last: a line goes from
    // core to core only when that does not do.
    alignas(64) std::atomic<std::size_t> head_{0}; ///< written by the one that pushes
    mutable std::size_t known_tail_ = 0;
    alignas(64) std::atomic<std::size_t> tail_{0}; ///< written by the one that pops
    std::size_t known_head_ = 0;
};

} // namespace landfall::base
