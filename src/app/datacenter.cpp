// SPDX-License-Identifier: MIT
#include "app/datacenter.h"

#include "app/instant.h"
#include "crypto/start.h"
#include "dataplane/device.h"
#include "dataplane/eal.h"
#include "dataplane/lcore.h"

#include <array>
#include <chrono>
#include <utility>

namespace landfall::app {
namespace {

using dataplane::packet_burst;
using dataplane::time_ns;

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
               .inner_mtu = crypto::inner_mtu_of(config_.mtu, false)}) {}

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
        if (turn(dataplane::time_now()) == 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
}

std::size_t datacenter::turn(time_ns now) {
    packet_burst burst;
    const std::size_t count = port_->receive(burst);
    dataplane::flow_bursts flows(1);
    stack_.receive(burst, flows, now);
    receive(flows[0], now);
    flows.clear();
    send_keepalives(now);
    static_cast<void>(
        tunnel_.control().poll(instant_now(), [&](const base::udp_endpoint& to,
                                                  base::octets octets) { send(to, octets, now); }));
    stack_.tick(now);
    stack_.flush();
    return count;
}

void datacenter::receive(packet_burst& burst, time_ns now) {
    std::array<crypto::incoming, dataplane::burst_packets> batch;
    for (std::size_t i = 0; i < burst.size(); ++i) {
        const auto data = burst[i].data();
        batch[i].datagram = data.data();
        batch[i].length = static_cast<std::uint32_t>(data.size());
        batch[i].source = burst[i].source();
    }
    tunnel_.data().decrypt(std::span(batch).first(burst.size()), now);
    for (const crypto::incoming& one : std::span(batch).first(burst.size())) {
        if (one.status == crypto::decrypt_status::packet) {
            take({one.packet, one.packet_length});
        } else if (one.status == crypto::decrypt_status::handshake) {
            tunnel_.control().receive(
                one.source, {one.datagram, one.length}, instant_now(), false,
                [&](const base::udp_endpoint& to, base::octets octets) { send(to, octets, now); });
        }
    }
}

void datacenter::send(const base::udp_endpoint& to, base::octets octets, time_ns now) {
    packet_burst burst;
    if (pool_->allocate(burst, 1)) {
        std::copy(octets.begin(), octets.end(), burst[0].append(octets.size()).begin());
        stack_.send(burst, config_.listen_port, to, now);
    }
}

void datacenter::send_keepalives(time_ns now) {
    std::array<std::uint16_t, 1> room{};
    packet_burst burst;
    if (tunnel_.data().poll(now, room).empty() || !pool_->allocate(burst, 1)) {
        return;
    }
    std::array<crypto::outgoing, 1> out{};
    out[0] = {.packet = burst[0].data().data(),
              .length = 0,
              .headroom = static_cast<std::uint32_t>(burst[0].headroom()),
              .tailroom = static_cast<std::uint32_t>(burst[0].tailroom()),
              .peer = room[0]};
    tunnel_.data().encrypt(out, now);
    if (out[0].status == crypto::encrypt_status::sent) {
        static_cast<void>(burst[0].prepend(crypto::data_message::packet_at));
        static_cast<void>(burst[0].append(out[0].datagram_length - burst[0].data().size()));
        stack_.send(burst, config_.listen_port, out[0].endpoint, now);
    }
}

void datacenter::take(base::octets inner) {
    const bool v6 = inner[0] >> 4U == 6;
    const auto ip = v6 ? dataplane::parse_ipv6(inner) : dataplane::parse_ipv4(inner);
    if (!ip || ip->protocol != dataplane::ip_protocol::udp ||
        ip->destination != config_.sink.address) {
        strangers_.add();
        return;
    }
    const auto datagram = inner.subspan(ip->octets, ip->total - ip->octets);
    const auto udp = dataplane::parse_udp(datagram);
    if (!udp || udp->destination_port != config_.sink.port) {
        strangers_.add();
        return;
    }
    check_.arrived(datagram.subspan(dataplane::udp_octets, udp->length - dataplane::udp_octets));
}

} // namespace landfall::app
