// SPDX-License-Identifier: MIT
// Packets (DPDK's mbufs, of one segment), bursts of them, and the pools that they come from.
#pragma once

#include "base/error.h"
#include "base/ip.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct rte_mbuf;    // DPDK's; only this room looks into them
struct rte_mempool; //

namespace landfall::dataplane {

inline constexpr std::size_t burst_packets = 32;
inline constexpr std::size_t headroom_octets = 128; ///< before the data of a fresh packet

/// A borrowed packet: to copy this copies a pointer. Who owns it, a burst or a ring, frees it.
class packet {
  public:
    explicit packet(rte_mbuf* buffer) noexcept : buffer_(buffer) {}

    [[nodiscard]] std::span<std::uint8_t> data() const noexcept;
    [[nodiscard]] std::size_t headroom() const noexcept;
    [[nodiscard]] std::size_t tailroom() const noexcept;

    /// Makes the packet longer at the front; the new octets, or none when there is no room.
    [[nodiscard]] std::span<std::uint8_t> prepend(std::size_t octets) const noexcept;
    [[nodiscard]] std::span<std::uint8_t> append(std::size_t octets) const noexcept;
    /// False, and nothing done, when there are fewer octets than that.
    bool trim_front(std::size_t octets) const noexcept;
    bool trim_back(std::size_t octets) const noexcept;

    /// A number of the owner's that travels with the packet. What it is in a fresh or received
    /// packet is not said.
    [[nodiscard]] std::uint64_t word() const noexcept;
    void set_word(std::uint64_t value) const noexcept;

    /// Who sent a received datagram. Only until the packet's front is changed.
    [[nodiscard]] base::udp_endpoint source() const noexcept;

    [[nodiscard]] rte_mbuf* get() const noexcept { return buffer_; }
    void free() const noexcept;

  private:
    rte_mbuf* buffer_;
};

/// Up to `burst_packets` packets. Frees what nobody took.
class packet_burst {
  public:
    packet_burst() = default;
    ~packet_burst() { clear(); }
    packet_burst(const packet_burst&) = delete;
    packet_burst& operator=(const packet_burst&) = delete;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t room() const noexcept { return burst_packets - size_; }
    /// Not one that was taken.
    [[nodiscard]] packet operator[](std::size_t index) const noexcept {
        return packet(packets_[index]);
    }

    /// The burst owns it from now on. False when full: it is then still the caller's.
    bool push(packet added) noexcept {
        if (size_ == burst_packets) {
            return false;
        }
        packets_[size_++] = added.get();
        return true;
    }
    /// The caller owns it from now on. The others keep their index, until the burst is handed on.
    [[nodiscard]] packet take(std::size_t index) noexcept {
        rte_mbuf* const taken = packets_[index];
        packets_[index] = nullptr;
        holes_ = true;
        return packet(taken);
    }
    void clear() noexcept;

    /// For those who take all: the packets, without the taken ones. `forget` then makes it empty.
    [[nodiscard]] std::span<rte_mbuf*> packets() noexcept;
    void forget() noexcept {
        size_ = 0;
        holes_ = false;
    }
    /// For those who fill it: where new ones go; `grow` then says how many there are.
    [[nodiscard]] std::span<rte_mbuf*> vacant() noexcept {
        return std::span(packets_).subspan(size_);
    }
    void grow(std::size_t count) noexcept { size_ += count; }

  private:
    std::array<rte_mbuf*, burst_packets> packets_;
    std::size_t size_ = 0;
    bool holes_ = false;
};

struct packet_pool_config {
    std::string name;               ///< unique in the process, at most 24 characters
    std::size_t packets = 8192;     ///< one less than a power of two wastes least
    std::size_t data_octets = 2048; ///< room behind the headroom, at most 65,000
};

/// Packets of one size; memory is taken at start. Any thread may allocate and free; those that are
/// neither lcores nor a `registered_thread` do so more slowly.
class packet_pool {
  public:
    [[nodiscard]] static base::result<std::unique_ptr<packet_pool>>
    create(const packet_pool_config& config);
    ~packet_pool();
    packet_pool(const packet_pool&) = delete;
    packet_pool& operator=(const packet_pool&) = delete;

    /// About how much of `eal_config::memory_octets` such a pool takes.
    [[nodiscard]] static std::size_t memory_octets(const packet_pool_config& config) noexcept;

    /// Adds `count` empty packets to the burst, all or none: false when the pool or the burst has
    /// no room for that.
    [[nodiscard]] bool allocate(packet_burst& into, std::size_t count) noexcept;

    /// Packets that are free. Slow: for the control thread.
    [[nodiscard]] std::size_t available() const noexcept;
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] std::size_t data_octets() const noexcept { return data_octets_; }
    [[nodiscard]] rte_mempool* get() const noexcept { return pool_; }

  private:
    packet_pool(rte_mempool* pool, const packet_pool_config& config) noexcept
        : pool_(pool), capacity_(config.packets), data_octets_(config.data_octets) {}

    rte_mempool* pool_;
    std::size_t capacity_;
    std::size_t data_octets_;
};

} // namespace landfall::dataplane
