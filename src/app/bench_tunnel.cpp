// SPDX-License-Identifier: MIT
#include "app/bench_tunnel.h"

#include "base/ip_header.h"
#include "crypto/start.h"
#include "crypto/tunnel.h"
#include "delivery/router.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace landfall::app {
namespace {

constexpr std::uint32_t inner_octets = 1424;
constexpr std::size_t inner_mtu = 1440;
constexpr std::size_t buffers = 32;
constexpr crypto::instant begun{.now_ns = crypto::second_ns,
                                .unix_ns = 1'800'000'000 * crypto::second_ns};

struct buffer {
    alignas(64) std::array<std::uint8_t, crypto::scratch_headroom + inner_octets +
                                             crypto::scratch_tailroom> octets{};
    std::uint8_t* packet() { return octets.data() + crypto::scratch_headroom; }
    std::span<std::uint8_t> whole() { return {packet(), inner_octets}; }
};

/// Two tunnels that know each other, each at 192.0.2.N outside and 10.9.0.N inside.
std::unique_ptr<crypto::tunnel> make(const crypto::private_key& own,
                                     const crypto::public_key& other, std::uint8_t other_number) {
    auto made = std::make_unique<crypto::tunnel>(crypto::tunnel_config{
        .control = {.random = crypto::fill_random}, .peers = 1, .inner_mtu = inner_mtu});
    crypto::tunnel_change change;
    change.key = crypto::private_key::copy_of(own.bytes());
    auto& peer = change.peers.emplace_back();
    peer.key = other;
    peer.endpoint = base::udp_endpoint{{{192, 0, 2, other_number}}, 51820};
    peer.allowed_ips = {{{{10, 9, 0, other_number}}, 32}};
    static_cast<void>(made->control().change(std::move(change), begun));
    return made;
}

/// One that has a session to send on; nothing where the handshake failed.
std::unique_ptr<crypto::tunnel> connected() {
    const auto one = crypto::generate_private_key(crypto::fill_random);
    const auto two = crypto::generate_private_key(crypto::fill_random);
    auto a = make(one, crypto::public_of(two), 2);
    auto b = make(two, crypto::public_of(one), 1);
    const auto to_a = [&](const base::udp_endpoint&, base::octets message) {
        static_cast<void>(a->control().receive({{{192, 0, 2, 2}}, 51820}, message, begun, false,
                                               [](const auto&, auto) {}));
    };
    const auto to_b = [&](const base::udp_endpoint&, base::octets message) {
        static_cast<void>(
            b->control().receive({{{192, 0, 2, 1}}, 51820}, message, begun, false, to_a));
    };
    crypto::outgoing nothing{.peer = 0};
    buffer room;
    nothing.packet = room.packet();
    nothing.headroom = crypto::scratch_headroom;
    nothing.tailroom = crypto::scratch_tailroom;
    a->data().encrypt({&nothing, 1}, begun.now_ns);
    static_cast<void>(a->control().poll(begun, to_b));
    std::array<std::uint16_t, 1> due{};
    static_cast<void>(a->data().poll(begun.now_ns, due));
    return a->data().ready(0, begun.now_ns) ? std::move(a) : nullptr;
}

/// The way of a frame to its peer: what a modem's lcore writes and the io lcore encrypts, in
/// batches as they do.
class transmitter {
  public:
    transmitter(crypto::tunnel& tunnel, std::vector<buffer>& room)
        : tunnel_(tunnel), room_(room), octets_(frame_octets, 0x5A), router_(config()) {
        frame_.octets = octets_;
    }

    void run() {
        std::size_t at = 0;
        const auto take = [&](std::size_t) { return room_[at].whole(); };
        const auto commit = [&](std::uint32_t peer, std::size_t size) {
            batch_[at] = {.packet = room_[at].packet(),
                          .length = static_cast<std::uint32_t>(size),
                          .headroom = crypto::scratch_headroom,
                          .tailroom = crypto::scratch_tailroom,
                          .peer = static_cast<std::uint16_t>(peer),
                          .any_destination = true};
            ++at;
        };
        const delivery::output out{.take = take, .commit = commit};
        for (std::size_t i = 0; i < buffers; ++i) {
            router_.frame(frame_, out);
        }
        tunnel_.data().encrypt(batch_, begun.now_ns);
        for (const crypto::outgoing& one : batch_) {
            failed +=
                one.status == crypto::encrypt_status::sent && one.length == inner_octets ? 0U : 1U;
        }
    }

    std::uint64_t failed = 0;

  private:
    static constexpr std::size_t frame_octets =
        inner_octets - base::ipv4_header_octets - base::udp_header_octets;

    static delivery::router_config config() {
        delivery::route one{.to = {{.peer = 0, .mtu_octets = inner_mtu}}};
        one.flow = {.source = {{{10, 9, 0, 1}}, 50011}, .destination = {{{10, 9, 0, 2}}, 50011}};
        return {.routes = {one}};
    }

    crypto::tunnel& tunnel_;
    std::vector<buffer>& room_;
    std::vector<std::uint8_t> octets_;
    framing::delivered_frame frame_{};
    delivery::router router_;
    std::array<crypto::outgoing, buffers> batch_{};
};

double upper_quartile(std::vector<double>& rates) {
    std::sort(rates.begin(), rates.end());
    return rates[rates.size() * 3 / 4];
}

} // namespace

tunnel_rates measure_tunnel(double seconds) {
    const auto tunnel = crypto::start() ? connected() : nullptr;
    if (!tunnel) {
        return {};
    }
    std::vector<buffer> room(buffers);
    transmitter sender(*tunnel, room);
    std::uint64_t counter = 0;
    const std::array<std::uint8_t, crypto::key_octets> key{1, 2, 3};
    const auto transmit = [&] { sender.run(); };
    const auto one_call = [&] {
        for (buffer& one : room) {
            crypto::seal_one_call(key, ++counter, one.packet(), inner_octets);
        }
    };
    const auto plain = [&] {
        for (buffer& one : room) {
            crypto::seal_plain(key, ++counter, one.packet(), inner_octets);
        }
    };
    const std::array<std::function<void()>, 3> methods{transmit, one_call, plain};
    std::array<std::vector<double>, 3> rates;
    using clock = std::chrono::steady_clock;
    const auto elapsed = [](clock::time_point since) {
        return std::chrono::duration<double>(clock::now() - since).count();
    };
    for (const auto begin = clock::now(); rates[2].size() < 8 || elapsed(begin) < seconds;) {
        for (std::size_t m = 0; m < methods.size(); ++m) {
            double bits = 0.0;
            double took = 0.0;
            for (const auto since = clock::now(); took < 1e-3; took = elapsed(since)) {
                methods[m]();
                bits += 8.0 * inner_octets * buffers;
            }
            rates[m].push_back(bits / took);
        }
    }
    return {sender.failed == 0 ? upper_quartile(rates[0]) : 0.0, upper_quartile(rates[1]),
            upper_quartile(rates[2])};
}

} // namespace landfall::app
