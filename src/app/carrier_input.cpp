// SPDX-License-Identifier: MIT
#include "app/carrier_input.h"

#include <utility>

namespace landfall::app {

base::result<std::unique_ptr<carrier_input>> carrier_input::create(const std::string& name,
                                                                   std::size_t least_capacity) {
    auto ring = dataplane::packet_ring::create(name, least_capacity);
    if (!ring) {
        return std::unexpected(ring.error());
    }
    return std::unique_ptr<carrier_input>(new carrier_input(std::move(*ring)));
}

void carrier_input::enqueue(dataplane::packet_burst& burst) noexcept {
    if (closed_.load(std::memory_order_relaxed)) {
        refused_.add(burst.size());
        return;
    }
    const std::size_t used = ring_->used();
    const std::size_t most = dropping_.value() ? ring_->capacity() / 2 : ring_->capacity();
    const bool full = used + burst.size() > most;
    dropping_.set(full);
    if (full) {
        behind_.add(burst.size());
        lost_ = true;
        return;
    }
    for (std::size_t i = 0; i < burst.size(); ++i) {
        burst[i].set_word(std::exchange(lost_, false) ? 1 : 0);
    }
    ring_->enqueue(burst);
}

} // namespace landfall::app
