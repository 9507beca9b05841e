// SPDX-License-Identifier: MIT
#include "app/ground_link.h"

#include "dataplane/device.h"
#include "dataplane/eal.h"
#include "dataplane/lcore.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace landfall::app {
namespace {

constexpr auto a_moment = std::chrono::milliseconds(1);

dataplane::packet_pool_config pool_of(std::uint16_t mtu) {
    return {.name = "digitiser", .packets = 8191, .data_octets = dataplane::rx_data_octets(mtu)};
}

} // namespace

std::size_t ground_link::memory_octets(std::uint16_t mtu) {
    return dataplane::packet_pool::memory_octets(pool_of(mtu));
}

base::result<std::unique_ptr<ground_link>> ground_link::start(ground_link_config config,
                                                              satellite sender) {
    auto pool = dataplane::packet_pool::create(pool_of(config.mtu));
    if (!pool) {
        return std::unexpected(pool.error());
    }
    auto port = dataplane::port::open(
        {.name = "digitiser", .device = config.device, .mtu = config.mtu}, **pool);
    if (!port) {
        return std::unexpected(port.error());
    }
    std::unique_ptr<ground_link> made(
        new ground_link(std::move(config), std::move(sender), std::move(*pool), std::move(*port)));
    ground_link* const self = made.get();
    made->thread_ = std::jthread([self](const std::stop_token& stop) { self->run(stop); });
    return made;
}

ground_link::ground_link(ground_link_config config, satellite sender,
                         std::unique_ptr<dataplane::packet_pool> pool,
                         std::unique_ptr<dataplane::port> port)
    : config_(std::move(config)), satellite_(std::move(sender)), pool_(std::move(pool)),
      port_(std::move(port)), stack_({.vlan = {},
                                      .address = {config_.address},
                                      .gateway = {config_.gateway.address},
                                      .flows = {}},
                                     *port_, *pool_) {}

ground_link::~ground_link() {
    stop();
}

void ground_link::stop() {
    thread_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void ground_link::run(const std::stop_token& stop) {
    const dataplane::registered_thread registered;
    find_gateway(stop);
    const auto begun = std::chrono::steady_clock::now();
    std::chrono::duration<double> held_up{0.0};
    for (bool more = true; more && !stop.stop_requested();) {
        if (end_.load()) {
            satellite_.end();
        }
        auto out = [this](base::octets packet) { send(packet); };
        more = satellite_.step(out);
        stack_.flush();
        progress_.set(satellite_.progress());
        signal_s_.set(satellite_.seconds());
        const auto due = [&] {
            return begun + std::chrono::duration_cast<std::chrono::nanoseconds>(
                               std::chrono::duration<double>(satellite_.seconds()) + held_up);
        };
        std::this_thread::sleep_until(due());
        while (config_.behind && config_.behind() && !stop.stop_requested()) {
            serve();
            std::this_thread::sleep_for(a_moment);
        }
        held_up = std::max(held_up,
                           std::chrono::duration<double>(std::chrono::steady_clock::now() - begun) -
                               std::chrono::duration<double>(satellite_.seconds()));
        serve();
    }
    ended_.store(true);
}

/// A digitiser sends blindly; that its first packets are not lost, the gateway is looked up first.
void ground_link::find_gateway(const std::stop_token& stop) {
    while (stack_.neighbours_reachable() == 0 && !stop.stop_requested()) {
        serve();
        std::this_thread::sleep_for(a_moment);
    }
}

void ground_link::serve() {
    const auto now = dataplane::time_now();
    dataplane::packet_burst burst;
    port_->receive(burst);
    dataplane::flow_bursts flows(1);
    stack_.receive(burst, flows, now);
    flows.clear();
    stack_.tick(now);
    stack_.flush();
}

void ground_link::send(base::octets packet) {
    dataplane::packet_burst burst;
    while (!pool_->allocate(burst, 1)) {
        std::this_thread::sleep_for(a_moment); // all of them are on their way
    }
    const auto room = burst[0].append(packet.size());
    std::copy(packet.begin(), packet.end(), room.begin());
    stack_.send(burst, config_.gateway.port, config_.gateway, dataplane::time_now());
}

} // namespace landfall::app
