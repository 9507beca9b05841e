// SPDX-License-Identifier: MIT
#include "app/ground_link.h"

#include "dataplane/eal.h"
#include "dataplane/lcore.h"

#include <algorithm>
#include <utility>

namespace landfall::app {
namespace {

using std::chrono::steady_clock;

constexpr auto a_moment = std::chrono::milliseconds(1);
constexpr auto longest_sleep = std::chrono::milliseconds(10); // somebody may ask for our address

} // namespace

std::string_view name(link_end why) noexcept {
    switch (why) {
    case link_end::sent:
        return "sent";
    case link_end::gateway_silent:
        return "gateway_silent";
    case link_end::receiver_stuck:
        return "receiver_stuck";
    case link_end::pool_empty:
        return "pool_empty";
    }
    return "unknown";
}

base::result<std::unique_ptr<ground_link>>
ground_link::start(ground_link_config config, dataplane::packet_pool& pool, satellite sender) {
    auto port = dataplane::port::open(
        {.name = "digitiser", .device = config.device, .mtu = config.mtu}, pool);
    if (!port) {
        return std::unexpected(port.error());
    }
    std::unique_ptr<ground_link> made(
        new ground_link(std::move(config), pool, std::move(sender), std::move(*port)));
    ground_link* const self = made.get();
    made->thread_ = std::jthread([self](const std::stop_token& stop) { self->run(stop); });
    return made;
}

ground_link::ground_link(ground_link_config config, dataplane::packet_pool& pool, satellite sender,
                         std::unique_ptr<dataplane::port> port)
    : config_(std::move(config)), satellite_(std::move(sender)), pool_(pool),
      port_(std::move(port)), stack_({.vlan = {},
                                      .address = {config_.address},
                                      .gateway = {config_.gateway.address},
                                      .flows = {}},
                                     *port_, pool_) {}

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
    if (why_.load() == link_end::sent && stack_.neighbours_reachable() > 0) {
        send_pass(stop);
    }
    ended_.store(true);
}

void ground_link::send_pass(const std::stop_token& stop) {
    const auto begun = steady_clock::now();
    const auto late_by = [&](double signal_s) {
        return steady_clock::now() - begun - std::chrono::duration<double>(signal_s);
    };
    std::chrono::duration<double> held_up{0.0};
    auto out = [&](double seconds, base::octets packet) {
        const auto early = held_up - late_by(seconds);
        if (early > a_moment) {
            sleep(stop, early);
        }
        dataplane::packet_burst burst;
        wait_while(stop, link_end::pool_empty, [&] { return !pool_.allocate(burst, 1); });
        send(burst, packet);
        signal_s_.set(seconds);
    };
    for (bool more = true; more && !stop.stop_requested() && why_.load() == link_end::sent;) {
        if (end_.load()) {
            satellite_.end();
        }
        more = satellite_.step(out);
        serve();
        progress_.set(satellite_.progress());
        wait_while(stop, link_end::receiver_stuck,
                   [&] { return config_.behind && config_.behind(); });
        held_up = std::max<std::chrono::duration<double>>(held_up, late_by(satellite_.seconds()));
    }
    signal_s_.set(satellite_.seconds());
}

void ground_link::sleep(const std::stop_token& stop, std::chrono::duration<double> time) {
    const auto until =
        steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(time);
    while (!stop.stop_requested() && steady_clock::now() < until) {
        serve();
        std::this_thread::sleep_until(std::min(until, steady_clock::now() + longest_sleep));
    }
}

/// A digitiser sends blindly; that its first packets are not lost, the gateway is looked up first.
void ground_link::find_gateway(const std::stop_token& stop) {
    wait_while(stop, link_end::gateway_silent,
               [&] { return stack_.neighbours_reachable() == 0 && !end_.load(); });
}

/// `otherwise` is why the link ends, should that last too long.
template <class Condition>
void ground_link::wait_while(const std::stop_token& stop, link_end otherwise,
                             Condition&& condition) {
    const auto give_up = steady_clock::now() + config_.patience;
    while (why_.load() == link_end::sent && !stop.stop_requested() && condition()) {
        if (steady_clock::now() >= give_up) {
            why_.store(otherwise);
            return;
        }
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

void ground_link::send(dataplane::packet_burst& burst, base::octets packet) {
    if (burst.empty()) { // there was none to be had
        return;
    }
    const auto room = burst[0].append(packet.size());
    std::copy(packet.begin(), packet.end(), room.begin());
    stack_.send(burst, config_.gateway.port, config_.gateway, dataplane::time_now());
}

} // namespace landfall::app
