// SPDX-License-Identifier: MIT
// Messages of any length from one thread to one other, bounded, copied, without a lock.
#pragma once

#include "base/bytes.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

namespace landfall::base {

/// One thread pushes, one pops. Takes its memory at start: `least_octets` rounded up to a power of
/// two. A message lies in one piece; up to half of the ring fits for sure once it is empty.
class octet_ring {
  public:
    explicit octet_ring(std::size_t least_octets)
        : data_(std::bit_ceil(std::max<std::size_t>(least_octets, 64))), mask_(data_.size() - 1) {}

    /// The parts, one after the other, are the message. False where there is no room.
    bool push(std::initializer_list<octets> parts) noexcept {
        std::size_t length = 0;
        for (const octets part : parts) {
            length += part.size();
        }
        const std::size_t need = place_of(length);
        const std::size_t head = head_.load(std::memory_order_relaxed);
        const auto free = data_.size() - (head - tail_.load(std::memory_order_acquire));
        const auto at = head & mask_;
        const std::size_t to_end = data_.size() - at;
        const std::size_t skipped = need > to_end ? to_end : 0;
        if (length >= skip_mark || skipped + need > free) {
            return false;
        }
        if (skipped > 0) {
            write_length(at, skip_mark);
        }
        std::size_t place = skipped > 0 ? 0 : at;
        write_length(place, static_cast<std::uint32_t>(length));
        place += length_octets;
        for (const octets part : parts) {
            if (!part.empty()) {
                std::memcpy(data_.data() + place, part.data(), part.size());
            }
            place += part.size();
        }
        head_.store(head + skipped + need, std::memory_order_release);
        return true;
    }

    /// The oldest message, valid until `pop`; empty where there is none, or it is empty.
    [[nodiscard]] octets front() noexcept {
        std::size_t tail = tail_.load(std::memory_order_relaxed);
        if (tail == head_.load(std::memory_order_acquire)) {
            return {};
        }
        auto at = tail & mask_;
        if (read_length(at) == skip_mark) {
            tail += data_.size() - at;
            tail_.store(tail, std::memory_order_release);
            at = 0;
        }
        return {data_.data() + at + length_octets, read_length(at)};
    }
    /// After `front` has given one.
    void pop() noexcept {
        const std::size_t tail = tail_.load(std::memory_order_relaxed);
        const auto at = tail & mask_;
        tail_.store(tail + place_of(read_length(at)), std::memory_order_release);
    }

    /// Octets in use, about; anyone's.
    [[nodiscard]] std::size_t size() const noexcept {
        const std::size_t tail = tail_.load(std::memory_order_acquire);
        return std::min((head_.load(std::memory_order_acquire) - tail), data_.size());
    }
    [[nodiscard]] std::size_t capacity() const noexcept { return data_.size(); }

  private:
    static constexpr std::size_t length_octets = 8; // places stay aligned
    static constexpr std::uint32_t skip_mark = 0xFFFFFFFF;

    static constexpr std::size_t place_of(std::size_t length) noexcept {
        return length_octets + (length + 7) / 8 * 8;
    }
    void write_length(std::size_t at, std::uint32_t length) noexcept {
        std::memcpy(data_.data() + at, &length, sizeof length);
    }
    [[nodiscard]] std::uint32_t read_length(std::size_t at) const noexcept {
        std::uint32_t length = 0;
        std::memcpy(&length, data_.data() + at, sizeof length);
        return length;
    }

    std::vector<std::uint8_t> data_;
    std::size_t mask_;
    // On cache lines of their own.
    alignas(64) std::atomic<std::size_t> head_{0}; ///< written by the one that pushes
    alignas(64) std::atomic<std::size_t> tail_{0}; ///< written by the one that pops
};

} // namespace landfall::base
