// SPDX-License-Identifier: MIT
// Where frames and packets leave a carrier's lcore for the durable lane: copied, with what is known
// of them, into a bounded ring. No lock, no allocation, no system call; a full ring drops and
// counts.
#pragma once

#include "base/counter.h"
#include "base/octet_ring.h"
#include "config/gateway.h"
#include "delivery/selection.h"
#include "delivery/spool/segment.h"
#include "framing/deframer.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landfall::app {

/// Why something that a durable route selects is not kept. Each is a metric label.
enum class intake_drop : std::uint8_t {
    ring_full, ///< the spool's thread was late: the disk, most likely
    too_long,  ///< it does not fit into any segment
};
inline constexpr std::size_t intake_drop_count = 2;
[[nodiscard]] const char* name(intake_drop why) noexcept;

/// `kept` and `ring_full` are of the lcore, `too_long` of the spool's thread; read by any.
struct intake_counters {
    base::counter kept;
    base::counter octets;
    std::array<base::counter, intake_drop_count> drops;
};

struct intake_route {
    std::size_t route = 0;  ///< its place in the configuration
    std::size_t tenant = 0; ///< likewise
    delivery::content as = delivery::content::frames;
    bool fill = false;
    delivery::selection selected{};
};

/// Of one carrier.
class durable_intake {
  public:
    durable_intake(std::uint16_t carrier, std::vector<intake_route> routes,
                   std::size_t ring_octets);
    /// What a carrier has of durable routes: null where it has none.
    [[nodiscard]] static std::unique_ptr<durable_intake> of(const config::gateway& settings,
                                                            std::size_t carrier);

    // The lcore's.
    void frame(const framing::delivered_frame& one, std::optional<double> es_n0_db) noexcept;
    void packet(const framing::delivered_packet& one, std::optional<double> es_n0_db) noexcept;

    // The spool's thread.
    struct taken {
        std::size_t route = 0; ///< its place in `routes`
        delivery::record what; ///< its octets are valid until `pop`
    };
    [[nodiscard]] std::optional<taken> front() noexcept;
    void pop() noexcept { ring_.pop(); }
    void drop_too_long(std::size_t route) noexcept {
        counters_[route].drops[static_cast<std::size_t>(intake_drop::too_long)].add();
    }

    // Anyone's.
    [[nodiscard]] const std::vector<intake_route>& routes() const noexcept { return routes_; }
    /// By its place in `routes`.
    [[nodiscard]] const intake_counters& counters(std::size_t route) const noexcept {
        return counters_[route];
    }
    /// By its place in the configuration; it is one of `routes`.
    [[nodiscard]] const intake_counters& counters_of(std::size_t configured) const noexcept;
    [[nodiscard]] const base::octet_ring& ring() const noexcept { return ring_; }

  private:
    struct head;
    void put(std::size_t route, head& about, base::octets octets) noexcept;

    std::uint16_t carrier_;
    std::vector<intake_route> routes_;
    std::vector<std::uint64_t> sequence_;
    std::unique_ptr<intake_counters[]> counters_;
    base::octet_ring ring_;
};

} // namespace landfall::app
