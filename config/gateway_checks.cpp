// SPDX-License-Identifier: MIT
#include "config/gateway_checks.h"

#include "config/checker.h"
#include "crypto/wireguard.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace landfall::config {

namespace {

constexpr std::uint16_t ipv6_mtu_least = 1280; // RFC 8200, section 5
constexpr std::uint16_t af_xdp_mtu_max = 3200; // a frame and its headroom lie in one page

template <class Table>
bool has_family(const Table& table, bool v6) {
    return std::any_of(table.address.begin(), table.address.end(),
                       [&](const base::ip_prefix& one) { return one.address.v6 == v6; });
}

const char* family(bool v6) noexcept {
    return v6 ? "IPv6" : "IPv4";
}

} // namespace

std::uint16_t tunnel_mtu_max(const gateway& source) noexcept {
    const port_settings* port =
        source.tunnel ? find_named(source.ports, source.tunnel->port) : nullptr;
    if (port == nullptr)
        return 0;
    // A peer without an endpoint comes from wherever it is.
    const bool v6 =
        std::any_of(source.peers.begin(), source.peers.end(), [&](const peer_settings& peer) {
            return peer.endpoint ? peer.endpoint->address.v6 : has_family(*port, true);
        });
    return static_cast<std::uint16_t>(crypto::inner_mtu_of(port->mtu, v6));
}

void checker::wrong(const origin& at, std::string message) {
    if (at.source != nullptr)
        errors_.add(*at.source, at.at, std::move(message));
    else
        errors_.add(all_.sources.front()->name, std::move(message));
}

void checker::warn(const origin& at, std::string message) {
    if (at.source != nullptr)
        all_.warnings.add(*at.source, at.at, std::move(message));
    else
        all_.warnings.add(all_.sources.front()->name, std::move(message));
}

void checker::check_lcores() {
    const lcore_settings& lcores = all_.lcores;
    for (std::size_t i = 0; i < lcores.modem.size(); ++i)
        if (std::find(lcores.io.begin(), lcores.io.end(), lcores.modem[i]) != lcores.io.end())
            wrong(item_origin(lcores.given, "modem", i),
                  fmt::format("modem: CPU {} is one of io, too; on a machine of one CPU leave both "
                              "out",
                              lcores.modem[i]));
}

void checker::check_port(const port_settings& port) {
    for (std::size_t i = 0; i < port.gateway.size(); ++i) {
        const base::ip_address& via = port.gateway[i];
        const origin at = item_origin(port.given, "gateway", i);
        for (std::size_t j = 0; j < i; ++j)
            if (port.gateway[j].v6 == via.v6)
                wrong(at, fmt::format("gateway: a second one for {}", family(via.v6)));
        const auto own = [&](const base::ip_prefix& one) { return one.address == via; };
        const auto near = [&](const base::ip_prefix& one) { return one.contains(via); };
        if (!sound(port.given, "address"))
            continue;
        if (std::any_of(port.address.begin(), port.address.end(), own))
            wrong(at, fmt::format("gateway: {} is the port's own address", to_text(via)));
        else if (std::none_of(port.address.begin(), port.address.end(), near))
            wrong(at, fmt::format("gateway: {} is in no network of the port's addresses",
                                  to_text(via)));
    }
    if (has_family(port, true) && port.mtu < ipv6_mtu_least && sound(port.given, "mtu"))
        wrong(origin_of(port.given, "mtu"),
              fmt::format("mtu: IPv6 needs at least {}", ipv6_mtu_least));
    if (port.device.starts_with("net_af_xdp") && port.mtu > af_xdp_mtu_max &&
        sound(port.given, "mtu"))
        wrong(origin_of(port.given, "mtu"),
              fmt::format("mtu: net_af_xdp takes at most {}; net_af_packet takes more",
                          af_xdp_mtu_max));
}

/// The interface of the kernel that a device stands on, or nothing. That of a tap is its own.
static std::string_view kernel_interface(std::string_view device) {
    constexpr std::string_view key = ",iface=";
    const auto at = device.find(key);
    if (at == std::string_view::npos || device.starts_with("net_tap"))
        return {};
    device.remove_prefix(at + key.size());
    return device.substr(0, device.find(','));
}

/// Whether two texts name one device: the first word of each, where it is a PCI address or has a
/// number, or else all.
static bool same_device(std::string_view one, std::string_view other) {
    const std::string_view first = one.substr(0, one.find(','));
    const bool numbered = !first.empty() && first.back() >= '0' && first.back() <= '9';
    return one == other || (numbered && first == other.substr(0, other.find(',')));
}

