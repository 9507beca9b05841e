// SPDX-License-Identifier: MIT
// What a modem lcore does: its carriers' datagrams through their receive chains, the packets that
// come of them into one ring.
#pragma once

#include "app/carrier_input.h"
#include "app/carrier_stage.h"
#include "base/counter.h"
#include "dataplane/lcore.h"
#include "dataplane/packet.h"
#include "dataplane/ring.h"

#include <atomic>
#include <deque>
#include <vector>

namespace landfall::app {

struct modem_carrier {
    carrier_stage* carrier = nullptr;
    dataplane::packet_ring* in = nullptr; ///< UDP payloads; see `carrier_input`
};

class modem_stage {
  public:
    /// What is pointed to outlives the stage. `seconds`: second halves of carriers that other
    /// lcores have the first of. `out` gets inner IP packets, each with its peer's index as its
    /// word; null: there is no tunnel, and no route.
    modem_stage(std::vector<modem_carrier> carriers, std::vector<frame_stage*> seconds,
                dataplane::packet_pool* pool, dataplane::packet_ring* out);

    /// One turn, on the lcore.
    std::size_t step(dataplane::time_ns now);
    [[nodiscard]] dataplane::lcore_step as_step() noexcept;

    /// The control thread's: nothing more will come in. When the rings are empty each carrier
    /// delivers what it still holds, and then `drained` is true. Second halves end after their
    /// first ones.
    void request_drain() noexcept { drain_.store(true, std::memory_order_release); }
    [[nodiscard]] bool drained() const noexcept { return drained_.load(std::memory_order_acquire); }

    /// When the lcore has stopped: packets of a carrier that were taken from its ring and not
    /// looked at.
    [[nodiscard]] std::size_t left_of(const carrier_stage& carrier) const noexcept;

  private:
    /// A carrier, and those of its packets that are at hand: it takes them as it can.
    struct lane {
        modem_carrier of;
        dataplane::packet_burst burst{};
        std::size_t next = 0; ///< of the burst
        bool finished = false;

        [[nodiscard]] std::size_t left() const noexcept { return burst.size() - next; }
    };

    std::size_t step(lane& one, dataplane::time_ns now, const delivery::output& out);
    [[nodiscard]] bool finish(dataplane::time_ns now, const delivery::output& out);
    [[nodiscard]] std::span<std::uint8_t> take(std::size_t size) noexcept;
    void commit(std::uint32_t peer, std::size_t size) noexcept;
    void flush() noexcept;

    std::deque<lane> lanes_;
    std::vector<frame_stage*> seconds_;
    dataplane::packet_pool* pool_;
    dataplane::packet_ring* out_;
    dataplane::packet_burst taken_;  ///< the one that is being filled
    dataplane::packet_burst filled_; ///< to be handed on
    std::atomic<bool> drain_{false};
    std::atomic<bool> drained_{false};
};

} // namespace landfall::app
