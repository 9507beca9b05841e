// SPDX-License-Identifier: MIT
// Tunnels' stages on the two ends of a cable, polled by the test itself, whose clock it moves.
#pragma once

#include "app/tunnel_stage.h"
#include "base/ip_header.h"
#include "base/put.h"
#include "crypto/keys.h"
#include "crypto/start.h"
#include "dataplane/cable.h"
#include "dataplane/device.h"
#include "dataplane/icmp.h"
#include "tests/unit/dataplane/end.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace landfall::test {

using dataplane::must;
inline constexpr std::int64_t ms = crypto::millisecond_ns;
inline constexpr std::uint16_t mtu = 1500;

inline std::string unique_name(const char* what) {
    static unsigned next = 0;
    return what + std::to_string(next++);
}
inline std::unique_ptr<dataplane::packet_pool> make_pool(std::size_t packets,
                                                         std::size_t data_octets) {
    return must(dataplane::packet_pool::create({unique_name("pool"), packets, data_octets}));
}
/// Party N's inside the tunnel.
inline base::ip_address inner_of(std::uint8_t number) {
    return {{10, 9, 0, number}};
}
inline std::uint16_t port_of(std::uint8_t number) {
    return static_cast<std::uint16_t>(51820 + number);
}

/// An IPv4 packet between parties of 100 octets that carries a number, UDP or an echo request.
inline std::vector<std::uint8_t> numbered(std::uint8_t from, std::uint8_t to, std::uint8_t number,
                                          bool echo = false) {
    std::vector<std::uint8_t> packet(100);
    base::write_ip({.source = inner_of(from),
                    .destination = inner_of(to),
                    .protocol = echo ? dataplane::ip_protocol::icmp : dataplane::ip_protocol::udp,
                    .total = packet.size()},
                   packet);
    const std::span<std::uint8_t> datagram = std::span(packet).subspan(20);
    if (echo) {
        datagram[0] = 8;
    } else {
        base::write_udp(80, 80, datagram.size(), datagram); // without a checksum
    }
    packet[40] = number;
    if (echo) {
        base::put_u16(datagram, 2, base::checksum_of(base::add_words(0, datagram)));
    }
    return packet;
}

/// An end of the cable.
struct site {
    site(const std::string& name, const base::ip_prefix& address,
         std::span<const std::uint8_t> parties)
        : pool(make_pool(511, dataplane::rx_data_octets(mtu))),
          device(must(dataplane::port::open({.name = unique_name("p"), .device = name, .mtu = mtu},
                                            *pool))),
          stack(config_of(address, parties), *device, *pool) {}

    static dataplane::stack_config config_of(const base::ip_prefix& address,
                                             std::span<const std::uint8_t> parties) {
        dataplane::stack_config config{
            .vlan = {}, .address = {address}, .gateway = {}, .flows = {}};
        for (const std::uint8_t one : parties) {
            config.flows.push_back({.port = port_of(one), .word = {}});
        }
        return config;
    }

    std::unique_ptr<dataplane::packet_pool> pool;
    std::unique_ptr<dataplane::port> device;
    dataplane::stack stack;
};

/// What a party that needs it different has.
struct party_config {
    std::vector<crypto::public_key> reserved{};
    std::size_t staged_packets = 16;
    std::size_t staged_total = 24;
    std::shared_ptr<crypto::tunnel> tunnel{}; ///< another party's
    dataplane::packet_ring* host = nullptr;
};

/// A tunnel and its stage. Inner packets are given to its ring, and those that come are kept.
class party {
  public:
    party(site& at, std::uint8_t number, party_config config = {})
        : packets(make_pool(127, mtu + crypto::scratch_tailroom)),
          messages(make_pool(64, app::tunnel_stage::message_octets)),
          input(must(dataplane::packet_ring::create(unique_name("in"), 256))),
          tunnel(config.tunnel) {
        if (!tunnel) {
            tunnel = std::make_shared<crypto::tunnel>(crypto::tunnel_config{
                .control = {.random = crypto::fill_random, .reserved = config.reserved},
                .peers = 4,
                .inner_mtu = 1408});
        }
        crypto::tunnel_change change;
        if (!config.tunnel) {
            change.key = crypto::private_key::copy_of(key.bytes());
        }
        change.listen_port = port_of(number);
        REQUIRE(tunnel->control().change(std::move(change), {.now_ns = 1}));
        stage.emplace(app::tunnel_stage_config{.peers = 4,
                                               .staged_packets = config.staged_packets,
                                               .staged_total = config.staged_total,
                                               .staged_of_host = 5,
                                               .addresses = {{inner_of(number), 32}},
                                               .inputs = {input.get()},
                                               .sink = {keep, this},
                                               .host = config.host},
                      *tunnel, at.stack, *messages);
    }

