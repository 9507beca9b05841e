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
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace landfall::app {

struct ground_link_config {
    std::string device; ///< of the port
    std::uint16_t mtu = 9000;
    base::ip_prefix address;                      ///< of the digitiser
    base::udp_endpoint gateway;                   ///< where the packets go
    std::function<bool()> behind{};               ///< the receiver has more waiting than it should
    std::chrono::duration<double> patience{20.0}; ///< with a gateway that does not go on
};

/// Why a link ended.
enum class link_end : std::uint8_t {
    sent,           ///< all, or all of what was begun when it was told to end
    gateway_silent, ///< its address was not resolved
    receiver_stuck, ///< it took nothing more
    pool_empty,     ///< no packet came back
};
[[nodiscard]] std::string_view name(link_end why) noexcept;

/// Sends a pass in real time, from a thread of its own; slower where the receiver is behind.
class ground_link {
  public:
    /// `pool` holds frames of the MTU and outlives the link and what it has sent.
    static base::result<std::unique_ptr<ground_link>>
    start(ground_link_config config, dataplane::packet_pool& pool, satellite sender);
    ~ground_link();
    ground_link(const ground_link&) = delete;
    ground_link& operator=(const ground_link&) = delete;

    /// Ends its thread.
    void stop();

    /// No further frame begins.
    void end() noexcept { end_.store(true); }
    /// Sooner or later it has, whatever the gateway does.
    [[nodiscard]] bool ended() const noexcept { return ended_.load(); }
    /// Of a link that has ended.
    [[nodiscard]] link_end why() const noexcept { return why_.load(); }
    [[nodiscard]] double progress() const noexcept { return progress_.value(); }
    [[nodiscard]] double signal_s() const noexcept { return signal_s_.value(); }

  private:
    ground_link(ground_link_config config, dataplane::packet_pool& pool, satellite sender,
                std::unique_ptr<dataplane::port> port);
    void run(const std::stop_token& stop);
    void send_pass(const std::stop_token& stop);
    void sleep(const std::stop_token& stop, std::chrono::duration<double> time);
    void find_gateway(const std::stop_token& stop);
    void serve();
    void send(dataplane::packet_burst& burst, base::octets packet);
    template <class Condition>
    void wait_while(const std::stop_token& stop, link_end otherwise, Condition&& condition);

    ground_link_config config_;
    satellite satellite_;
    dataplane::packet_pool& pool_;
    std::unique_ptr<dataplane::port> port_;
    dataplane::stack stack_;
    std::atomic<bool> end_{false};
    std::atomic<bool> ended_{false};
    std::atomic<link_end> why_{link_end::sent};
    base::gauge<double> progress_;
    base::gauge<double> signal_s_;
    std::jthread thread_;
};

} // namespace landfall::app
