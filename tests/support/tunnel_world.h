// SPDX-License-Identifier: MIT
// Tunnels in memory: a clock that only the test moves, and a network that does what the test says.
#pragma once

#include "base/random.h"
#include "crypto/tunnel.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace landfall::test {

using message = std::vector<std::uint8_t>;

inline constexpr std::int64_t ms = crypto::millisecond_ns;
inline constexpr std::int64_t s = crypto::second_ns;

/// Not to be guessed by no one: the same in every run.
inline crypto::randomness seeded(std::uint64_t seed) {
    auto source = std::make_shared<base::random_source>(seed);
    return [source](std::span<std::uint8_t> out) {
        for (std::uint8_t& octet : out) {
            octet = static_cast<std::uint8_t>(source->bits() >> 56U);
        }
    };
}

struct node {
    crypto::private_key key;
    crypto::public_key public_key;
    base::udp_endpoint endpoint; ///< 192.0.2.N
    base::ip_address inner;      ///< 10.9.0.N
    std::unique_ptr<crypto::tunnel> tunnel;
    std::vector<message> received; ///< inner packets
    bool under_load = false;
    bool mute = false; ///< its data half does not send the keepalives that are due

    [[nodiscard]] const crypto::peer_numbers& numbers(std::size_t peer = 0) const {
        return tunnel->numbers().peer[peer];
    }
};

struct flight {
    base::udp_endpoint from;
    base::udp_endpoint to;
    message octets;
    std::int64_t delay_ns = 0;

    [[nodiscard]] std::uint8_t type() const { return octets.at(0); }
};

inline base::udp_endpoint endpoint_of(std::uint8_t number) {
    return {{{192, 0, 2, number}}, 51820};
}
inline base::ip_address inner_of(std::uint8_t number) {
    return {{10, 9, 0, number}};
}

