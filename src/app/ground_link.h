// SPDX-License-Identifier: MIT
// Where a simulated digitiser's packets enter the gateway: one end of a cable, and who sends there.
#pragma once

#include "app/satellite.h"
#include "base/error.h"
#include "base/ip.h"
#include "dataplane/packet.h"
#include "dataplane/port.h"
#include "dataplane/stack.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace landfall::app {

struct ground_link_config {
    std::string device; ///< of the port
    std::uint16_t mtu = 9000;
    base::ip_prefix address;        ///< of the digitiser
    base::udp_endpoint gateway;     ///< where the packets go
    std::function<bool()> behind{}; ///< the receiver has more waiting than it should
};

/// Sends a pass in real time, from a thread of its own; slower where the receiver is behind.
class ground_link {
  public:
    [[nodiscard]] static std::size_t memory_octets(std::uint16_t mtu);
    static base::result<std::unique_ptr<ground_link>> start(ground_link_config config,
                                                            satellite sender);
    ~ground_link();
    ground_link(const ground_link&) = delete;
    ground_link& operator=(const ground_link&) = delete;

    /// Ends its thread.
    void stop();

    /// No further frame begins.
    void end() noexcept { end_.store(true); }
    [[nodiscard]] bool ended() const noexcept { return ended_.load(); }
    [[nodiscard]] double progress() const noexcept { return progress_.value(); }
    [[nodiscard]] double signal_s() const noexcept { return signal_s_.value(); }

  private:
    ground_link(ground_link_config config, satellite sender,
                std::unique_ptr<dataplane::packet_pool> pool,
                std::unique_ptr<dataplane::port> port);
    void run(const std::stop_token& stop);
    void find_gateway(const std::stop_token& stop);
    void serve();
    void send(base::octets packet);

    ground_link_config config_;
    satellite satellite_;
    std::unique_ptr<dataplane::packet_pool> pool_;
    std::unique_ptr<dataplane::port> port_;
    dataplane::stack stack_;
    std::atomic<bool> end_{false};
    std::atomic<bool> ended_{false};
    base::gauge<double> progress_;
    base::gauge<double> signal_s_;
    std::jthread thread_;
};

} // namespace landfall::app
