// SPDX-License-Identifier: MIT
// A whole WireGuard peer over a UDP socket, for tests against peers that we did not write: answers
// ICMP echo inside of the tunnel, sends echo requests of its own, and serves the user-space socket.
// Prints one line of JSON when its time is over.
#include "base/ip.h"
#include "crypto/keys.h"
#include "crypto/start.h"
#include "crypto/tunnel.h"
#include "crypto/uapi.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

using namespace landfall;

namespace {

crypto::instant now() {
    const auto ns = [](auto time) {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch())
            .count();
    };
    return {ns(std::chrono::steady_clock::now()), ns(std::chrono::system_clock::now())};
}

std::uint16_t checksum(base::octets data) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
        sum += i % 2 == 0 ? std::uint32_t{data[i]} << 8U : data[i];
    }
    while (sum > 0xFFFF) {
        sum = (sum & 0xFFFF) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(~sum);
}

void put16(std::uint8_t* at, std::uint16_t value) {
    at[0] = static_cast<std::uint8_t>(value >> 8U);
    at[1] = static_cast<std::uint8_t>(value);
}

class peer {
  public:
    peer(std::map<std::string, std::string>& options)
        : options_(options),
          tunnel_({.control = {.random = crypto::fill_random}, .peers = 4, .inner_mtu = 1408}) {
        socket_ = ::socket(AF_INET6, SOCK_DGRAM, 0);
        sockaddr_in6 own{};
        own.sin6_family = AF_INET6;
        own.sin6_port = htons(static_cast<std::uint16_t>(std::stoi(options["listen"])));
        const int off = 0;
        ::setsockopt(socket_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        if (::bind(socket_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
            std::perror("bind");
            std::exit(1);
        }
        serve();
        configure();
    }

    int run() {
        const auto until = now().now_ns + std::stoll(options_["seconds"]) * crypto::second_ns;
        const auto step = std::stoll(options_["interval-ms"]) * crypto::millisecond_ns;
        std::int64_t next = now().now_ns;
        for (crypto::instant at = now(); at.now_ns < until; at = now()) {
            if (to_send_ > 0 && at.now_ns >= next) {
                next = at.now_ns + step;
                to_send_ -= send_echo() ? 1 : 0;
            }
            tunnel_.control().poll(at, sender_);
            std::array<std::uint16_t, 4> due{};
            for (const std::uint16_t which : tunnel_.data().poll(at.now_ns, due)) {
                send_inner({}, which);
            }
            std::array<pollfd, 2> waiting{{{socket_, POLLIN, 0}, {listener_, POLLIN, 0}}};
            ::poll(waiting.data(), waiting.size(), 2);
            if (waiting[0].revents != 0) {
                receive();
            }
            if (waiting[1].revents != 0) {
                answer();
            }
        }
        report();
        return 0;
    }

  private:
    void serve() {
        if (options_["socket"].empty()) {
            return;
        }
        listener_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un own{};
        own.sun_family = AF_UNIX;
        std::strncpy(own.sun_path, options_["socket"].c_str(), sizeof own.sun_path - 1);
        ::unlink(own.sun_path);
        if (::bind(listener_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0 ||
            ::listen(listener_, 4) != 0) {
            std::perror("socket");
            std::exit(1);
        }
    }

    void configure() {
        crypto::tunnel_change change;
        const auto key_of = [](const std::string& path) {
            auto file = crypto::read_key_file(path);
            if (!file) {
                std::fprintf(stderr, "%s\n", file.error().message.c_str());
                std::exit(file.error().code);
            }
            return std::move(file->key);
        };
        change.key = key_of(options_["key"]);
        change.listen_port = static_cast<std::uint16_t>(std::stoi(options_["listen"]));
        if (!options_["peer"].empty()) {
            auto& other = change.peers.emplace_back();
            other.key = crypto::parse_public_key(options_["peer"]).value();
            other.allowed_ips = {base::parse_prefix(options_["allowed"]).value()};
            other.endpoint = base::parse_endpoint(options_["endpoint"]);
            if (!options_["psk"].empty()) {
                other.preshared = key_of(options_["psk"]);
            }
            other.keepalive_s = static_cast<std::uint16_t>(std::stoi(options_["keepalive"]));
        }
        if (!tunnel_.control().change(std::move(change), now())) {
            std::exit(1);
        }
        to_send_ = std::stoi(options_["send"]);
    }

    void send_datagram(const base::udp_endpoint& to, base::octets data) {
        sockaddr_in6 other{};
        other.sin6_family = AF_INET6;
        other.sin6_port = htons(to.port);
        auto* address = other.sin6_addr.s6_addr;
        if (to.address.v6) {
            std::memcpy(address, to.address.octet.data(), 16);
        } else {
            address[10] = address[11] = 0xFF;
            std::memcpy(address + 12, to.address.octet.data(), 4);
        }
        ::sendto(socket_, data.data(), data.size(), 0, reinterpret_cast<sockaddr*>(&other),
                 sizeof other);
    }

    bool send_inner(base::octets packet, std::uint16_t which) {
        std::vector<std::uint8_t> room(crypto::scratch_headroom + packet.size() +
                                       crypto::scratch_tailroom);
        std::copy(packet.begin(), packet.end(), room.begin() + crypto::scratch_headroom);
        crypto::outgoing out{.packet = room.data() + crypto::scratch_headroom,
                             .length = static_cast<std::uint32_t>(packet.size()),
                             .headroom = crypto::scratch_headroom,
                             .tailroom = crypto::scratch_tailroom,
                             .peer = which};
        tunnel_.data().encrypt({&out, 1}, now().now_ns);
        if (out.status == crypto::encrypt_status::sent) {
            send_datagram(out.endpoint, {out.datagram, out.datagram_length});
        }
        return out.status == crypto::encrypt_status::sent;
    }

    bool send_echo() {
        // IPv4, echo request; its length goes through all of what the MTU allows.
        const std::size_t length = 28 + static_cast<std::size_t>(sent_ * 37 % 1300);
        std::array<std::uint8_t, 1400> packet;
        packet.fill(0x5A);
        const std::array<std::uint8_t, 12> head{0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0};
        std::copy(head.begin(), head.end(), packet.begin());
        put16(&packet[2], static_cast<std::uint16_t>(length));
        const auto address = [&](const std::string& name, std::size_t at) {
            const auto parsed = base::parse_ip(options_[name]).value();
            std::copy_n(parsed.octet.begin(), 4, packet.data() + at);
        };
        address("inner", 12);
        address("target", 16);
        put16(&packet[10], checksum(base::octets(packet).first(20)));
        packet[20] = 8;
        packet[21] = packet[22] = packet[23] = 0;
        put16(&packet[26], static_cast<std::uint16_t>(sent_));
        const auto whole = base::octets(packet).first(length);
        put16(&packet[22], checksum(whole.subspan(20)));
        const bool good = send_inner(whole, crypto::no_peer);
        sent_ += good ? 1 : 0;
        return good;
    }

    void receive() {
        std::array<std::uint8_t, 2048> room{};
        sockaddr_in6 from{};
        socklen_t size = sizeof from;
        const ssize_t got = ::recvfrom(socket_, room.data(), room.size(), 0,
                                       reinterpret_cast<sockaddr*>(&from), &size);
        if (got <= 0) {
            return;
        }
        base::udp_endpoint source{.address = {}, .port = ntohs(from.sin6_port)};
        source.address.v6 = !IN6_IS_ADDR_V4MAPPED(&from.sin6_addr);
        std::memcpy(source.address.octet.data(),
                    from.sin6_addr.s6_addr + (source.address.v6 ? 0 : 12), source.address.size());
        crypto::incoming in{
            .datagram = room.data(), .length = static_cast<std::uint32_t>(got), .source = source};
        const crypto::instant at = now();
        tunnel_.data().decrypt({&in, 1}, at.now_ns);
        if (in.status == crypto::decrypt_status::handshake) {
            tunnel_.control().receive(source, {room.data(), in.length}, at, false, sender_);
        } else if (in.status == crypto::decrypt_status::packet) {
            take_inner({in.packet, in.packet_length}, in.peer);
        }
    }

    void take_inner(std::span<std::uint8_t> packet, std::uint16_t which) {
        if (packet.size() < 28 || packet[0] != 0x45 || packet[9] != 1) {
            return;
        }
        if (packet[20] == 0 && checksum(packet.subspan(20)) == 0) {
            ++replies_;
        } else if (packet[20] == 8) {
            std::vector<std::uint8_t> reply(packet.begin(), packet.end());
            std::swap_ranges(reply.begin() + 12, reply.begin() + 16, reply.begin() + 16);
            reply[20] = 0;
            put16(&reply[22], 0);
            put16(&reply[22], checksum(base::octets(reply).subspan(20)));
            answered_ += send_inner(reply, which) ? 1 : 0;
        }
    }

    void answer() {
        const int connection = ::accept(listener_, nullptr, nullptr);
        std::string request;
        std::array<char, 4096> room{};
        while (crypto::uapi_length(request) == 0) {
            const ssize_t got = ::read(connection, room.data(), room.size());
            if (got <= 0) {
                break;
            }
            request.append(room.data(), static_cast<std::size_t>(got));
        }
        // `wg` also connects just to see whether anyone is there.
        if (crypto::uapi_length(request) != 0) {
            const std::string reply = crypto::answer_uapi(tunnel_.control(), request, now());
            ::send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
        }
        ::close(connection);
    }

    void report() {
        const auto& numbers = tunnel_.numbers().peer[0];
        std::printf("{\"sent\": %d, \"replies\": %d, \"answered\": %d, \"started\": %llu, "
                    "\"completed\": %llu, \"bad\": %llu}\n",
                    sent_, replies_, answered_,
                    static_cast<unsigned long long>(numbers.handshakes_started.value()),
                    static_cast<unsigned long long>(numbers.handshakes_completed.value()),
                    static_cast<unsigned long long>(
                        numbers.packets.count(crypto::decrypt_status::bad_tag).value() +
                        numbers.packets.count(crypto::decrypt_status::replay).value() +
                        numbers.packets.count(crypto::decrypt_status::bad_packet).value() +
                        numbers.packets.count(crypto::decrypt_status::bad_source).value()));
    }

    std::map<std::string, std::string>& options_;
    crypto::tunnel tunnel_;
    int socket_ = -1;
    int listener_ = -1;
    int to_send_ = 0;
    int sent_ = 0;
    int replies_ = 0;
    int answered_ = 0;
    const std::function<void(const base::udp_endpoint&, base::octets)> sender_ =
        [this](const base::udp_endpoint& to, base::octets data) { send_datagram(to, data); };
};

} // namespace

/// usage: wireguard-peer NAME=VALUE…
int main(int argc, char** argv) {
    std::map<std::string, std::string> options{
        {"listen", "0"},    {"seconds", "5"},      {"send", "0"},         {"interval-ms", "10"},
        {"keepalive", "0"}, {"inner", "10.9.0.1"}, {"target", "10.9.0.2"}};
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        const auto equals = argument.find('=');
        options[argument.substr(0, equals)] = argument.substr(equals + 1);
    }
    return peer(options).run();
}
