// SPDX-License-Identifier: MIT
#include "delivery/router.h"

#include "delivery/frame_header.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace landfall::delivery {

namespace {

bool passes(const std::vector<base::ip_prefix>& filter, const base::ip_address& address) noexcept {
    return filter.empty() ||
           std::any_of(filter.begin(), filter.end(),
                       [&](const base::ip_prefix& prefix) { return prefix.contains(address); });
}

void count_drop(route_counters& counters, drop reason) noexcept {
    counters.drops[static_cast<std::size_t>(reason)].add();
}

/// Where the packets of one peer go, and who counts them.
struct outlet {
    std::uint32_t peer;
    route_counters& counters;
    const output& out;
};

/// The packets of a cut to one peer. `size_of` and `write` are of one packet.
template <class SizeOf, class Write>
void hand_out(const ip_cut& cut, const outlet& to, SizeOf size_of, Write write) noexcept {
    for (std::size_t part = 0; part < cut.count; ++part) {
        const std::size_t size = size_of(part);
        const std::span<std::uint8_t> buffer = to.out.take(size);
        if (buffer.size() < size) {
            count_drop(to.counters, drop::no_buffer);
            return;
        }
        write(part, buffer.first(size));
        to.out.commit(to.peer, size);
        to.counters.octets.add(size);
        to.counters.fragments.add(cut.count > 1 ? 1 : 0);
    }
    to.counters.datagrams.add();
}

} // namespace

const char* name(form as) noexcept {
    switch (as) {
    case form::frames:
        return "frames";
    case form::packets:
        return "packets";
    case form::ip:
        return "ip";
    case form::iq:
        return "iq";
    }
    return "unknown";
}

// Identifications step by a power of two, so that carriers which send to the same host never use
// the same one within 65,536 divided by the step, and their fragments do not mix.
router::router(router_config config)
    : routes_(std::move(config.routes)),
      counters_(std::make_unique<route_counters[]>(routes_.size())), carrier_(config.carrier),
      identification_(config.carrier),
      identification_step_(std::bit_ceil(std::uint32_t{config.carriers})) {
    assert(config.carrier < config.carriers);
    for (const route& one : routes_) {
        assert(!one.to.empty());
        assert(one.as == form::ip || one.flow.source.address.v6 == one.flow.destination.address.v6);
        assert(std::all_of(one.to.begin(), one.to.end(), [](const destination& to) {
            return to.mtu_octets >= least_mtu_octets;
        }));
        selections_.push_back({selection(one.vcid, one.spacecraft_id, one.apid), 0});
    }
}

void router::frame(const framing::delivered_frame& frame, const output& out) noexcept {
    for (std::size_t at = 0; at < routes_.size(); ++at) {
        selected_route& selected = selections_[at];
        if (routes_[at].as != form::frames || (frame.fill && !routes_[at].fill) ||
            !selected.of.has(frame.spacecraft_id, frame.vcid)) {
            continue;
        }
        if (!routes_[at].header) {
            send_udp(at, {}, frame.octets, out);
            continue;
        }
        frame_header header{.corrected = frame.corrected,
                            .fill = frame.fill,
                            .packet = false,
                            .carrier = carrier_,
                            .spacecraft_id = frame.spacecraft_id,
                            .vcid = frame.vcid,
                            .es_n0_db = es_n0_db_,
                            .sequence = selected.sequence++};
        if (frame.first_bit.is_known) {
            header.receive_time = frame.first_bit.time;
        }
        send_udp(at, write_frame_header(header), frame.octets, out);
    }
}

void router::packet(const framing::delivered_packet& packet, const output& out) noexcept {
    const bool is_ip =
        packet.kind == framing::packet_kind::ipv4 || packet.kind == framing::packet_kind::ipv6;
    const bool is_space_packet = packet.kind == framing::packet_kind::space_packet;
    for (std::size_t at = 0; at < routes_.size(); ++at) {
        selected_route& selected = selections_[at];
        if (!selected.of.has(packet.spacecraft_id, packet.vcid)) {
            continue;
        }
        if (routes_[at].as == form::ip && is_ip) {
            send_ip(at, packet.octets, out);
        }
        if (routes_[at].as != form::packets || !is_space_packet ||
            !selected.of.has_apid(packet.apid)) {
            continue;
        }
        if (!routes_[at].header) {
            send_udp(at, {}, packet.octets, out);
            continue;
        }
        frame_header header{.corrected = false,
                            .fill = false,
                            .packet = true,
                            .carrier = carrier_,
                            .spacecraft_id = packet.spacecraft_id,
                            .vcid = packet.vcid,
                            .es_n0_db = es_n0_db_,
                            .sequence = selected.sequence++};
        if (packet.began.is_known) {
            header.receive_time = packet.began.time;
        }
        send_udp(at, write_frame_header(header), packet.octets, out);
    }
}

void router::iq(base::octets datagram, const output& out) noexcept {
    for (std::size_t at = 0; at < routes_.size(); ++at) {
        if (routes_[at].as == form::iq) {
            send_udp(at, {}, datagram, out);
        }
    }
}

void router::send_udp(std::size_t at, base::octets before, base::octets data,
                      const output& out) noexcept {
    const route& to = routes_[at];
    if (before.size() + data.size() > largest_udp_data_octets) {
        count_drop(counters_[at], drop::too_long);
        return;
    }
    udp_datagram datagram(to.flow, before, data);
    const std::uint32_t identification = identification_;
    identification_ += identification_step_;
    for (const destination& one : to.to) {
        const ip_cut cut = datagram.cut(one.mtu_octets);
        hand_out(
            cut, outlet{one.peer, counters_[at], out},
            [&](std::size_t part) { return cut.header_octets + cut.octets(part); },
            [&](std::size_t part, std::span<std::uint8_t> buffer) {
                datagram.write(cut, part, identification, buffer);
            });
    }
}

void router::send_ip(std::size_t at, base::octets octets, const output& out) noexcept {
    const route& to = routes_[at];
    const auto packet = check_ip(octets);
    if (!packet) {
        count_drop(counters_[at], packet.error());
        return;
    }
    if (!passes(to.source_filter, packet->source) ||
        !passes(to.destination_filter, packet->destination)) {
        count_drop(counters_[at], drop::filtered);
        return;
    }
    for (const destination& one : to.to) {
        const auto cut = cut_of(*packet, one.mtu_octets);
        if (!cut) {
            count_drop(counters_[at], cut.error());
            continue;
        }
        hand_out(
            *cut, outlet{one.peer, counters_[at], out},
            [&](std::size_t part) { return octets_of(*packet, *cut, part); },
            [&](std::size_t part, std::span<std::uint8_t> buffer) {
                write(*packet, *cut, part, buffer);
            });
    }
}

} // namespace landfall::delivery
