// SPDX-License-Identifier: MIT
#include "dataplane/ring.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <bit>

namespace landfall::dataplane {

base::result<std::unique_ptr<packet_ring>>
packet_ring::create(const std::string& name, std::size_t least_capacity, producers from) {
    // Relaxed tails: a thread that the kernel stops amid an enqueue does not stop the others.
    const unsigned enqueue = from == producers::one ? RING_F_SP_ENQ : RING_F_MP_RTS_ENQ;
    rte_ring* const ring =
        rte_ring_create(name.c_str(), static_cast<unsigned>(std::bit_ceil(least_capacity)),
                        SOCKET_ID_ANY, enqueue | RING_F_SC_DEQ | RING_F_EXACT_SZ);
    if (ring == nullptr) {
        return std::unexpected(base::failure{"ring " + name + ": " + rte_strerror(rte_errno)});
    }
    return std::unique_ptr<packet_ring>(new packet_ring(ring));
}

packet_ring::~packet_ring() {
    packet_burst left;
    while (dequeue(left) != 0) {
        left.clear();
    }
    rte_ring_free(ring_);
}

std::size_t packet_ring::enqueue(packet_burst& burst) noexcept {
    const auto packets = burst.packets();
    const unsigned count = static_cast<unsigned>(packets.size());
    const unsigned taken =
        rte_ring_enqueue_burst(ring_, reinterpret_cast<void**>(packets.data()), count, nullptr);
    if (taken < count) {
        rte_pktmbuf_free_bulk(packets.data() + taken, count - taken);
        dropped_.fetch_add(count - taken, std::memory_order_relaxed);
    }
    burst.forget();
    return count - taken;
}

std::size_t packet_ring::dequeue(packet_burst& burst) noexcept {
    const auto room = burst.vacant();
    const unsigned got = rte_ring_sc_dequeue_burst(ring_, reinterpret_cast<void**>(room.data()),
                                                   static_cast<unsigned>(room.size()), nullptr);
    burst.grow(got);
    return got;
}

std::size_t packet_ring::used() const noexcept {
    return rte_ring_count(ring_);
}

std::size_t packet_ring::capacity() const noexcept {
    return rte_ring_get_capacity(ring_);
}

} // namespace landfall::dataplane