    /// As a modem does. False where no packet is free.
    bool submit(base::octets octets, std::uint32_t word) {
        dataplane::packet_burst burst;
        if (!packets->allocate(burst, 1)) {
            return false;
        }
        const auto room = burst[0].append(octets.size());
        std::copy(octets.begin(), octets.end(), room.begin());
        burst[0].set_word(word);
        input->enqueue(burst);
        return true;
    }
    [[nodiscard]] const crypto::peer_numbers& numbers(std::size_t peer = 0) const {
        return tunnel->numbers().peer[peer];
    }
    /// Numbers of the packets that came.
    [[nodiscard]] std::vector<unsigned> arrived() const {
        std::vector<unsigned> all;
        for (const auto& one : received) {
            all.push_back(one.at(40));
        }
        return all;
    }

    crypto::private_key key = crypto::generate_private_key(crypto::fill_random);
    crypto::public_key public_key = crypto::public_of(key);
    std::unique_ptr<dataplane::packet_pool> packets;
    std::unique_ptr<dataplane::packet_pool> messages;
    std::unique_ptr<dataplane::packet_ring> input;
    std::shared_ptr<crypto::tunnel> tunnel;
    std::optional<app::tunnel_stage> stage;
    std::vector<std::vector<std::uint8_t>> received;

  private:
    static void keep(void* self, base::octets packet) noexcept {
        static_cast<party*>(self)->received.emplace_back(packet.begin(), packet.end());
    }
};

inline constexpr std::array<std::uint8_t, 1> near_parties{1};
inline constexpr std::array<std::uint8_t, 3> far_parties{2, 3, 4};

/// Party 1 at one end; at the other 2, 3 and 4, which know where it is only when they are told.
class two_sites {
  public:
    /// Party 1 has 2, 3 and 4 as its peers 0, 1 and 2, with reserved indices.
    explicit two_sites(party_config config = {})
        : cable(must(dataplane::cable::create(unique_name("c")))),
          near_site(cable->device(0), *base::parse_prefix("192.0.2.1/24"), near_parties),
          far_site(cable->device(1), *base::parse_prefix("192.0.2.2/24"), far_parties) {
        for (const std::uint8_t number : far_parties) {
            far.emplace_back(far_site, number);
            config.reserved.push_back(far.back().public_key);
        }
        near.emplace(near_site, std::uint8_t{1}, std::move(config));
        for (std::uint8_t i = 0; i < far.size(); ++i) {
            change_peer(*near, far[i], [&](crypto::peer_change& change) {
                change.endpoint = {{{192, 0, 2, 2}}, port_of(static_cast<std::uint8_t>(i + 2))};
                change.allowed_ips = {{inner_of(static_cast<std::uint8_t>(i + 2)), 32}};
            });
            change_peer(far[i], *near, [&](crypto::peer_change& change) {
                change.allowed_ips = {{inner_of(1), 32}};
            });
        }
        std::vector<dataplane::flow_sink> sinks;
        for (party& one : far) {
            sinks.push_back(one.stage->sink());
        }
        near_loop.emplace(std::vector<dataplane::io_port>{
            {near_site.device.get(), &near_site.stack, {near->stage->sink()}}});
        far_loop.emplace(
            std::vector<dataplane::io_port>{{far_site.device.get(), &far_site.stack, sinks}});
        run(20); // links, and who is where
    }
    ~two_sites() { cable->clear(); }
    two_sites(const two_sites&) = delete;
    two_sites& operator=(const two_sites&) = delete;

    void change_peer(party& of, const party& peer,
                     const std::function<void(crypto::peer_change&)>& how) {
        change_peer(of, peer.public_key, how);
    }
    void change_peer(party& of, const crypto::public_key& peer,
                     const std::function<void(crypto::peer_change&)>& how) {
        crypto::tunnel_change change;
        change.peers.emplace_back().key = peer;
        how(change.peers.back());
        REQUIRE(of.tunnel->control().change(std::move(change), now));
    }
    void remove_peer(party& of, const party& peer) {
        change_peer(of, peer, [](crypto::peer_change& change) { change.remove = true; });
    }
    /// From party 1.
    bool send(std::uint8_t to, std::uint8_t number) {
        return near->submit(numbered(1, to, number), static_cast<std::uint32_t>(to - 2));
    }
    void turn(party& one) {
        one.stage->poll(now.now_ns);
        one.stage->run_handshakes(now);
        one.stage->send_handshakes();
    }
    void run(std::int64_t milliseconds, std::int64_t step_ms = 1) {
        for (std::int64_t i = 0; i < milliseconds; i += step_ms) {
            now.now_ns += step_ms * ms;
            now.unix_ns += step_ms * ms;
            turn(*near);
            near_loop->step(now.now_ns);
            if (cut) {
                cable->clear();
                continue;
            }
            for (party& one : far) {
                turn(one);
            }
            far_loop->step(now.now_ns);
        }
    }

    crypto::instant now{.now_ns = 1'000'000 * ms, .unix_ns = 1'800'000'000'000 * ms};
    bool cut = false; ///< nothing gets through
    std::unique_ptr<dataplane::cable> cable;
    site near_site;
    site far_site;
    std::deque<party> far;
    std::optional<party> near;
    std::optional<dataplane::io_loop> near_loop;
    std::optional<dataplane::io_loop> far_loop;
};

} // namespace landfall::test
