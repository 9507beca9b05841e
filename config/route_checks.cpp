// SPDX-License-Identifier: MIT
#include "config/checker.h"
#include "config/gateway_keys.h"
#include "crypto/wireguard.h"

#include <fmt/format.h>

#include <array>

namespace landfall::config {

namespace {

using crypto::udp_ipv4_octets;
using crypto::udp_ipv6_octets;
constexpr std::size_t frame_header_octets = 24;

constexpr std::array<std::string_view, 4> payload_names{"frames", "packets", "ip", "iq"};

std::string_view name(payload as) noexcept {
    return payload_names[static_cast<std::size_t>(as)];
}

/// A key of a route, and the payloads that it means something for.
struct meaning {
    std::string_view key;
    std::array<bool, 4> of; ///< by payload
};

constexpr std::array<meaning, 8> meanings{{{"vcid", {true, true, true, false}},
                                           {"spacecraft_id", {true, true, true, false}},
                                           {"apid", {false, true, false, false}},
                                           {"fill", {true, false, false, false}},
                                           {"header", {true, false, false, false}},
                                           {"udp", {true, true, false, true}},
                                           {"source", {false, false, true, false}},
                                           {"destination", {false, false, true, false}}}};

bool selects_the_same(const route_settings& one, const route_settings& other) {
    return one.carrier == other.carrier && one.vcid == other.vcid &&
           one.spacecraft_id == other.spacecraft_id && one.apid == other.apid &&
           one.fill == other.fill && one.to == other.to && one.as == other.as &&
           one.header == other.header && one.udp == other.udp && one.source == other.source &&
           one.destination == other.destination && one.tenant == other.tenant &&
           one.durable == other.durable;
}

/// Whether a key has another value than its default: an empty list may always stand.
bool says_something(const route_settings& route, std::string_view key) {
    for (const auto& one : table_keys<route_settings>())
        if (one.name == key)
            return one.text(route) != one.text({});
    return false;
}

bool allows(const peer_settings& peer, const base::ip_address& address) {
    return std::any_of(peer.allowed_ips.begin(), peer.allowed_ips.end(),
                       [&](const base::ip_prefix& one) { return one.contains(address); });
}

} // namespace

void checker::check_route_keys(const route_settings& route) {
    if (!sound(route.given, "as"))
        return;
    for (const meaning& one : meanings)
        if (!one.of[static_cast<std::size_t>(route.as)] && says_something(route, one.key)) {
            std::string list;
            for (std::size_t i = 0; i < payload_names.size(); ++i)
                if (one.of[i])
                    list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", payload_names[i]);
            wrong(
                origin_of(route.given, one.key),
                fmt::format("{}: is for routes as {}, not \"{}\"", one.key, list, name(route.as)));
        }
    if (route.durable)
        return;
    if (find_origin(route.given, "to") == nullptr)
        wrong(route.at, "the route has no to");
    else if (route.to.empty() && sound(route.given, "to"))
        wrong(origin_of(route.given, "to"), "to: empty");
    if (route.as != payload::ip && find_origin(route.given, "udp") == nullptr)
        wrong(route.at,
              fmt::format("the route has no udp, its destination as \"{}\"", name(route.as)));
}

void checker::check_route_destination(const route_settings& route) {
    if (!route.udp || route.as == payload::ip || !sound(route.given, "udp"))
        return;
    const base::ip_address& to = route.udp->address;
    const origin at = origin_of(route.given, "udp");
    if (all_.tunnel && sound(all_.tunnel->given, "address")) {
        const auto& own = all_.tunnel->address;
        if (std::any_of(own.begin(), own.end(), [&](const auto& one) { return one.address == to; }))
            wrong(at, fmt::format("udp: {} is the tunnel's own address", to_text(to)));
        else if (!own.empty() && std::none_of(own.begin(), own.end(), [&](const auto& one) {
                     return one.address.v6 == to.v6;
                 }))
            wrong(at, fmt::format("udp: the tunnel has no {} address", to.v6 ? "IPv6" : "IPv4"));
    }
    // Several peers get copies of what goes to one of them: each may have such an address.
    const bool known = std::any_of(route.to.begin(), route.to.end(), [&](const std::string& named) {
        const peer_settings* peer = find_named(all_.peers, named);
        return peer == nullptr || !sound(peer->given, "allowed_ips") || allows(*peer, to);
    });
    if (!known && !route.to.empty())
        wrong(at, fmt::format("udp: {} is in no allowed_ips of peer \"{}\"{}", to_text(to),
                              route.to.front(),
                              route.to.size() > 1 ? " or of the route's other peers" : ""));
}

/// Of frames and IQ packets. How large a space packet is only the downlink tells.
void checker::check_sizes(const route_settings& route) {
    const port_settings* port = all_.tunnel ? find_named(all_.ports, all_.tunnel->port) : nullptr;
    const bool frames = route.as == payload::frames;
    if ((!frames && route.as != payload::iq) || !route.udp || port == nullptr)
        return;
    const unsigned most = tunnel_mtu_max(all_);
    // `most` is rounded down by less than 16.
    const bool outer_v6 = port->mtu - most >= crypto::tunnel_overhead(true);
    const unsigned mtu = all_.tunnel->mtu.value_or(static_cast<std::uint16_t>(most));
    for (const carrier_settings& one : all_.carriers) {
        const port_settings* from = find_named(all_.ports, one.port);
        if ((!route.carrier.empty() && std::find(route.carrier.begin(), route.carrier.end(),
                                                 one.name) == route.carrier.end()) ||
            from == nullptr)
            continue;
        const std::size_t size =
            frames ? one.mission.coding.frame_octets : from->mtu - udp_ipv4_octets;
        const std::size_t inner =
            size + (route.udp->address.v6 ? udp_ipv6_octets : udp_ipv4_octets) +
            (route.header == frame_header::landfall ? frame_header_octets : 0);
        if (inner <= mtu)
            continue;
        const std::size_t wanted = crypto::port_mtu_of(inner, outer_v6);
        const std::string cure =
            inner <= most ? std::string("raise mtu of the tunnel")
            : wanted <= base::port_mtu_max
                ? fmt::format("port \"{}\" would need mtu = {}", port->name, wanted)
                : std::string("no Ethernet MTU keeps them whole");
        warn(route.at,
             fmt::format("{} of carrier \"{}\" have {}{} octets, their packets {}; more than the "
                         "{} of the tunnel, they go in fragments: {}",
                         frames ? "frames" : "IQ packets", one.name, frames ? "" : "up to ", size,
                         inner, mtu, cure));
    }
}

void checker::check_routes() {
    for (std::size_t i = 0; i < all_.routes.size() && !errors_.full(); ++i) {
        const route_settings& route = all_.routes[i];
        for (std::size_t k = 0; k < route.carrier.size(); ++k)
            check_reference(item_origin(route.given, "carrier", k), "carrier", route.carrier[k],
                            all_.carriers);
        for (std::size_t k = 0; k < route.to.size(); ++k)
            check_reference(item_origin(route.given, "to", k), "to", route.to[k], all_.peers);
        check_route_keys(route);
        check_route_tenant(route);
        if (route.durable) {
            check_durable_route(route);
        } else {
            check_route_destination(route);
            check_sizes(route);
        }
        for (std::size_t j = 0; j < i; ++j)
            if (selects_the_same(route, all_.routes[j])) {
                wrong(route.at, fmt::format("the same route as {}: everything would be sent twice",
                                            place(all_.routes[j].at)));
                break;
            }
    }
}

} // namespace landfall::config
