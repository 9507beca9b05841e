// SPDX-License-Identifier: MIT
// The second half of a carrier: soft bits in, routed IP packets out. On the lcore of the first
// half, or on one of its own, behind a ring.
#pragma once

#include "app/decoding.h"
#include "app/durable_intake.h"
#include "base/counter.h"
#include "base/published.h"
#include "base/spsc_ring.h"
#include "delivery/router.h"

#include <array>
#include <cstdint>
#include <optional>

namespace landfall::app {

/// What others see of it, a few times a second.
struct frame_view {
    decoding_status status;
    std::size_t channel_count = 0;
    std::array<framing::channel_counters, framing::most_channels> channels{};
};

/// All of one thread but `give`, `has_room`, and what is read of it.
class frame_stage {
  public:
    /// `durable` outlives it; null: no durable route has any of it.
    frame_stage(const config::mission& mission, delivery::router_config routes,
                durable_intake* durable = nullptr);

    /// At start: records come through a ring, and `step` takes them.
    void put_behind_ring();
    [[nodiscard]] bool behind_ring() const noexcept { return ring_.has_value(); }

    // The first half's thread.
    /// Decodes the record, or puts it into the ring. What finds no room is counted, and what
    /// follows is then a new reception.
    void give(const chain_record& record, const delivery::output& out);
    /// Whether all fits that can come of one packet.
    [[nodiscard]] bool has_room() const noexcept;
    /// Nothing more will be given.
    void close() noexcept { closed_.store(true, std::memory_order_release); }

    // The second half's thread.
    /// Takes what is in the ring; how many records.
    std::size_t step(const delivery::output& out);
    /// Nothing is left, and nothing will come.
    [[nodiscard]] bool done() const noexcept {
        return closed_.load(std::memory_order_acquire) && used() == 0;
    }
    /// When both threads have ended: what is in the ring is lost.
    void count_left() noexcept { dropped_.add(used()); }
    /// To be called now and then.
    void poll(std::int64_t now_ns);

    // Anyone's.
    [[nodiscard]] bool locked() const noexcept { return locked_.value(); }
    [[nodiscard]] frame_view view() const noexcept { return view_.value(); }
    [[nodiscard]] const delivery::router& router() const noexcept { return router_; }
    [[nodiscard]] std::size_t used() const noexcept { return ring_ ? ring_->size() : 0; }
    [[nodiscard]] std::size_t capacity() const noexcept { return ring_ ? ring_->capacity() : 0; }
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_.value(); }

  private:
    void take(const chain_record& record, const delivery::output& out);

    decoding decoding_;
    delivery::router router_;
    durable_intake* durable_;
    std::optional<base::spsc_ring<chain_record>> ring_;
    std::optional<double> es_n0_db_{};
    bool broken_ = false; ///< something found no room
    base::counter dropped_;
    std::atomic<bool> closed_{false};
    base::gauge<bool> locked_;
    std::int64_t next_publish_ns_ = 0;
    base::published<frame_view> view_;
};

} // namespace landfall::app
