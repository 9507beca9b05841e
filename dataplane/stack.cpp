// SPDX-License-Identifier: MIT
#include "dataplane/stack.h"

#include "base/ip_header.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <cstring>

namespace landfall::dataplane {
namespace {

constexpr std::uint8_t hop_limit = 64;
constexpr unsigned announcements = 2; // one may be lost while the link comes up
constexpr time_ns announce_interval_ns = second_ns;
constexpr std::size_t prefetch_ahead = 4;

host_config of_host(const stack_config& config, const port& device) {
    return {device.mac(),   config.vlan,         config.address,
            config.gateway, device.config().mtu, config.flows};
}

frame_facts facts_of(const rte_mbuf* buffer) noexcept {
    const std::uint64_t flags = buffer->ol_flags;
    return {(flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD,
            (flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD};
}

/// Leaves the datagram's payload; `packet::source` finds the headers before it.
void strip(packet one, const received& found) noexcept {
    const std::size_t size = one.data().size();
    one.get()->l3_len = (found.payload_at - udp_octets - found.ip_at) & 0x1ffU;
    one.trim_back(size - found.payload_at - found.octets);
    one.trim_front(found.payload_at);
}

} // namespace

stack::stack(const stack_config& config, port& device, packet_pool& pool)
    : host_(of_host(config, device)), device_(device), pool_(pool),
      waiting_(host_.neighbours().capacity()) {
    device_.join(host_.groups());
    host_.pin_gateways(0);
}

stack::~stack() {
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
        give_up(i);
    }
}

void stack::receive(packet_burst& burst, flow_bursts& flows, time_ns now) noexcept {
    const std::size_t count = burst.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (i + prefetch_ahead < count) {
            rte_prefetch0(burst[i + prefetch_ahead].data().data());
        }
        const packet one = burst[i];
        rte_mbuf* const buffer = one.get();
        if (buffer->nb_segs != 1) {
            host_.count(rx_drop::frame_too_long);
            continue;
        }
        const auto frame = one.data();
        const std::span whole(frame.data(), frame.size() + one.tailroom());
        const received what = host_.receive(whole, frame.size(), facts_of(buffer), now);
        switch (what.what) {
        case received::outcome::flow:
            strip(one, what);
            flows.push(what.flow, burst.take(i));
            received_.add();
            break;
        case received::outcome::answer:
            buffer->data_len = what.octets;
            buffer->pkt_len = what.octets;
            buffer->ol_flags = 0;
            transmit(burst.take(i));
            break;
        case received::outcome::done:
            if (what.resolved) {
                release(*what.resolved);
            }
            break;
        }
    }
    burst.clear();
}

std::size_t stack::take_flows(packet_burst& burst, flow_bursts& flows) const noexcept {
    const std::size_t count = burst.size();
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (i + prefetch_ahead < count) {
            rte_prefetch0(burst[i + prefetch_ahead].data().data());
        }
        const packet one = burst[i];
        if (one.get()->nb_segs != 1) {
            continue;
        }
        if (const auto found = host_.find_flow(one.data(), facts_of(one.get()))) {
            strip(one, *found);
            flows.push(found->flow, burst.take(i));
            ++taken;
        }
    }
    return taken;
}

void stack::transmit(packet one) noexcept {
    if (out_.room() == 0) {
        flush();
    }
    static_cast<void>(out_.push(one));
}

void stack::drop(packet one, tx_drop reason) noexcept {
    one.free();
    dropped_[static_cast<std::size_t>(reason)].add();
}

std::uint64_t stack::dropped(tx_drop reason) const noexcept {
    if (reason == tx_drop::port_full) {
        return device_.dropped_full();
    }
    if (reason == tx_drop::link_down) {
        return device_.dropped_no_link();
    }
    return dropped_[static_cast<std::size_t>(reason)].value();
}

std::size_t stack::max_payload(const base::ip_address& to) const noexcept {
    return host_.config().mtu - udp_octets - (to.v6 ? ipv6_octets : ipv4_octets);
}

void stack::send(packet_burst& payloads, std::uint16_t source_port, const base::udp_endpoint& to,
                 time_ns now) noexcept {
    const auto packets = payloads.packets();
    const auto hop = host_.route(to.address);
    const auto found = hop ? host_.neighbours().want(hop->hop, now) : std::nullopt;
    const std::size_t index = found.value_or(0);
    for (rte_mbuf* const buffer : packets) {
        const packet one(buffer);
        if (!hop) {
            drop(one, hop.error());
        } else if (!found) {
            drop(one, tx_drop::neighbours_full);
        } else if (one.data().size() > max_payload(to.address)) {
            drop(one, tx_drop::too_big);
        } else if (host_.neighbours()[index].state == neighbour_state::failed) {
            drop(one, tx_drop::no_neighbour);
        } else if (!prepend_headers(one, source_port, to, *hop)) {
            drop(one, tx_drop::no_headroom);
        } else if (const neighbour& next = host_.neighbours()[index]; next.usable()) {
            set_destination(one, next.mac);
            sent_.add();
            transmit(one);
        } else {
            wait(index, one);
        }
    }
    payloads.forget();
}