void checker::check_ports() {
    check_names(all_.ports, "port");
    for (std::size_t i = 0; i < all_.ports.size(); ++i) {
        const port_settings& port = all_.ports[i];
        const std::string_view interface = kernel_interface(port.device);
        check_port(port);
        for (std::size_t j = 0; j < i; ++j) {
            const port_settings& other = all_.ports[j];
            if (!port.device.empty() && same_device(port.device, other.device))
                wrong(origin_of(port.given, "device"),
                      fmt::format("device: is another port's, {}",
                                  place(origin_of(other.given, "device"))));
            else if (!interface.empty() && interface == kernel_interface(other.device))
                wrong(origin_of(port.given, "device"),
                      fmt::format("device: the interface {} is another port's, {}",
                                  printable(interface, 40),
                                  place(origin_of(other.given, "device"))));
            for (std::size_t k = 0; k < port.address.size(); ++k)
                for (std::size_t m = 0; m < other.address.size(); ++m)
                    if (port.address[k].overlaps(other.address[m]))
                        wrong(item_origin(port.given, "address", k),
                              fmt::format("address: the network of {} overlaps that of {}, {}",
                                          to_text(port.address[k]), to_text(other.address[m]),
                                          place(item_origin(other.given, "address", m))));
        }
    }
}

void checker::warn_of_any_stream(const carrier_settings& one) {
    const bool shared = std::any_of(all_.carriers.begin(), all_.carriers.end(), [&](auto& other) {
        return other.port == one.port && other.udp_port != one.udp_port;
    });
    if (shared && !one.stream_id && sound(one.given, "stream_id"))
        warn(one.at, fmt::format("stream_id: carrier \"{}\" has none, and takes any stream that "
                                 "comes to UDP port {} of port \"{}\", which it shares",
                                 printable(one.name, 64), one.udp_port, printable(one.port, 64)));
}

void checker::check_carriers() {
    check_names(all_.carriers, "carrier");
    for (std::size_t i = 0; i < all_.carriers.size(); ++i) {
        const carrier_settings& one = all_.carriers[i];
        if (one.port.empty())
            continue;
        // Without any port the file is one for `replay`; `run` asks for them on its own.
        if (!all_.ports.empty())
            check_reference(origin_of(one.given, "port"), "port", one.port, all_.ports);
        warn_of_any_stream(one);
        for (std::size_t j = 0; j < i; ++j) {
            const carrier_settings& other = all_.carriers[j];
            if (one.port != other.port || one.udp_port != other.udp_port ||
                !sound(one.given, "stream_id") || !sound(other.given, "stream_id"))
                continue;
            const std::string where =
                fmt::format("port \"{}\", UDP port {}: {}", printable(one.port, 64), one.udp_port,
                            place(other.at));
            if (one.stream_id && other.stream_id) {
                if (*one.stream_id == *other.stream_id)
                    wrong(origin_of(one.given, "stream_id"),
                          "stream_id: another carrier has the same on " + where);
            } else {
                wrong(one.at, "stream_id: both carriers need one on " + where);
            }
        }
        if (all_.tunnel && all_.tunnel->port == one.port &&
            all_.tunnel->listen_port == one.udp_port)
            wrong(all_.tunnel->at,
                  fmt::format("listen_port: {} is the udp_port of a carrier on the same port, {}",
                              one.udp_port, place(one.at)));
    }
}

void checker::check_tunnel_mtu(const port_settings& port) {
    const tunnel_settings& tunnel = *all_.tunnel;
    if (!sound(port.given, "mtu") || !sound(tunnel.given, "mtu"))
        return;
    const unsigned most = tunnel_mtu_max(all_);
    const unsigned padded = tunnel.mtu ? (*tunnel.mtu + 15U) / 16 * 16 : most;
    if (padded > most)
        wrong(origin_of(tunnel.given, "mtu"),
              fmt::format("mtu: {} does not go through port \"{}\" with its mtu of {}: {} at most",
                          *tunnel.mtu, port.name, port.mtu, most));
    else if (has_family(tunnel, true) &&
             tunnel.mtu.value_or(static_cast<std::uint16_t>(most)) < ipv6_mtu_least)
        wrong(tunnel.mtu ? origin_of(tunnel.given, "mtu") : tunnel.at,
              fmt::format("mtu: IPv6 inside the tunnel needs at least {}; port \"{}\" lets {} "
                          "through",
                          ipv6_mtu_least, port.name, most));
}

