// SPDX-License-Identifier: MIT
#include "app/datacenter.h"

#include "app/instant.h"
#include "crypto/start.h"
#include "dataplane/device.h"
#include "dataplane/eal.h"
#include "dataplane/lcore.h"

#include <chrono>
#include <utility>

namespace landfall::app {
namespace {

dataplane::packet_pool_config pool_of(std::uint16_t mtu) {
    return {.name = "datacenter",
            .packets = 4095,
            .data_octets = dataplane::rx_data_octets(mtu) + crypto::scratch_tailroom};
}

} // namespace

std::size_t datacenter::memory_octets(std::uint16_t mtu) {
    return dataplane::packet_pool::memory_octets(pool_of(mtu));
}

base::result<std::unique_ptr<datacenter>> datacenter::start(datacenter_config config,
                                                            frame_check& check) {
    auto pool = dataplane::packet_pool::create(pool_of(config.mtu));
    if (!pool) {
        return std::unexpected(pool.error());
    }
    auto port = dataplane::port::open(
        {.name = "datacenter", .device = config.device, .mtu = config.mtu}, **pool);
    if (!port) {
        return std::unexpected(port.error());
    }
    std::unique_ptr<datacenter> made(
        new datacenter(std::move(config), check, std::move(*pool), std::move(*port)));
    crypto::tunnel_change change;
    change.key = std::move(made->config_.key);
    crypto::peer_change peer{.key = made->config_.gateway};
    peer.preshared = std::move(made->config_.preshared);
    peer.allowed_ips = {made->config_.gateway_inside};
    change.peers.push_back(std::move(peer));
    if (!made->tunnel_.control().change(std::move(change), instant_now())) {
        return std::unexpected(base::failure{"the datacenter's end cannot use its keys"});
    }
    datacenter* const self = made.get();
    made->thread_ = std::jthread([self](const std::stop_token& stop) { self->run(stop); });
    return made;
}

datacenter::datacenter(datacenter_config config, frame_check& check,
                       std::unique_ptr<dataplane::packet_pool> pool,
                       std::unique_ptr<dataplane::port> port)
    : config_(std::move(config)), check_(check), pool_(std::move(pool)), port_(std::move(port)),
      stack_({.vlan = {},
              .address = {config_.address},
              .gateway = {},
              .flows = {{.port = config_.listen_port, .word = {}}}},
             *port_, *pool_),
      tunnel_({.control = {.random = crypto::fill_random, .listen_port = config_.listen_port},
               .peers = 1,
               .inner_mtu = crypto::inner_mtu_of(config_.mtu, false)}),
      stage_({.peers = 1,
              .addresses = {{config_.sink.address, 0}}, // whole addresses are compared
              .sink = {[](void* self, base::octets inner) noexcept {
                           static_cast<datacenter*>(self)->take(inner);
                       },
                       this}},
             tunnel_, stack_, *pool_),
      loop_({{.device = port_.get(), .protocols = &stack_, .sinks = {stage_.sink()}}},
            stage_.as_step()) {}

datacenter::~datacenter() {
    stop();
}

void datacenter::stop() {
    thread_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void datacenter::run(const std::stop_token& stop) {
    const dataplane::registered_thread registered;
    while (!stop.stop_requested()) {
        const std::size_t done = loop_.step(dataplane::time_now());
        stage_.run_handshakes(instant_now());
        stage_.send_handshakes();
        if (done == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
}

/// To the sink's address, and no echo request.
void datacenter::take(base::octets inner) {
    const bool v6 = inner[0] >> 4U == 6;
    const auto ip = v6 ? dataplane::parse_ipv6(inner) : dataplane::parse_ipv4(inner);
    if (!ip || ip->protocol != dataplane::ip_protocol::udp) {
        return;
    }
    const auto datagram = inner.subspan(ip->octets, ip->total - ip->octets);
    const auto udp = dataplane::parse_udp(datagram);
    if (udp && udp->destination_port == config_.sink.port) {
        check_.arrived(
            datagram.subspan(dataplane::udp_octets, udp->length - dataplane::udp_octets));
    }
}

} // namespace landfall::app
