// SPDX-License-Identifier: MIT
// A station with one port, for tests: answers ARP, ND and echo, sends each datagram to UDP port
// 4991 back to where it came from, and tells what its link does. Ends when standard input does.
// usage: port_echo DEVICE MTU VLAN (0: none) [QUEUES]: an lcore for each receive queue
#include "dataplane/io_loop.h"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>

using namespace landfall;
using namespace landfall::dataplane;

namespace {

constexpr std::uint16_t echo_port = 4991;

void send_back(void* context, packet_burst& packets, time_ns now) noexcept {
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const base::udp_endpoint to = packets[i].source();
        packet_burst one;
        static_cast<void>(one.push(packets.take(i)));
        static_cast<stack*>(context)->send(one, echo_port, to, now);
    }
}

/// Queues beyond the first: what they receive is sent back by the lcore of the first.
struct further_queues {
    std::unique_ptr<packet_ring> others;
    std::unique_ptr<packet_ring> to_echo;
    stack* protocols = nullptr;
    std::deque<queue_loop> loops{};
    std::deque<lcore_loop> runners{};

    static std::size_t echo(void* context, time_ns now) noexcept {
        auto& self = *static_cast<further_queues*>(context);
        packet_burst burst;
        const std::size_t count = self.to_echo->dequeue(burst);
        send_back(self.protocols, burst, now);
        return count;
    }
    base::result<void> start(port& device, std::span<const lcore> lcores) {
        for (std::uint16_t i = 1; i < device.queues(); ++i) {
            auto& loop = loops.emplace_back(
                queue_config{&device, i, protocols, {into_ring(*to_echo)}, others.get()});
            auto& runner = runners.emplace_back(lcores[i], loop.as_step(), idle_mode::backoff);
            if (auto launched = runner.launch(); !launched) {
                return launched;
            }
        }
        return {};
    }
};

int tell(const base::failure& wrong) {
    std::fprintf(stderr, "%s\n", wrong.message.c_str());
    return wrong.code;
}

bool input_ended(int milliseconds) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return poll(&input, 1, milliseconds) > 0;
}

void watch(port& device) {
    const char* const names[] = {"down", "up", "gone"};
    link_state last = link_state::down;
    do {
        if (const link_state now = device.poll_link(); now != last) {
            std::printf("link %s\n", names[static_cast<int>(now)]);
            std::fflush(stdout);
            last = now;
        }
    } while (!input_ended(50));
}

void summary(const stack& protocols, const port& device) {
    std::printf("received %lu sent %lu echoes %lu answers %lu\n", protocols.datagrams_received(),
                protocols.datagrams_sent(), protocols.protocols().echoes(),
                protocols.protocols().answers());
    for (std::size_t i = 0; i < rx_drop_count; ++i) {
        if (const auto count = protocols.dropped(static_cast<rx_drop>(i)); count != 0) {
            std::printf("drop %s %lu\n", std::string(rx_drop_names[i]).c_str(), count);
        }
    }
    for (std::size_t i = 0; i < tx_drop_count; ++i) {
        if (const auto count = protocols.dropped(static_cast<tx_drop>(i)); count != 0) {
            std::printf("drop %s %lu\n", std::string(tx_drop_names[i]).c_str(), count);
        }
    }
    const port_statistics figures = device.statistics();
    std::printf("port received %lu sent %lu\n", figures.rx_packets, figures.tx_packets);
}

} // namespace

int main(int count, char** arguments) {
    if (count != 4 && count != 5) {
        return base::exit_code::usage;
    }
    const auto mtu = static_cast<std::uint16_t>(std::atoi(arguments[2]));
    const auto vlan = static_cast<std::uint16_t>(std::atoi(arguments[3]));
    const auto queues = static_cast<std::uint16_t>(count == 5 ? std::atoi(arguments[4]) : 1);
    std::vector<unsigned> cpus = count == 5 ? allowed_cpus() : std::vector<unsigned>{};
    cpus.resize(count == 5 ? queues : 0);
    auto environment = eal::start(
        {.cpus = {.io = cpus, .modem = {}}, .memory_octets = 96U << 20U, .hugepages = false});
    if (!environment) {
        return tell(environment.error());
    }
    auto pool = packet_pool::create({"echo", 4095, rx_data_octets(mtu)});
    if (!pool) {
        return tell(pool.error());
    }
    auto device =
        port::open({.name = "rf", .device = arguments[1], .mtu = mtu, .rx_queues = queues}, **pool);
    if (!device) {
        return tell(device.error());
    }
    stack protocols(
        {.vlan = vlan == 0 ? std::nullopt : std::optional(vlan),
         .address = {*base::parse_prefix("192.0.2.10/24"), *base::parse_prefix("2001:db8::10/64")},
         .gateway = {*base::parse_ip("192.0.2.1")},
         .flows = {{echo_port, {}}}},
        **device, **pool);
    further_queues further{packet_ring::create("others", 512, producers::several).value(),
                           packet_ring::create("echo", 2048, producers::several).value(),
                           &protocols};
    io_loop loop({{device->get(), &protocols, {{send_back, &protocols}}, further.others.get()}},
                 {further_queues::echo, &further});
    lcore_loop runner((*environment)->io()[0], loop.as_step(), idle_mode::backoff);
    if (const auto launched = runner.launch(); !launched) {
        return tell(launched.error());
    }
    if (const auto started = further.start(**device, (*environment)->io()); !started) {
        return tell(started.error());
    }
    watch(**device);
    for (lcore_loop& one : further.runners) {
        one.request_stop();
        one.join();
    }
    runner.request_stop();
    runner.join();
    summary(protocols, **device);
    std::printf("queue_0 %lu\n", protocols.datagrams_received());
    for (std::size_t i = 0; i < further.loops.size(); ++i) {
        std::printf("queue_%zu %lu\n", i + 1, further.loops[i].datagrams_received());
    }
    return base::exit_code::done;
}