void checker::check_tunnel() {
    if (!all_.tunnel)
        return;
    const tunnel_settings& tunnel = *all_.tunnel;
    const port_settings* port = find_named(all_.ports, tunnel.port);
    if (!tunnel.port.empty() && sound(tunnel.given, "port")) {
        const origin at = origin_of(tunnel.given, "port");
        check_reference(at, "port", tunnel.port, all_.ports);
        if (port != nullptr && port->address.empty() && sound(port->given, "address"))
            wrong(at, fmt::format("port: \"{}\" has no address", port->name));
    }
    for (std::size_t i = 0; i < tunnel.address.size(); ++i)
        for (const port_settings& one : all_.ports)
            for (std::size_t j = 0; j < one.address.size(); ++j)
                if (tunnel.address[i].overlaps(one.address[j]))
                    wrong(item_origin(tunnel.given, "address", i),
                          fmt::format("address: the network of {} overlaps that of {} on port "
                                      "\"{}\", {}",
                                      to_text(tunnel.address[i]), to_text(one.address[j]), one.name,
                                      place(item_origin(one.given, "address", j))));
    if (port != nullptr)
        check_tunnel_mtu(*port);
}

void checker::check_endpoint(const peer_settings& peer) {
    const base::ip_address& to = peer.endpoint->address;
    const origin at = origin_of(peer.given, "endpoint");
    if (to.unspecified() || to.multicast()) {
        wrong(at, fmt::format("endpoint: {} is not the address of a host", to_text(to)));
        return;
    }
    const port_settings* port = all_.tunnel ? find_named(all_.ports, all_.tunnel->port) : nullptr;
    if (port == nullptr || !sound(port->given, "address") || !sound(port->given, "gateway"))
        return;
    const auto own = [&](const base::ip_prefix& one) { return one.address == to; };
    const auto near = [&](const base::ip_prefix& one) { return one.contains(to); };
    const auto routed = [&](const base::ip_address& one) { return one.v6 == to.v6; };
    if (std::any_of(port->address.begin(), port->address.end(), own))
        wrong(at, fmt::format("endpoint: {} is the own address of port \"{}\"", to_text(to),
                              port->name));
    else if (!has_family(*port, to.v6))
        wrong(at,
              fmt::format("endpoint: port \"{}\" has no {} address", port->name, family(to.v6)));
    else if (std::none_of(port->address.begin(), port->address.end(), near) &&
             std::none_of(port->gateway.begin(), port->gateway.end(), routed))
        wrong(at, fmt::format("endpoint: {} is in no network of port \"{}\", which has no {} "
                              "gateway",
                              to_text(to), port->name, family(to.v6)));
}

void checker::check_allowed_ips(const peer_settings& peer, std::span<const peer_settings> before) {
    for (std::size_t i = 0; i < peer.allowed_ips.size() && !errors_.full(); ++i) {
        const base::ip_prefix& one = peer.allowed_ips[i];
        const origin at = item_origin(peer.given, "allowed_ips", i);
        if (all_.tunnel)
            for (const base::ip_prefix& own : all_.tunnel->address)
                if (one.address == own.address && one.length == 8 * one.address.size())
                    wrong(at, fmt::format("allowed_ips: {} is the tunnel's own address",
                                          to_text(one.address)));
        // A group is for several; all else is somebody's, and only his.
        if (one.address.multicast())
            continue;
        for (const peer_settings& other : before)
            for (std::size_t j = 0; j < other.allowed_ips.size(); ++j)
                if (one.overlaps(other.allowed_ips[j]))
                    wrong(at, fmt::format("allowed_ips: {} overlaps {} of peer \"{}\", {}",
                                          to_text(one), to_text(other.allowed_ips[j]),
                                          printable(other.name, 64),
                                          place(item_origin(other.given, "allowed_ips", j))));
    }
}

void checker::check_peers() {
    check_names(all_.peers, "peer");
    for (std::size_t i = 0; i < all_.peers.size(); ++i) {
        const peer_settings& peer = all_.peers[i];
        const auto before = std::span(all_.peers).first(i);
        for (const peer_settings& other : before) {
            if (!peer.public_key.empty() && peer.public_key == other.public_key &&
                sound(peer.given, "public_key"))
                wrong(origin_of(peer.given, "public_key"),
                      fmt::format("public_key: is another peer's, {}",
                                  place(origin_of(other.given, "public_key"))));
            if (peer.endpoint && peer.endpoint == other.endpoint)
                warn(origin_of(peer.given, "endpoint"),
                     fmt::format("endpoint: is another peer's, too, {}",
                                 place(origin_of(other.given, "endpoint"))));
        }
        if (peer.endpoint && sound(peer.given, "endpoint"))
            check_endpoint(peer);
        check_allowed_ips(peer, before);
    }
}