bool stack::prepend_headers(packet one, std::uint16_t source_port, const base::udp_endpoint& to,
                            const next_hop& hop) noexcept {
    const bool v6 = to.address.v6;
    const std::size_t udp_size = udp_octets + one.data().size();
    const std::size_t ip_octets = v6 ? ipv6_octets : ipv4_octets;
    const std::size_t link_octets =
        ethernet_octets + (host_.config().vlan ? vlan_octets : std::size_t{0});
    const auto out = one.prepend(link_octets + ip_octets + udp_octets);
    if (out.empty()) {
        return false;
    }
    rte_mbuf* const buffer = one.get();
    buffer->ol_flags = 0;
    write_ethernet(
        {{}, host_.config().mac, host_.config().vlan, v6 ? ether_type::ipv6 : ether_type::ipv4, 0},
        out);
    base::write_ip({.source = hop.source,
                    .destination = to.address,
                    .protocol = ip_protocol::udp,
                    .hop_limit = hop_limit,
                    .total = ip_octets + udp_size},
                   out.subspan(link_octets));
    const auto datagram = one.data().subspan(link_octets + ip_octets);
    base::write_udp(source_port, to.port, udp_size, datagram);
    if (v6) { // required there; over IPv4 the payload's own authentication does (RFC 768: 0 is
              // none)
        const std::uint64_t start =
            base::pseudo_header_sum(hop.source, to.address, ip_protocol::udp, udp_size);
        store_u16(datagram, 6, base::udp_checksum_of(base::add_words(start, datagram)));
    }
    return true;
}

void stack::set_destination(packet one, const mac_address& mac) noexcept {
    std::memcpy(one.data().data(), mac.octet.data(), mac.octet.size());
}

void stack::wait(std::size_t neighbour, packet one) noexcept {
    waiting& queue = waiting_[neighbour];
    if (queue.count == max_waiting) {
        drop(packet(queue.packets[0]), tx_drop::waiting_full);
        std::copy(queue.packets.begin() + 1, queue.packets.end(), queue.packets.begin());
        --queue.count;
    }
    queue.packets[queue.count++] = one.get();
}

void stack::release(std::size_t neighbour) noexcept {
    waiting& queue = waiting_[neighbour];
    for (std::size_t i = 0; i < queue.count; ++i) {
        const packet one(queue.packets[i]);
        set_destination(one, host_.neighbours()[neighbour].mac);
        sent_.add();
        transmit(one);
    }
    queue.count = 0;
}

void stack::give_up(std::size_t neighbour) noexcept {
    waiting& queue = waiting_[neighbour];
    for (std::size_t i = 0; i < queue.count; ++i) {
        drop(packet(queue.packets[i]), tx_drop::no_neighbour);
    }
    queue.count = 0;
}

template <class Writer>
void stack::originate(Writer&& write) noexcept {
    packet_burst fresh;
    if (!pool_.allocate(fresh, 1)) {
        dropped_[static_cast<std::size_t>(tx_drop::no_packet)].add();
        return;
    }
    const packet one = fresh[0];
    const auto room = one.append(query_octets);
    const std::size_t octets = room.empty() ? 0 : write(room);
    if (octets != 0) {
        one.trim_back(query_octets - octets);
        transmit(fresh.take(0));
    }
}

void stack::tick(time_ns now) noexcept {
    if (const std::uint64_t ups = device_.link_ups(); ups != link_ups_seen_) {
        link_ups_seen_ = ups;
        announcements_left_ = announcements;
        announce_at_ = now;
    }
    if (announcements_left_ != 0 && now >= announce_at_) {
        announce(now);
    }
    host_.neighbours().tick(
        now,
        [&](const neighbour_query& query) {
            originate([&](std::span<std::uint8_t> out) { return host_.write_query(query, out); });
        },
        [&](std::size_t index) { give_up(index); });
    if (now >= survey_at_) {
        survey_at_ = now + second_ns;
        reachable_.set(host_.neighbours().count(neighbour_state::reachable) +
                       host_.neighbours().count(neighbour_state::refreshing));
        unresolved_.set(host_.neighbours().count(neighbour_state::incomplete) +
                        host_.neighbours().count(neighbour_state::failed));
    }
}

void stack::announce(time_ns now) noexcept {
    --announcements_left_;
    announce_at_ = now + announce_interval_ns;
    for (std::size_t i = 0; i < host_.config().address.size(); ++i) {
        originate([&](std::span<std::uint8_t> out) { return host_.write_announcement(i, out); });
    }
}

} // namespace landfall::dataplane
