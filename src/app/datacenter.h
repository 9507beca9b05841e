// SPDX-License-Identifier: MIT
// The far end of a demonstration's tunnel: a port, a WireGuard peer, and a UDP sink that checks
// frames.
#pragma once

#include "app/frame_check.h"
#include "app/tunnel_stage.h"
#include "base/error.h"
#include "base/ip.h"
#include "crypto/keys.h"
#include "crypto/tunnel.h"
#include "dataplane/packet.h"
#include "dataplane/port.h"
#include "dataplane/stack.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace landfall::app {

struct datacenter_config {
    std::string device; ///< of the port
    std::uint16_t mtu = 9000;
    base::ip_prefix address; ///< of the port
    std::uint16_t listen_port = 51820;
    base::udp_endpoint sink;        ///< inside the tunnel: where frames come to
    base::ip_prefix gateway_inside; ///< the gateway's addresses in the tunnel
    crypto::private_key key{};
    crypto::public_key gateway{};
    crypto::preshared_key preshared{};
};

/// One thread of its own does everything; the tunnel is the responder.
class datacenter {
  public:
    /// What it takes of DPDK's memory.
    [[nodiscard]] static std::size_t memory_octets(std::uint16_t mtu);
    static base::result<std::unique_ptr<datacenter>> start(datacenter_config config,
                                                           frame_check& check);
    ~datacenter();
    datacenter(const datacenter&) = delete;
    datacenter& operator=(const datacenter&) = delete;

    /// Ends its thread.
    void stop();

  private:
    datacenter(datacenter_config config, frame_check& check,
               std::unique_ptr<dataplane::packet_pool> pool, std::unique_ptr<dataplane::port> port);
    void run(const std::stop_token& stop);
    void take(base::octets inner);

    datacenter_config config_;
    frame_check& check_;
    std::unique_ptr<dataplane::packet_pool> pool_;
    std::unique_ptr<dataplane::port> port_;
    dataplane::stack stack_;
    crypto::tunnel tunnel_;
    tunnel_stage stage_;
    dataplane::io_loop loop_;
    std::jthread thread_;
};

} // namespace landfall::app