void checker::check_needs() {
    const source_text& main = *all_.sources.front();
    if (all_.carriers.empty())
        errors_.add(main.name, "there is no [[carrier]]");
    if (purpose_ == use::replay)
        return;
    if (all_.ports.empty())
        errors_.add(main.name, "there is no [[port]]");
    for (const carrier_settings& one : all_.carriers)
        if (find_origin(one.given, "port") == nullptr)
            wrong(one.at, "the carrier has no port");
    const auto live = std::find_if(all_.routes.begin(), all_.routes.end(),
                                   [](const route_settings& one) { return !one.durable; });
    if (!all_.tunnel && !(all_.peers.empty() && live == all_.routes.end()))
        wrong(all_.peers.empty() ? live->at : all_.peers.front().at,
              "peers and routes need a [tunnel]");
    if (all_.routes.empty())
        all_.warnings.add(main.name, "there is no [[route]]: nothing leaves the gateway");
}

void checker::check_metrics() {
    const base::udp_endpoint& listen = all_.metrics.endpoint;
    const origin at = origin_of(all_.metrics.given, "listen");
    if (!all_.metrics.enabled || !sound(all_.metrics.given, "listen"))
        return;
    if (listen.address.v6)
        wrong(at, "listen: metrics are served on IPv4 only, as Debian builds its HTTP library; for "
                  "example \"127.0.0.1:9464\"");
    else if (listen.address.multicast())
        wrong(at, fmt::format("listen: {} is not the address of a host", to_text(listen.address)));
}

void checker::check_host() {
    if (!all_.host)
        return;
    const host_settings& host = *all_.host;
    if (!all_.tunnel)
        wrong(host.at, "the host's interface needs a [tunnel]");
    for (const port_settings& port : all_.ports)
        if (sound(host.given, "interface") && kernel_interface(port.device) == host.interface_name)
            wrong(origin_of(host.given, "interface"),
                  fmt::format("interface: {} is that of port \"{}\", {}", host.interface_name,
                              printable(port.name, 64), place(origin_of(port.given, "device"))));
    for (const peer_settings& peer : all_.peers)
        for (std::size_t i = 0; i < peer.allowed_ips.size(); ++i)
            if (peer.allowed_ips[i].length == 0)
                warn(item_origin(peer.given, "allowed_ips", i),
                     fmt::format("allowed_ips: the host gets no route to {} by {}: its own default "
                                 "route stays",
                                 to_text(peer.allowed_ips[i]), host.interface_name));
}

void checker::check_unused() {
    std::vector<std::string_view> carriers;
    std::vector<std::string_view> peers;
    bool every_carrier = false;
    for (const route_settings& one : all_.routes) {
        carriers.insert(carriers.end(), one.carrier.begin(), one.carrier.end());
        peers.insert(peers.end(), one.to.begin(), one.to.end());
        every_carrier = every_carrier || one.carrier.empty();
    }
    const auto in = [](const std::vector<std::string_view>& list, std::string_view name) {
        return std::find(list.begin(), list.end(), name) != list.end();
    };
    if (!all_.routes.empty())
        for (const carrier_settings& one : all_.carriers)
            if (!every_carrier && !in(carriers, one.name))
                warn(one.at, fmt::format("carrier \"{}\" is in no route", one.name));
    for (const peer_settings& one : all_.peers)
        if (!in(peers, one.name))
            warn(one.at, fmt::format("peer \"{}\" is in no route", one.name));
    for (const tenant_settings& one : all_.tenants)
        if (std::none_of(all_.routes.begin(), all_.routes.end(), [&](const route_settings& route) {
                return route.tenant == one.name ||
                       std::any_of(one.peers.begin(), one.peers.end(), [&](const auto& peer) {
                           return std::find(route.to.begin(), route.to.end(), peer) !=
                                  route.to.end();
                       });
            }))
            warn(one.at, fmt::format("tenant \"{}\" is in no route", one.name));
    for (const port_settings& one : all_.ports) {
        const bool used = (all_.tunnel && all_.tunnel->port == one.name) ||
                          std::any_of(all_.carriers.begin(), all_.carriers.end(),
                                      [&](const auto& c) { return c.port == one.name; });
        if (!used)
            warn(one.at, fmt::format("port \"{}\" is of no carrier and no tunnel", one.name));
    }
    if (all_.tunnel && all_.peers.empty())
        warn(all_.tunnel->at, "the tunnel has no peer");
}

void checker::check() {
    check_needs();
    check_lcores();
    check_ports();
    check_carriers();
    check_tunnel();
    check_peers();
    check_tenants();
    check_routes();
    check_durable_lane();
    check_metrics();
    check_host();
    check_unused();
}

void check_gateway(gateway& source, use purpose, diagnostics& errors) {
    checker(source, purpose, errors).check();
}

} // namespace landfall::config
