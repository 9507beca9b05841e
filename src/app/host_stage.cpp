// SPDX-License-Identifier: MIT
#include "app/host_stage.h"

#include "app/tunnel_stage.h"
#include "crypto/allowed_ips.h"
#include "dataplane/eal.h"
#include "dataplane/lcore.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace landfall::app {
namespace {

using dataplane::packet;
using dataplane::packet_burst;
using dataplane::time_ns;

// The io lcore cannot wake the thread, which would take a system call: it looks by itself, often
// while there is something to do.
constexpr long awake_wait_ns = 100'000;
constexpr long idle_wait_ns = 2'000'000;
constexpr time_ns most_ahead_ns = 1'000'000; // that the host sends at once
constexpr std::size_t awake_turns = 1000;    // without anything to do

std::uint8_t number_of(config::host_protocol protocol) noexcept {
    switch (protocol) {
    case config::host_protocol::icmp:
        return dataplane::ip_protocol::icmp;
    case config::host_protocol::tcp:
        return dataplane::ip_protocol::tcp;
    case config::host_protocol::udp:
        return dataplane::ip_protocol::udp;
    }
    return 0;
}

} // namespace

dataplane::tun_config host_interface_of(const config::gateway& settings) {
    dataplane::tun_config made{.name = settings.host->interface_name,
                               .mtu =
                                   settings.tunnel->mtu.value_or(config::tunnel_mtu_max(settings)),
                               .address = settings.tunnel->address,
                               .routes = {}};
    for (const config::peer_settings& peer : settings.peers) {
        std::ranges::copy_if(
            peer.allowed_ips, std::back_inserter(made.routes),
            [](const base::ip_prefix& one) { return one.length > 0 && !one.address.multicast(); });
    }
    return made;
}

dataplane::host_filter_config host_filter_of(const config::gateway& settings) {
    dataplane::host_filter_config made;
    for (const base::ip_prefix& own : settings.tunnel->address) {
        made.addresses.push_back(own.address);
    }
    for (const config::host_allowance& one : settings.host->allow) {
        made.allow.push_back({number_of(one.protocol), one.port});
    }
    return made;
}

host_stage::host_stage(std::unique_ptr<dataplane::tun> interface, const config::gateway& settings,
                       dataplane::packet_pool& pool)
    : tun_(std::move(interface)), mtu_(host_interface_of(settings).mtu),
      filter_(host_filter_of(settings)), pool_(pool),
      ns_per_octet_(8e3 / settings.host->rate_mbit_s) {}

base::result<std::unique_ptr<host_stage>>
host_stage::start(std::unique_ptr<dataplane::tun> interface, const config::gateway& settings,
                  dataplane::packet_pool& pool) {
    std::unique_ptr<host_stage> made(new host_stage(std::move(interface), settings, pool));
    for (auto* const ring : {&made->in_, &made->out_}) {
        auto one = dataplane::packet_ring::create(ring == &made->in_ ? "host-in" : "host-out",
                                                  ring_packets);
        if (!one) {
            return std::unexpected(one.error());
        }
        *ring = std::move(*one);
    }
    made->thread_ = std::jthread(
        [self = made.get()](const std::stop_token& stop) noexcept { self->run(stop); });
    return made;
}

void host_stage::stop() noexcept {
    thread_.request_stop();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void host_stage::run(const std::stop_token& stop) noexcept {
    const dataplane::registered_thread registered;
    for (std::size_t idle = awake_turns; !stop.stop_requested();) {
        const time_ns now = dataplane::time_now();
        const std::size_t done = give_host(now) + take_host(now);
        idle = done > 0 ? 0 : idle + 1;
        if (done == 0 && blocked_) { // the interface would not wait
            std::this_thread::sleep_for(std::chrono::nanoseconds(awake_wait_ns));
        } else if (done == 0) {
            tun_->wait(idle < awake_turns ? awake_wait_ns : idle_wait_ns);
        }
    }
}

/// From the tunnel to the kernel.
std::size_t host_stage::give_host(time_ns now) noexcept {
    packet_burst burst;
    in_->dequeue(burst);
    for (std::size_t i = 0; i < burst.size(); ++i) {
        const auto data = burst[i].data();
        if (const auto passes = filter_.to_host(data, now); !passes) {
            refused_to_host_[static_cast<std::size_t>(passes.error())].add();
        } else if (!tun_->write(data)) {
            not_written_.add();
        } else {
            to_host_.packets.add();
            to_host_.octets.add(data.size());
        }
    }
    return burst.size();
}

/// From the kernel to the tunnel. What there is no room for stays with the kernel, whose own
/// connections then send less.
std::size_t host_stage::take_host(time_ns now) noexcept {
    packet_burst burst;
    std::size_t taken = 0;
    while (burst.room() > 0) {
        blocked_ = sent_until_ > now + most_ahead_ns ||
                   out_->used() + burst.size() >= out_->capacity() || !pool_.allocate(burst, 1);
        if (blocked_) {
            break;
        }
        const std::size_t last = burst.size() - 1;
        const packet one = burst[last];
        const auto room = one.append(mtu_);
        const std::size_t octets = tun_->read(room);
        taken += octets > 0 ? 1 : 0;
        const auto passes = filter_.from_host(room.first(octets), now);
        if (octets > 0 && passes) {
            static_cast<void>(one.trim_back(mtu_ - octets));
            one.set_word(crypto::no_peer | of_host);
            from_host_.packets.add();
            from_host_.octets.add(octets);
            sent_until_ = std::max(sent_until_, now) +
                          static_cast<time_ns>(ns_per_octet_ * static_cast<double>(octets));
            continue;
        }
        burst.take(last).free();
        if (octets == 0) {
            break;
        }
        refused_from_host_[static_cast<std::size_t>(passes.error())].add();
    }
    out_->enqueue(burst);
    return taken;
}

} // namespace landfall::app
