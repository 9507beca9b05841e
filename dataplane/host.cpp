// SPDX-License-Identifier: MIT
#include "dataplane/host.h"

#include "base/ip_header.h"
#include "dataplane/arp.h"
#include "dataplane/icmp.h"

#include <algorithm>

namespace landfall::dataplane {
namespace {

constexpr std::uint8_t answer_hop_limit = 64;

/// A source no packet can have (RFC 1122, 3.2.1.3; RFC 4291). Unspecified is for ND alone.
bool impossible_source(const base::ip_address& address) noexcept {
    if (address.v6) {
        base::ip_address loopback;
        loopback.v6 = true;
        loopback.octet[15] = 1;
        return address.multicast() || address == loopback;
    }
    return address.octet[0] == 0 || address.octet[0] == 127 || address.octet[0] >= 224;
}

} // namespace

struct host::frame {
    std::span<std::uint8_t> buffer;
    base::octets octets; // the frame proper
    const frame_facts& facts;
    time_ns now;
    ethernet_header ethernet;
    ip_header ip;

    [[nodiscard]] base::octets packet() const noexcept { return octets.subspan(ethernet.octets); }
};

host::host(const host_config& config) : config_(config), flows_(config.flows) {
    const bool v6 = std::any_of(config_.address.begin(), config_.address.end(),
                                [](const base::ip_prefix& own) { return own.address.v6; });
    const bool has_link_local =
        std::any_of(config_.address.begin(), config_.address.end(),
                    [](const base::ip_prefix& own) { return link_local(own.address); });
    if (v6 && !has_link_local) {
        config_.address.push_back({link_local_address(config_.mac), 64});
    }
}

bool host::ours(const base::ip_address& address) const noexcept {
    return std::any_of(config_.address.begin(), config_.address.end(),
                       [&](const base::ip_prefix& own) { return own.address == address; });
}

bool host::our_group(const base::ip_address& address) const noexcept {
    return address == all_nodes() ||
           std::any_of(config_.address.begin(), config_.address.end(),
                       [&](const base::ip_prefix& own) {
                           return own.address.v6 && solicited_node(own.address) == address;
                       });
}

std::vector<mac_address> host::groups() const {
    std::vector<mac_address> made;
    for (const base::ip_prefix& own : config_.address) {
        if (own.address.v6) {
            made.push_back(group_mac(solicited_node(own.address)));
        }
    }
    if (!made.empty()) {
        made.push_back(group_mac(all_nodes()));
    }
    std::sort(made.begin(), made.end());
    made.erase(std::unique(made.begin(), made.end()), made.end());
    return made;
}

void host::pin_gateways(time_ns now) noexcept {
    for (const base::ip_address& gateway : config_.gateway) {
        neighbours_.pin(gateway, now);
    }
}

received host::receive(std::span<std::uint8_t> buffer, std::size_t size, const frame_facts& facts,
                       time_ns now) noexcept {
    frame in{buffer, base::octets(buffer).first(size), facts, now, {}, {}};
    const verdict found = sort(in);
    if (!found) {
        count(found.error());
        return {};
    }
    return *found;
}

std::optional<received> host::find_flow(base::octets octets,
                                        const frame_facts& facts) const noexcept {
    frame in{{}, octets, facts, 0, {}, {}};
    if (!read_headers(in) || in.ethernet.type == ether_type::arp ||
        in.ip.protocol != ip_protocol::udp) {
        return {};
    }
    const verdict found = take_udp(in);
    if (!found || config_.flows[found->flow].first_queue_only) {
        return {};
    }
    return *found;
}

/// Ethernet, and what follows it unless that is ARP.
std::expected<void, rx_drop> host::read_headers(frame& in) const noexcept {
    const auto ethernet = parse_ethernet(in.octets);
    if (!ethernet) {
        return std::unexpected(ethernet.error());
    }
    in.ethernet = *ethernet;
    if (ethernet->vlan != config_.vlan) {
        return std::unexpected(rx_drop::other_vlan);
    }
    if (ethernet->type == ether_type::arp) {
        return {};
    }
    if (ethernet->type != ether_type::ipv4 && ethernet->type != ether_type::ipv6) {
        return std::unexpected(rx_drop::other_protocol);
    }
    const auto ip = ethernet->type == ether_type::ipv4
                        ? parse_ipv4(in.packet(), in.facts.ip_checksum_good)
                        : parse_ipv6(in.packet());
    if (!ip) {
        return std::unexpected(ip.error());
    }
    in.ip = *ip;
    if (!ours(ip->destination) && !our_group(ip->destination)) {
        return std::unexpected(rx_drop::ip_not_for_us);
    }
    if (impossible_source(ip->source)) {
        return std::unexpected(rx_drop::ip_source);
    }
    if (ours(ip->source)) {
        return std::unexpected(rx_drop::own_address);
    }
    return {};
}

host::verdict host::sort(frame& in) noexcept {
    if (const auto read = read_headers(in); !read) {
        return std::unexpected(read.error());
    }
    if (in.ethernet.type == ether_type::arp) {
        return take_arp(in);
    }
    if (in.ip.protocol == ip_protocol::udp) {
        const verdict found = take_udp(in);
        if (!found && found.error() == rx_drop::unknown_stream) {
            note_stray(in);
        }
        return found;
    }
    if (in.ip.protocol == (in.ip.source.v6 ? ip_protocol::icmpv6 : ip_protocol::icmp)) {
        return take_icmp(in);
    }
    return std::unexpected(rx_drop::ip_other_transport);
}

// The UDP checksum is not summed up here: it would cost more than all the rest, tunnel packets are
// authenticated, samples are decoded, and packets of a virtual Ethernet come without.
host::verdict host::take_udp(const frame& in) const noexcept {
    const base::octets datagram = in.packet().subspan(in.ip.octets, in.ip.total - in.ip.octets);
    const auto udp = parse_udp(datagram);
    if (!udp) {
        return std::unexpected(udp.error());
    }
    if (in.ip.destination.multicast() || in.ip.source.unspecified()) {
        return std::unexpected(rx_drop::ip_not_for_us);
    }
    if (in.facts.l4_checksum_bad || (in.ip.source.v6 && udp->checksum == 0)) { // RFC 8200, 8.1
        return std::unexpected(rx_drop::udp_checksum);
    }
    const base::octets payload = datagram.subspan(udp_octets, udp->length - udp_octets);
    const auto flow = flows_.find(udp->destination_port, payload);
    if (!flow) {
        return std::unexpected(flow.error());
    }
    return received{received::outcome::flow,
                    *flow,
                    static_cast<std::uint16_t>(in.ethernet.octets),
                    static_cast<std::uint16_t>(payload.data() - in.octets.data()),
                    static_cast<std::uint16_t>(payload.size()),
                    {}};
}

void host::note_stray(const frame& in) noexcept {
    const base::octets datagram = in.packet().subspan(in.ip.octets, in.ip.total - in.ip.octets);
    if (const auto udp = parse_udp(datagram)) {
        const base::octets payload = datagram.subspan(udp_octets, udp->length - udp_octets);
        stray_.set({flow_word(payload).value_or(0), udp->destination_port});
    }
}

host::verdict host::take_arp(frame& in) noexcept {
    const auto arp = parse_arp(in.packet());
    if (!arp) {
        return std::unexpected(arp.error());
    }
    if (ours(arp->sender) || arp->sender_mac == config_.mac) {
        return std::unexpected(rx_drop::own_address);
    }
    if (!arp->request) {
        if (const auto resolved = neighbours_.confirm(arp->sender, arp->sender_mac, in.now)) {
            return received{.resolved = resolved};
        }
        neighbours_.hint(arp->sender, arp->sender_mac, in.now);
        return std::unexpected(rx_drop::arp_unsolicited);
    }
    neighbours_.hint(arp->sender, arp->sender_mac, in.now);
    if (!ours(arp->target)) {
        return std::unexpected(rx_drop::arp_not_for_us);
    }
    if (in.buffer.size() < query_octets) {
        return std::unexpected(rx_drop::arp_malformed);
    }
    const std::size_t at = write_header(arp->sender_mac, ether_type::arp, in.buffer);
    write_arp({false, config_.mac, arp->target, arp->sender_mac, arp->sender},
              in.buffer.subspan(at));
    answers_.add();
    return received{.what = received::outcome::answer,
                    .octets = static_cast<std::uint16_t>(at + arp_octets),
                    .resolved = {}};
}

host::verdict host::take_icmp(frame& in) noexcept {
    const std::size_t size = in.ip.total - in.ip.octets;
    const auto type = check_icmp(in.packet().subspan(in.ip.octets, size), in.ip);
    if (!type) {
        return std::unexpected(type.error());
    }
    const bool v6 = in.ip.source.v6;
    const std::size_t at = in.ethernet.octets + in.ip.octets;
    const auto message = in.buffer.subspan(at, size);
    if (v6 && (*type == icmp_type::neighbour_solicitation ||
               *type == icmp_type::neighbour_advertisement)) {
        return take_nd(in, message);
    }
    const bool with_options = in.ip.octets != (v6 ? ipv6_octets : ipv4_octets);
    // Answers to groups would multiply.
    if (in.ethernet.destination.group() || in.ip.destination.multicast() ||
        in.ip.source.unspecified() || with_options) {
        return std::unexpected(rx_drop::icmp_other);
    }
    if (*type != (v6 ? icmp_type::echo_request_v6 : icmp_type::echo_request)) {
        return std::unexpected(rx_drop::icmp_other);
    }
    if (!may_echo(in.now)) {
        return std::unexpected(rx_drop::icmp_rate);
    }
    if (!turn_echo(message, v6)) {
        return std::unexpected(rx_drop::icmp_malformed);
    }
    base::write_ip({.source = in.ip.destination,
                    .destination = in.ip.source,
                    .protocol = in.ip.protocol,
                    .hop_limit = answer_hop_limit,
                    .total = in.ip.total},
                   in.buffer.subspan(in.ethernet.octets));
    ethernet_header back = in.ethernet;
    back.destination = in.ethernet.source;
    back.source = config_.mac;
    write_ethernet(back, in.buffer);
    echoes_.add();
    return received{.what = received::outcome::answer,
                    .octets = static_cast<std::uint16_t>(in.ethernet.octets + in.ip.total),
                    .resolved = {}};
}

host::verdict host::take_nd(frame& in, base::octets message) noexcept {
    const auto nd = parse_nd(message, in.ip);
    if (!nd) {
        return std::unexpected(nd.error());
    }
    if (in.ethernet.source == config_.mac || nd->link_address == config_.mac) {
        return std::unexpected(rx_drop::own_address);
    }
    if (nd->solicitation) {
        if (nd->link_address) {
            neighbours_.hint(in.ip.source, *nd->link_address, in.now);
        }
        return take_solicitation(in, nd->target);
    }
    if (ours(nd->target)) {
        return std::unexpected(rx_drop::own_address);
    }
    // An answer to a unicast question may leave its link address out (RFC 4861, 4.4).
    const mac_address mac = nd->link_address.value_or(in.ethernet.source);
    if (mac.group() || mac.zero()) {
        return std::unexpected(rx_drop::bad_link_address);
    }
    if (nd->solicited) {
        if (const auto resolved = neighbours_.confirm(nd->target, mac, in.now)) {
            return received{.resolved = resolved};
        }
    }
    neighbours_.hint(nd->target, mac, in.now);
    return std::unexpected(rx_drop::nd_unsolicited);
}

host::verdict host::take_solicitation(frame& in, const base::ip_address& target) noexcept {
    if (!ours(target)) {
        return std::unexpected(rx_drop::nd_not_for_us);
    }
    if (in.buffer.size() < query_octets || in.ethernet.source.group() ||
        in.ethernet.source.zero()) {
        return std::unexpected(rx_drop::bad_link_address);
    }
    // Someone who has no address yet learns that this one is taken (RFC 4861, 7.2.4).
    const bool nameless = in.ip.source.unspecified();
    const base::ip_address to = nameless ? all_nodes() : in.ip.source;
    const mac_address mac = nameless ? group_mac(to) : in.ethernet.source;
    const std::size_t at = write_header(mac, ether_type::ipv6, in.buffer);
    write_nd({.solicitation = false,
              .solicited = !nameless,
              .override_ = true,
              .target = target,
              .link_address = config_.mac},
             target, to, in.buffer.subspan(at));
    answers_.add();
    return received{.what = received::outcome::answer,
                    .octets = static_cast<std::uint16_t>(at + ipv6_octets + nd_octets),
                    .resolved = {}};
}

std::size_t host::write_header(const mac_address& to, std::uint16_t type,
                               std::span<std::uint8_t> out) const noexcept {
    return write_ethernet({to, config_.mac, config_.vlan, type, 0}, out);
}

bool host::may_echo(time_ns now) noexcept {
    constexpr time_ns per_token = second_ns / time_ns{echo_per_second};
    if (now - echo_refilled_ >= per_token) {
        const auto fresh = static_cast<std::uint64_t>((now - echo_refilled_) / per_token);
        echo_tokens_ = std::min(echo_burst, echo_tokens_ + std::min(fresh, echo_burst));
        echo_refilled_ = now;
    }
    if (echo_tokens_ == 0) {
        return false;
    }
    --echo_tokens_;
    return true;
}

std::expected<next_hop, tx_drop> host::route(const base::ip_address& to) const noexcept {
    const auto none = std::unexpected(tx_drop::no_route);
    if (impossible_source(to) || to.unspecified() || ours(to)) {
        return none;
    }
    const auto on_link = [&](const base::ip_address& address) {
        const base::ip_prefix* best = nullptr;
        for (const base::ip_prefix& own : config_.address) {
            if (own.contains(address) && (best == nullptr || own.length > best->length)) {
                best = &own;
            }
        }
        return best;
    };
    if (const base::ip_prefix* own = on_link(to)) {
        return next_hop{own->address, to};
    }
    for (const base::ip_address& gateway : config_.gateway) {
        if (gateway.v6 != to.v6 || link_local(to)) {
            continue;
        }
        const base::ip_prefix* own = on_link(gateway);
        if (own == nullptr || link_local(own->address)) { // then any address that is routed
            const auto global = std::find_if(
                config_.address.begin(), config_.address.end(), [&](const base::ip_prefix& one) {
                    return one.address.v6 == to.v6 && !link_local(one.address);
                });
            if (global == config_.address.end()) {
                continue;
            }
            own = &*global;
        }
        return next_hop{own->address, gateway};
    }
    return none;
}

std::size_t host::write_query(const neighbour_query& query,
                              std::span<std::uint8_t> out) const noexcept {
    const base::ip_prefix* own = nullptr;
    for (const base::ip_prefix& one : config_.address) {
        if (one.address.v6 == query.address.v6 && (own == nullptr || one.contains(query.address))) {
            own = &one;
        }
    }
    if (own == nullptr) {
        return 0;
    }
    if (!query.address.v6) {
        const std::size_t at =
            write_header(query.unicast.value_or(broadcast_mac), ether_type::arp, out);
        write_arp({true, config_.mac, own->address, {}, query.address}, out.subspan(at));
        return at + arp_octets;
    }
    const base::ip_address group = solicited_node(query.address);
    const std::size_t at =
        write_header(query.unicast.value_or(group_mac(group)), ether_type::ipv6, out);
    write_nd({.target = query.address, .link_address = config_.mac}, own->address,
             query.unicast ? query.address : group, out.subspan(at));
    return at + ipv6_octets + nd_octets;
}

std::size_t host::write_announcement(std::size_t index,
                                     std::span<std::uint8_t> out) const noexcept {
    if (index >= config_.address.size()) {
        return 0;
    }
    const base::ip_address& own = config_.address[index].address;
    if (!own.v6) { // RFC 5227, 3
        const std::size_t at = write_header(broadcast_mac, ether_type::arp, out);
        write_arp({true, config_.mac, own, {}, own}, out.subspan(at));
        return at + arp_octets;
    }
    const std::size_t at = write_header(group_mac(all_nodes()), ether_type::ipv6, out);
    write_nd({.solicitation = false, .override_ = true, .target = own, .link_address = config_.mac},
             own, all_nodes(), out.subspan(at));
    return at + ipv6_octets + nd_octets;
}

} // namespace landfall::dataplane