/// An IPv4 packet of `length` octets, at least 24, that carries a number.
inline message inner_packet(const base::ip_address& from, const base::ip_address& to,
                            std::size_t length, std::uint32_t number = 0) {
    message packet(length, 0xA5);
    packet[0] = 0x45;
    packet[2] = static_cast<std::uint8_t>(length >> 8U);
    packet[3] = static_cast<std::uint8_t>(length);
    for (std::size_t i = 0; i < 4; ++i) {
        packet[12 + i] = from.octet[i];
        packet[16 + i] = to.octet[i];
        packet[20 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    }
    return packet;
}

inline std::uint32_t number_of(const message& packet) {
    return std::uint32_t{packet[20]} << 24U | std::uint32_t{packet[21]} << 16U |
           std::uint32_t{packet[22]} << 8U | packet[23];
}

class world {
  public:
    /// Nodes 1 to `count`, which know each other; endpoints of others only where `endpoints`.
    explicit world(std::uint8_t count = 2, bool endpoints = true, std::uint64_t seed = 1) {
        const auto random = seeded(seed);
        for (std::uint8_t i = 1; i <= count; ++i) {
            node made;
            made.key = crypto::generate_private_key(random);
            made.public_key = crypto::public_of(made.key);
            made.endpoint = endpoint_of(i);
            made.inner = inner_of(i);
            nodes.push_back(std::move(made));
        }
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            start(i, endpoints);
        }
    }

    /// Starts, or starts again, a node that knows all others, in the order of their numbers.
    void start(std::size_t which, bool endpoints = true, const crypto::tai64n& last = {}) {
        node& own = nodes[which];
        std::vector<crypto::public_key> reserved;
        for (const node& other : nodes) {
            if (reserve && &other != &own) {
                reserved.push_back(other.public_key);
            }
        }
        own.tunnel = std::make_unique<crypto::tunnel>(
            crypto::tunnel_config{.control = {.random = seeded(1000 * ++starts_ + which),
                                              .last_timestamp = last,
                                              .reserved = std::move(reserved)},
                                  .peers = 4,
                                  .inner_mtu = 1408});
        crypto::tunnel_change change;
        change.key = crypto::private_key::copy_of(own.key.bytes());
        for (const node& other : nodes) {
            if (&other == &own) {
                continue;
            }
            auto& peer = change.peers.emplace_back();
            peer.key = other.public_key;
            peer.allowed_ips = {{other.inner, 32}};
            if (endpoints) {
                peer.endpoint = other.endpoint;
            }
        }
        static_cast<void>(this->change(which, std::move(change)));
    }

    std::expected<void, crypto::change_error> change(std::size_t which,
                                                     crypto::tunnel_change what) {
        return nodes[which].tunnel->control().change(std::move(what), at);
    }
    /// One change of the peer `other` of node `which`.
    void change_peer(std::size_t which, std::size_t other,
                     const std::function<void(crypto::peer_change&)>& how) {
        crypto::tunnel_change change;
        change.peers.emplace_back().key = nodes[other].public_key;
        how(change.peers.back());
        static_cast<void>(this->change(which, std::move(change)));
    }

    /// Encrypts for whoever has the destination, and sends.
    crypto::encrypt_status send(std::size_t from, const message& packet,
                                std::uint16_t peer = crypto::no_peer) {
        message room(crypto::scratch_headroom + packet.size() + crypto::scratch_tailroom);
        std::copy(packet.begin(), packet.end(), room.begin() + crypto::scratch_headroom);
        crypto::outgoing out{.packet = room.data() + crypto::scratch_headroom,
                             .length = static_cast<std::uint32_t>(packet.size()),
                             .headroom = crypto::scratch_headroom,
                             .tailroom = crypto::scratch_tailroom,
                             .peer = peer};
        nodes[from].tunnel->data().encrypt({&out, 1}, at.now_ns);
        if (out.status == crypto::encrypt_status::sent) {
            transmit({nodes[from].endpoint, out.endpoint,
                      message(out.datagram, out.datagram + out.datagram_length)});
        }
        return out.status;
    }
    crypto::encrypt_status send_to(std::size_t from, std::size_t to, std::uint32_t number = 0,
                                   std::size_t length = 100) {
        return send(from, inner_packet(nodes[from].inner, nodes[to].inner, length, number));
    }

    /// Into the air, unless the filter says no.
    void transmit(flight what) {
        if (!filter || filter(what)) {
            const std::int64_t due = at.now_ns + what.delay_ns;
            air.emplace(due, std::move(what));
        }
    }

    /// What a node makes of a datagram.
    crypto::decrypt_status deliver(std::size_t to, const base::udp_endpoint& from, message octets) {
        node& own = nodes[to];
        crypto::incoming in{.datagram = octets.data(),
                            .length = static_cast<std::uint32_t>(octets.size()),
                            .source = from};
        own.tunnel->data().decrypt({&in, 1}, at.now_ns);
        if (in.status == crypto::decrypt_status::handshake) {
            last_handshake =
                own.tunnel->control().receive(from, octets, at, own.under_load, sender_of(own));
        } else if (in.status == crypto::decrypt_status::packet) {
            own.received.emplace_back(in.packet, in.packet + in.packet_length);
        }
        return in.status;
    }

    /// Everything that is due now.
    void settle() {
        while (!air.empty() && air.begin()->first <= at.now_ns) {
            const flight one = std::move(air.begin()->second);
            air.erase(air.begin());
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                if (nodes[i].endpoint == one.to) {
                    deliver(i, one.from, one.octets);
                }
            }
        }
    }
    void poll() {
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            nodes[i].tunnel->control().poll(at, sender_of(nodes[i]));
            std::array<std::uint16_t, 4> due{};
            for (const std::uint16_t peer : nodes[i].tunnel->data().poll(at.now_ns, due)) {
                if (!nodes[i].mute) {
                    send(i, {}, peer);
                }
            }
        }
    }
    /// Time passes.
    void run(std::int64_t duration_ns, std::int64_t step_ns = 10 * ms) {
        for (const std::int64_t until = at.now_ns + duration_ns; at.now_ns < until;) {
            settle();
            poll();
            settle();
            const std::int64_t step = std::min(step_ns, until - at.now_ns);
            at.now_ns += step;
            at.unix_ns += step;
        }
        settle();
        poll();
        settle();
    }
    /// A session of node 0, as the initiator, with node 1.
    void connect() {
        send_to(0, 1);
        run(20 * ms);
    }

    std::function<void(const base::udp_endpoint&, base::octets)>& sender_of(node& own) {
        auto& made = senders_[&own];
        made = [this, &own](const base::udp_endpoint& to, base::octets data) {
            transmit({own.endpoint, to, message(data.begin(), data.end())});
        };
        return made;
    }

    crypto::instant at{.now_ns = 1000 * s, .unix_ns = 1'800'000'000 * s};
    std::vector<node> nodes;
    std::function<bool(flight&)> filter; ///< false: lost
    bool reserve = false; ///< nodes that are started from now on keep an index for each other node
    std::multimap<std::int64_t, flight> air;
    crypto::handshake_status last_handshake = crypto::handshake_status::bad_message;

  private:
    std::map<const node*, std::function<void(const base::udp_endpoint&, base::octets)>> senders_;
    std::uint64_t starts_ = 0;
};

} // namespace landfall::test
