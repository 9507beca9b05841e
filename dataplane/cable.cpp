// SPDX-License-Identifier: MIT
#include "dataplane/cable.h"

#include <rte_bus_vdev.h>
#include <rte_errno.h>
#include <rte_eth_ring.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <bit>

namespace landfall::dataplane {

base::result<std::unique_ptr<cable>> cable::create(const std::string& name, std::size_t capacity) {
    std::unique_ptr<cable> made(new cable);
    const auto wrong = [&] {
        return std::unexpected(base::failure{"cable " + name + ": " + rte_strerror(rte_errno)});
    };
    for (std::size_t i = 0; i < 2; ++i) {
        made->rings_[i] =
            rte_ring_create((name + (i == 0 ? "_ab" : "_ba")).c_str(),
                            static_cast<unsigned>(std::bit_ceil(capacity)), SOCKET_ID_ANY,
                            RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
        if (made->rings_[i] == nullptr) {
            return wrong();
        }
    }
    for (std::size_t i = 0; i < 2; ++i) {
        const std::string end = name + (i == 0 ? "_a" : "_b");
        const int port =
            rte_eth_from_rings(end.c_str(), &made->rings_[1 - i], 1, &made->rings_[i], 1, 0);
        if (port < 0) {
            return wrong();
        }
        made->devices_[i] = "net_ring_" + end;
        made->ports_[i] = static_cast<std::uint16_t>(port);
        made->made_[i] = true;
    }
    return made;
}

cable::~cable() {
    for (std::size_t i = 0; i < 2; ++i) {
        if (made_[i]) {
            static_cast<void>(rte_eth_dev_stop(ports_[i]));
            static_cast<void>(rte_vdev_uninit(devices_[i].c_str()));
        }
    }
    clear();
    for (rte_ring* const ring : rings_) {
        rte_ring_free(ring);
    }
}

std::size_t cable::on_the_way(std::size_t to) const noexcept {
    return rte_ring_count(rings_[1 - to]); // as `create` joins them
}

void cable::clear() noexcept {
    for (rte_ring* const ring : rings_) {
        void* left = nullptr;
        while (ring != nullptr && rte_ring_dequeue(ring, &left) == 0) {
            rte_pktmbuf_free(static_cast<rte_mbuf*>(left));
        }
    }
}

void cable::set_link(std::size_t end, bool up) noexcept {
    static_cast<void>(up ? rte_eth_dev_set_link_up(ports_[end])
                         : rte_eth_dev_set_link_down(ports_[end]));
}

} // namespace landfall::dataplane
