// SPDX-License-Identifier: MIT
#include "dataplane/host_filter.h"

#include "dataplane/icmp.h"

#include <algorithm>
#include <array>

namespace landfall::dataplane {
namespace {

constexpr std::size_t tcp_octets = 20; // RFC 9293, 3.1, without options

/// One of the two, by family: their numbers differ.
constexpr bool is_icmp(std::uint8_t protocol, bool v6) noexcept {
    return protocol == (v6 ? ip_protocol::icmpv6 : ip_protocol::icmp);
}

constexpr bool has_ports(std::uint8_t protocol) noexcept {
    return protocol == ip_protocol::tcp || protocol == ip_protocol::udp;
}

/// RFC 792 without redirects and source quench (RFC 6633); RFC 4443, 2.1.
constexpr bool is_error(std::uint8_t type, bool v6) noexcept {
    return v6 ? type >= 1 && type <= 4 : type == 3 || type == 11 || type == 12;
}

/// They change whom a host sends to; at a tunnel's end there is nothing to change.
constexpr bool changes_routes(std::uint8_t type, bool v6) noexcept {
    return v6 ? type >= 133 && type <= 137 : type == 5;
}

std::expected<ip_header, host_drop> read_ip(base::octets packet) noexcept {
    if (packet.empty()) {
        return std::unexpected(host_drop::malformed);
    }
    const auto read = packet[0] >> 4U == 6 ? parse_ipv6(packet) : parse_ipv4(packet);
    if (!read) {
        return std::unexpected(read.error() == rx_drop::ip_fragment ? host_drop::fragment
                                                                    : host_drop::malformed);
    }
    const std::size_t least = read->protocol == ip_protocol::tcp ? tcp_octets : udp_octets;
    const bool known = has_ports(read->protocol) || is_icmp(read->protocol, read->source.v6);
    if (known && read->total - read->octets < least) {
        return std::unexpected(host_drop::malformed);
    }
    return *read;
}

} // namespace

const char* name(host_drop why) noexcept {
    static constexpr std::array names{"host_filter", "host_malformed", "host_fragment",
                                      "host_source"};
    static_assert(names.size() == host_drops);
    return names[static_cast<std::size_t>(why)];
}

host_filter::host_filter(const host_filter_config& config)
    : addresses_(config.addresses), flows_(most_flows) {
    for (const host_allowance& one : config.allow) {
        if (one.protocol == ip_protocol::tcp) {
            tcp_.set(one.port);
        } else if (one.protocol == ip_protocol::udp) {
            udp_.set(one.port);
        } else if (one.protocol == ip_protocol::icmp) {
            icmp_ = true;
        }
    }
}

std::expected<void, host_drop> host_filter::to_host(base::octets packet,
                                                    time_ns now) const noexcept {
    const auto ip = read_ip(packet);
    if (!ip) {
        return std::unexpected(ip.error());
    }
    const base::octets message = packet.subspan(ip->octets, ip->total - ip->octets);
    bool passes = false;
    if (has_ports(ip->protocol)) {
        const flow answer{.local = ip->destination,
                          .remote = ip->source,
                          .local_port = load_u16(message, 2),
                          .remote_port = load_u16(message, 0),
                          .protocol = ip->protocol};
        passes = may_begin(ip->protocol, answer.local_port) || known(answer, now);
    } else if (is_icmp(ip->protocol, ip->source.v6)) {
        passes = icmp_passes(message, *ip, now);
    }
    if (!passes || !own(ip->destination)) {
        return std::unexpected(host_drop::not_allowed);
    }
    return {};
}

bool host_filter::icmp_passes(base::octets message, const ip_header& ip,
                              time_ns now) const noexcept {
    const bool v6 = ip.source.v6;
    const std::uint8_t type = message[0];
    if (changes_routes(type, v6)) {
        return false;
    }
    if (icmp_) {
        return true;
    }
    if (is_error(type, v6)) {
        return concerns_us(message.subspan(icmp_octets), v6, now);
    }
    return type == (v6 ? icmp_type::echo_reply_v6 : icmp_type::echo_reply) &&
           known({.local = ip.destination,
                  .remote = ip.source,
                  .local_port = load_u16(message, 4),
                  .protocol = ip.protocol},
                 now);
}

/// The beginning of a packet that an ICMP error repeats: at least the ports are there (RFC 792).
bool host_filter::concerns_us(base::octets repeated, bool v6, time_ns now) const noexcept {
    const std::size_t least = v6 ? ipv6_octets : ipv4_octets;
    if (repeated.size() < least || repeated[0] >> 4U != (v6 ? 6 : 4)) {
        return false;
    }
    const std::size_t header = v6 ? least : 4 * std::size_t{repeated[0] & 15U};
    if (header < least || repeated.size() < header + icmp_octets) {
        return false;
    }
    const std::size_t source_at = v6 ? 8 : 12;
    const std::size_t octets = v6 ? 16 : 4;
    const base::octets ports = repeated.subspan(header);
    flow sent{.local = *base::ip_address::of(repeated.subspan(source_at, octets)),
              .remote = *base::ip_address::of(repeated.subspan(source_at + octets, octets)),
              .local_port = load_u16(ports, 0),
              .remote_port = load_u16(ports, 2),
              .protocol = repeated[v6 ? 6 : 9]};
    if (is_icmp(sent.protocol, v6)) {
        sent.local_port = load_u16(ports, 4);
        sent.remote_port = 0;
    }
    return known(sent, now) || may_begin(sent.protocol, sent.local_port);
}

std::expected<void, host_drop> host_filter::from_host(base::octets packet, time_ns now) noexcept {
    const auto ip = read_ip(packet);
    if (!ip) {
        return std::unexpected(ip.error());
    }
    if (!own(ip->source)) {
        return std::unexpected(host_drop::foreign_source);
    }
    const base::octets message = packet.subspan(ip->octets, ip->total - ip->octets);
    flow sent{.local = ip->source, .remote = ip->destination, .protocol = ip->protocol};
    if (has_ports(ip->protocol)) {
        sent.local_port = load_u16(message, 0);
        sent.remote_port = load_u16(message, 2);
        if (!may_begin(ip->protocol, sent.local_port)) {
            remember(sent, now);
        }
    } else if (is_icmp(ip->protocol, ip->source.v6) &&
               message[0] ==
                   (ip->source.v6 ? icmp_type::echo_request_v6 : icmp_type::echo_request)) {
        sent.local_port = load_u16(message, 4);
        remember(sent, now);
    }
    return {};
}

/// FNV-1a. Others cannot choose what is remembered, so that it needs no secret.
std::size_t host_filter::set_of(const flow& key) noexcept {
    std::uint64_t hash = 0xCBF29CE484222325;
    const auto mix = [&](std::uint64_t value) { hash = (hash ^ value) * 0x100000001B3; };
    for (const std::uint8_t octet : key.remote.bytes()) {
        mix(octet);
    }
    mix(key.local_port);
    mix(key.remote_port);
    mix(key.protocol);
    return (hash ^ hash >> 32U) % (most_flows / ways) * ways;
}

bool host_filter::known(const flow& key, time_ns now) const noexcept {
    const auto set = std::span(flows_).subspan(set_of(key), ways);
    return std::ranges::any_of(set,
                               [&](const entry& one) { return one.until > now && one.key == key; });
}

void host_filter::remember(const flow& key, time_ns now) noexcept {
    const auto set = std::span(flows_).subspan(set_of(key), ways);
    auto place = std::ranges::find(set, key, &entry::key);
    if (place == set.end()) {
        place = std::ranges::min_element(set, {}, &entry::until);
    }
    const time_ns idle = key.protocol == ip_protocol::tcp   ? tcp_idle_ns
                         : key.protocol == ip_protocol::udp ? udp_idle_ns
                                                            : icmp_idle_ns;
    *place = {key, now + idle};
}

bool host_filter::may_begin(std::uint8_t protocol, std::uint16_t port) const noexcept {
    return (protocol == ip_protocol::tcp && tcp_.test(port)) ||
           (protocol == ip_protocol::udp && udp_.test(port));
}

bool host_filter::own(const base::ip_address& address) const noexcept {
    return std::ranges::find(addresses_, address) != addresses_.end();
}

} // namespace landfall::dataplane
