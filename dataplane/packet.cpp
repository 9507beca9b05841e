// SPDX-License-Identifier: MIT
#include "dataplane/packet.h"

#include "dataplane/frame.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>

#include <algorithm>
#include <cstring>

namespace landfall::dataplane {
namespace {

static_assert(headroom_octets == RTE_PKTMBUF_HEADROOM);
constexpr std::size_t cache_packets = 256; // of each lcore

std::uint8_t* front(const rte_mbuf* buffer) noexcept {
    return static_cast<std::uint8_t*>(buffer->buf_addr) + buffer->data_off;
}

} // namespace

std::span<std::uint8_t> packet::data() const noexcept {
    return {front(buffer_), buffer_->data_len};
}

std::size_t packet::headroom() const noexcept {
    return rte_pktmbuf_headroom(buffer_);
}

std::size_t packet::tailroom() const noexcept {
    return rte_pktmbuf_tailroom(buffer_);
}

std::span<std::uint8_t> packet::prepend(std::size_t octets) const noexcept {
    if (octets > headroom()) {
        return {};
    }
    rte_pktmbuf_prepend(buffer_, static_cast<std::uint16_t>(octets));
    return data().first(octets);
}

std::span<std::uint8_t> packet::append(std::size_t octets) const noexcept {
    if (octets > tailroom()) {
        return {};
    }
    rte_pktmbuf_append(buffer_, static_cast<std::uint16_t>(octets));
    return data().last(octets);
}

bool packet::trim_front(std::size_t octets) const noexcept {
    return octets <= buffer_->data_len &&
           rte_pktmbuf_adj(buffer_, static_cast<std::uint16_t>(octets)) != nullptr;
}

bool packet::trim_back(std::size_t octets) const noexcept {
    return octets <= buffer_->data_len &&
           rte_pktmbuf_trim(buffer_, static_cast<std::uint16_t>(octets)) == 0;
}

// In the place of the receive hash, which nobody here uses: it lies with what is read anyway.
std::uint64_t packet::word() const noexcept {
    return std::uint64_t{buffer_->hash.fdir.hi} << 32U | buffer_->hash.fdir.lo;
}

void packet::set_word(std::uint64_t value) const noexcept {
    buffer_->hash.fdir.lo = static_cast<std::uint32_t>(value);
    buffer_->hash.fdir.hi = static_cast<std::uint32_t>(value >> 32U);
}

// The headers still stand before the payload; `l3_len` says how long the IP header was.
base::udp_endpoint packet::source() const noexcept {
    const std::uint8_t* const udp = front(buffer_) - udp_octets;
    const std::uint8_t* const ip = udp - buffer_->l3_len;
    const bool v6 = *ip >> 4U == 6;
    base::udp_endpoint from;
    from.address.v6 = v6;
    std::memcpy(from.address.octet.data(), ip + (v6 ? 8 : 12), v6 ? 16 : 4);
    from.port = load_u16({udp, 2}, 0);
    return from;
}

void packet::free() const noexcept {
    rte_pktmbuf_free(buffer_);
}

void packet_burst::clear() noexcept {
    if (size_ != 0) {
        rte_pktmbuf_free_bulk(packets_.data(), static_cast<unsigned>(size_));
        forget();
    }
}

std::span<rte_mbuf*> packet_burst::packets() noexcept {
    if (holes_) {
        const auto end = std::remove(packets_.begin(), packets_.begin() + size_, nullptr);
        size_ = static_cast<std::size_t>(end - packets_.begin());
        holes_ = false;
    }
    return std::span(packets_).first(size_);
}

namespace {

/// As rte_pktmbuf_pool_create, but packets lie closely one behind the other, whatever the page
/// size: the AF_XDP driver counts on it, and with ordinary pages DPDK would else begin a page for
/// each packet that does not fit into the rest of one. Addresses that devices see are ours
/// (IOVA as VA) wherever that is done.
rte_mempool* make_pool(const packet_pool_config& config, std::size_t room, std::size_t cache) {
    const auto packets = static_cast<unsigned>(config.packets);
    const unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0U;
    rte_mempool* const pool = rte_mempool_create_empty(
        config.name.c_str(), packets, static_cast<unsigned>(sizeof(rte_mbuf) + room),
        static_cast<unsigned>(cache), sizeof(rte_pktmbuf_pool_private), SOCKET_ID_ANY, flags);
    if (pool == nullptr) {
        return nullptr;
    }
    static_cast<void>(rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), nullptr));
    rte_pktmbuf_pool_private settings{};
    settings.mbuf_data_room_size = static_cast<std::uint16_t>(room);
    rte_pktmbuf_pool_init(pool, &settings);
    if (const int made = rte_mempool_populate_default(pool); made != static_cast<int>(packets)) {
        rte_mempool_free(pool);
        rte_errno = made < 0 ? -made : ENOMEM;
        return nullptr;
    }
    rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
    return pool;
}

} // namespace

base::result<std::unique_ptr<packet_pool>> packet_pool::create(const packet_pool_config& config) {
    const std::size_t room = config.data_octets + headroom_octets;
    if (room > UINT16_MAX || config.packets < 64) {
        return std::unexpected(base::failure{"packet pool " + config.name + ": impossible size"});
    }
    const std::size_t cache =
        std::min<std::size_t>({cache_packets, config.packets / 8, RTE_MEMPOOL_CACHE_MAX_SIZE});
    rte_mempool* const pool = make_pool(config, room, cache);
    if (pool == nullptr) {
        return std::unexpected(base::failure{
            "packet pool " + config.name + ", " + std::to_string(config.packets) + " packets of " +
            std::to_string(room) + " octets: " + rte_strerror(rte_errno)});
    }
    return std::unique_ptr<packet_pool>(new packet_pool(pool, config));
}

packet_pool::~packet_pool() {
    rte_mempool_free(pool_);
}

std::size_t packet_pool::memory_octets(const packet_pool_config& config) noexcept {
    // Beside the data: the mbuf, the pool's own header and trailer, what spreading over memory
    // channels takes, and what is lost where the heap's pieces end.
    constexpr std::size_t overhead_octets = sizeof(rte_mbuf) + 8 * RTE_CACHE_LINE_SIZE;
    constexpr std::size_t lost_octets = std::size_t{4} << 20U;
    const std::size_t packet_octets = config.data_octets + headroom_octets + overhead_octets;
    return config.packets * packet_octets + lost_octets;
}

bool packet_pool::allocate(packet_burst& into, std::size_t count) noexcept {
    if (count > into.room() ||
        rte_pktmbuf_alloc_bulk(pool_, into.vacant().data(), static_cast<unsigned>(count)) != 0) {
        return false;
    }
    into.grow(count);
    return true;
}

std::size_t packet_pool::available() const noexcept {
    return rte_mempool_avail_count(pool_);
}

} // namespace landfall::dataplane
