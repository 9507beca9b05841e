// SPDX-License-Identifier: MIT
#include "app/carrier_input.h"

#include <algorithm>
#include <utility>

namespace landfall::app {

base::result<std::unique_ptr<carrier_input>>
carrier_input::create(const std::string& name, std::size_t least_capacity, std::size_t producers) {
    auto ring = dataplane::packet_ring::create(name, least_capacity,
                                               producers == 1 ? dataplane::producers::one
                                                              : dataplane::producers::several);
    if (!ring) {
        return std::unexpected(ring.error());
    }
    return std::unique_ptr<carrier_input>(new carrier_input(std::move(*ring), producers));
}

carrier_input::carrier_input(std::unique_ptr<dataplane::packet_ring> ring, std::size_t producers)
    : ring_(std::move(ring)), entries_(producers) {
    for (entry& one : entries_) {
        one.input = this;
    }
}

dataplane::flow_sink carrier_input::sink(std::size_t number) noexcept {
    return {[](void* context, dataplane::packet_burst& burst, dataplane::time_ns) noexcept {
                auto& from = *static_cast<entry*>(context);
                from.input->enqueue(burst, from);
            },
            &entries_[number]};
}

std::uint64_t carrier_input::refused() const noexcept {
    std::uint64_t sum = 0;
    for (const entry& one : entries_) {
        sum += one.refused.value();
    }
    return sum;
}

std::uint64_t carrier_input::behind() const noexcept {
    std::uint64_t sum = 0;
    for (const entry& one : entries_) {
        sum += one.behind.value();
    }
    return sum;
}

bool carrier_input::is_behind() const noexcept {
    return std::any_of(entries_.begin(), entries_.end(),
                       [](const entry& one) { return one.dropping.value(); });
}

void carrier_input::enqueue(dataplane::packet_burst& burst, entry& from) noexcept {
    if (closed_.load(std::memory_order_relaxed)) {
        from.refused.add(burst.size());
        return;
    }
    const std::size_t used = ring_->used();
    const std::size_t most = from.dropping.value() ? ring_->capacity() / 2 : ring_->capacity();
    const bool full = used + burst.size() > most;
    from.dropping.set(full);
    if (full) {
        from.behind.add(burst.size());
        from.lost = true;
        return;
    }
    for (std::size_t i = 0; i < burst.size(); ++i) {
        burst[i].set_word(std::exchange(from.lost, false) ? 1 : 0);
    }
    from.lost = ring_->enqueue(burst) != 0; // another lcore may have filled it meanwhile
}

} // namespace landfall::app
