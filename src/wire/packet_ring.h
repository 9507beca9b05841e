// SPDX-License-Identifier: MIT
// A first-in first-out store of packets that is bounded in number and in octets.
#pragma once

#include "base/bytes.h"
#include "wire/difi.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

namespace landfall::wire {

/// Memory is taken once. When full, the oldest packets give way and are counted.
class packet_ring {
  public:
    packet_ring(std::size_t max_packets, std::size_t max_octets)
        : records_(max_packets), capacity_(max_octets),
          octets_(std::make_unique_for_overwrite<std::uint8_t[]>(max_octets)) {}

    struct entry {
        difi_header header;
        base::octets payload;
    };

    [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// Stores a copy; returns how many packets were dropped for it (the packet itself, too, when
    /// it is larger than the whole store).
    std::size_t push(const difi_header& header, base::octets payload) noexcept {
        if (records_.empty() || payload.empty() || payload.size() > capacity_) {
            return 1;
        }
        std::size_t dropped = 0;
        while (count_ == records_.size() || !place(payload.size())) {
            pop();
            ++dropped;
        }
        std::memcpy(octets_.get() + write_at_, payload.data(), payload.size());
        records_[(first_ + count_) % records_.size()] = {header, write_at_, payload.size()};
        write_at_ += payload.size();
        ++count_;
        return dropped;
    }

    /// The oldest; valid until the next `push`. Not to be called when empty.
    [[nodiscard]] entry front() const noexcept {
        const record& oldest = records_[first_];
        return {oldest.header, base::octets(octets_.get() + oldest.at, oldest.size)};
    }

    void pop() noexcept {
        first_ = (first_ + 1) % records_.size();
        --count_;
    }

    void clear() noexcept { count_ = 0; }

  private:
    struct record {
        difi_header header;
        std::size_t at = 0;
        std::size_t size = 0;
    };

    /// Moves `write_at_` to where `size` octets fit without covering the oldest packet.
    bool place(std::size_t size) noexcept {
        if (count_ == 0) {
            write_at_ = 0;
            return true;
        }
        const std::size_t oldest_at = records_[first_].at;
        if (write_at_ <= oldest_at) { // wrapped; equal means full, for payloads are not empty
            return oldest_at - write_at_ >= size;
        }
        if (capacity_ - write_at_ >= size) {
            return true;
        }
        if (oldest_at >= size) {
            write_at_ = 0;
            return true;
        }
        return false;
    }

    std::vector<record> records_;
    std::size_t capacity_;
    std::unique_ptr<std::uint8_t[]> octets_; // left untouched until used
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t write_at_ = 0;
};

} // namespace landfall::wire
