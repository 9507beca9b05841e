// SPDX-License-Identifier: MIT
// A queue that takes its memory when it is made, for what lives on an lcore.
#pragma once

#include <cassert>
#include <cstddef>
#include <utility>
#include <vector>

namespace landfall::base {

/// First in, first out, with a look at any place: 0 is the oldest.
template <class T>
class fixed_queue {
  public:
    explicit fixed_queue(std::size_t capacity) : slots_(capacity) {}

    /// Not when full.
    void push_back(T&& value) noexcept {
        assert(!full());
        slots_[place(size_)] = std::move(value);
        ++size_;
    }
    /// Not when empty. What was at the front may have been moved from.
    void pop_front(std::size_t count = 1) noexcept {
        assert(count <= size_);
        first_ = place(count);
        size_ -= count;
    }
    void clear() noexcept { first_ = size_ = 0; }

    [[nodiscard]] T& operator[](std::size_t index) noexcept { return slots_[place(index)]; }
    [[nodiscard]] const T& operator[](std::size_t index) const noexcept {
        return slots_[place(index)];
    }
    [[nodiscard]] T& front() noexcept { return (*this)[0]; }
    [[nodiscard]] const T& front() const noexcept { return (*this)[0]; }
    [[nodiscard]] const T& back() const noexcept { return (*this)[size_ - 1]; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] bool full() const noexcept { return size_ == slots_.size(); }

  private:
    [[nodiscard]] std::size_t place(std::size_t index) const noexcept {
        const std::size_t at = first_ + index;
        return at < slots_.size() ? at : at - slots_.size();
    }

    std::vector<T> slots_;
    std::size_t first_ = 0;
    std::size_t size_ = 0;
};

} // namespace landfall::base
