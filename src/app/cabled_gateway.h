// SPDX-License-Identifier: MIT
// A gateway between two cables, with a datacenter at the far end: what demo and bench run. It needs
// no interface, no hugepages and no root.
#pragma once

#include "app/datacenter.h"
#include "app/frame_check.h"
#include "app/gateway.h"
#include "base/error.h"
#include "control/log.h"
#include "dataplane/cable.h"
#include "dataplane/eal.h"
#include "dataplane/packet.h"

#include <memory>
#include <string>

namespace landfall::app {

/// One carrier, all of its frames routed through the tunnel.
class cabled_gateway {
  public:
    static constexpr std::uint16_t mtu = 9000;
    static constexpr std::uint32_t stream_id = 1;

    /// Where the digitiser is and where it sends.
    [[nodiscard]] static base::ip_prefix digitiser_address();
    [[nodiscard]] static base::udp_endpoint gateway_address();

    /// What it takes of DPDK's memory, the digitiser's pool included. `mission`: a preset, or a
    /// path.
    [[nodiscard]] static base::result<std::size_t> memory_octets(const std::string& mission);
    /// `check`, `eal` and `log` outlive it. `lcores`: modem lcores of the carrier, 1 or 2; 0: as it
    /// takes.
    static base::result<std::unique_ptr<cabled_gateway>>
    start(const std::string& mission, frame_check& check, const dataplane::eal& eal,
          control::logger& log, unsigned lcores = 0);
    ~cabled_gateway();
    cabled_gateway(const cabled_gateway&) = delete;
    cabled_gateway& operator=(const cabled_gateway&) = delete;

    /// The digitiser's packets: they are on their way through the gateway until they are freed.
    [[nodiscard]] dataplane::packet_pool& digitiser_pool() noexcept { return *pool_; }
    /// The device of the digitiser's end. A port opened there is closed first.
    [[nodiscard]] const std::string& device() const noexcept { return rf_->device(1); }
    [[nodiscard]] gateway& of() noexcept { return *gateway_; }
    /// Samples that wait for the modem, as a part of what can wait: 0 to 1.
    [[nodiscard]] double backlog() const noexcept {
        return gateway_->backlog(0, rf_->on_the_way(0));
    }
    /// Ends all threads; the digitiser's has ended. What is still in the cables is freed.
    void stop();

  private:
    cabled_gateway() = default;

    std::unique_ptr<dataplane::packet_pool> pool_; ///< goes last: all below hold its packets
    std::unique_ptr<dataplane::cable> rf_;
    std::unique_ptr<dataplane::cable> mdc_;
    std::unique_ptr<gateway> gateway_;
    std::unique_ptr<datacenter> datacenter_;
};

} // namespace landfall::app
