// SPDX-License-Identifier: MIT
// The gateway as metrics and status show it.
#include "app/gateway.h"
#include "app/version.h"

#include <algorithm>
#include <chrono>
#include <ranges>

namespace landfall::app {
namespace {

using control::named_counts;

double unix_now_s() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// A count for each enumerator of a closed set.
template <class Enum, class Count>
void add_counts(named_counts& to, std::size_t enumerators, Count&& count, std::size_t first = 0,
                std::string_view prefix = {}) {
    for (std::size_t i = first; i < enumerators; ++i) {
        const auto value = static_cast<Enum>(i);
        to.push_back({std::string(prefix).append(name(value)), count(value)});
    }
}

control::iq_state iq_state_of(const wire::iq_counters& from) {
    control::iq_state to{.packets = from.packets,
                         .samples = from.samples,
                         .lost_packets = from.lost_packets,
                         .lost_samples = from.lost_samples,
                         .clipped_samples = from.clipped_samples,
                         .duplicates = from.duplicates,
                         .reordered = from.reordered,
                         .late = from.late,
                         .invalid = {}};
    add_counts<wire::difi_error>(to.invalid, wire::difi_error_count, [&](wire::difi_error one) {
        return from.invalid[static_cast<std::size_t>(one)];
    });
    to.invalid.push_back({"other_stream", from.not_selected});
    to.invalid.push_back({"no_context", from.before_context_dropped});
    return to;
}

/// What such a route has put into the spool's ring.
void add_durable(control::route_state& to, const config::route_settings& route,
                 const durable_lane* lane, std::size_t carrier, std::size_t at) {
    to.peer = "spool:" + route.tenant;
    if (lane == nullptr) {
        return;
    }
    const intake_counters& counts = lane->intake(carrier)->counters_of(at);
    to.packets = counts.kept.value();
    to.bytes = counts.octets.value();
    add_counts<intake_drop>(to.drops, intake_drop_count, [&](auto why) {
        return counts.drops[static_cast<std::size_t>(why)].value();
    });
}

} // namespace

control::snapshot gateway::snapshot() const {
    control::snapshot now;
    now.gateway = settings_.name;
    now.taken_unix_s = unix_now_s();
    now.start_unix_s = start_unix_s_;
    now.build = build_versions();
    now.config = {
        .sha256 = config_.sha256,
        .generation = 1,
        .last_load_successful = true,
        .last_success_unix_s = start_unix_s_,
        // There is no reload yet: a new configuration takes a restart.
        .reloads = {{"applied", 0}, {"rejected", 0}, {"unchanged", 0}, {"restart_required", 0}}};
    const std::lock_guard lock(mutex_);
    add_ports(now);
    add_lcores(now);
    add_buffers(now);
    add_carriers(now);
    add_tunnel(now);
    add_routes(now);
    return now;
}

void gateway::add_ports(control::snapshot& to) const {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        const dataplane::port& device = *ports_[i].device;
        const dataplane::stack& stack = *ports_[i].stack;
        const dataplane::port_statistics counts = device.statistics();
        control::port_state& port = to.ports.emplace_back();
        port.name = settings_.ports[i].name;
        port.device = settings_.ports[i].device;
        port.up = device.link() == dataplane::link_state::up;
        port.link_transitions = device.link_ups() + device.link_downs();
        port.received = {counts.rx_packets, counts.rx_octets};
        port.transmitted = {counts.tx_packets, counts.tx_octets};
        port.drops = {{"imissed", counts.rx_missed},
                      {"ierrors", counts.rx_errors},
                      {"rx_nombuf", counts.rx_no_packet},
                      {"oerrors", counts.tx_errors}};
        add_counts<dataplane::rx_drop>(port.drops, dataplane::rx_drop_count,
                                       [&](auto one) { return stack.dropped(one); });
        add_counts<dataplane::tx_drop>(port.drops, dataplane::tx_drop_count,
                                       [&](auto one) { return stack.dropped(one); });
        const dataplane::host& host = stack.protocols();
        port.local = {{"neighbour_answer", host.answers()}, {"icmp_echo", host.echoes()}};
        port.neighbours_known = stack.neighbours_reachable();
        port.neighbours_unresolved = stack.neighbours_unresolved();
    }
}

void gateway::add_lcores(control::snapshot& to) const {
    for (std::size_t i = 0; i < loops_.size(); ++i) {
        const dataplane::lcore_loop& loop = *loops_[i];
        const auto& gaps = seen_lcores_[i].longest_gap_s;
        to.lcores.push_back({.id = loop.on().cpu,
                             .role = i < io_.size() + queues_.size() ? "io" : "modem",
                             .cycles = loop.total_cycles(),
                             .busy_cycles = loop.busy_cycles(),
                             .stall_s = *std::max_element(gaps.begin(), gaps.end()),
                             .heartbeat = loop.heartbeat()});
    }
}

void gateway::add_buffers(control::snapshot& to) const {
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        to.pools.push_back(
            {settings_.ports[i].name, ports_[i].pool->available(), ports_[i].pool->capacity()});
    }
    if (tunnel_pool_) {
        to.pools.push_back({"tunnel", tunnel_pool_->available(), tunnel_pool_->capacity()});
        to.pools.push_back({"messages", message_pool_->available(), message_pool_->capacity()});
    }
    if (host_pool_) {
        to.pools.push_back({"host", host_pool_->available(), host_pool_->capacity()});
    }
    const auto add_ring = [&](std::string ring, const dataplane::packet_ring& of) {
        to.rings.push_back({std::move(ring), of.used(), of.capacity(), of.dropped()});
    };
    for (std::size_t i = 0; i < ports_.size(); ++i) {
        if (ports_[i].others) {
            add_ring("port-" + settings_.ports[i].name, *ports_[i].others);
        }
    }
    for (std::size_t i = 0; i < carriers_.size(); ++i) {
        add_ring("iq-" + carriers_[i]->name(), inputs_[i]->ring());
        if (const frame_stage& frames = carriers_[i]->frames(); frames.behind_ring()) {
            to.rings.push_back({"soft-" + carriers_[i]->name(), frames.used(), frames.capacity(),
                                frames.dropped()});
        }
    }
    for (std::size_t i = 0; config_.durable != nullptr && i < carriers_.size(); ++i) {
        const durable_intake* const intake = config_.durable->intake(i);
        if (intake == nullptr) {
            continue;
        }
        std::uint64_t full = 0;
        for (std::size_t r = 0; r < intake->routes().size(); ++r) {
            full +=
                intake->counters(r).drops[static_cast<std::size_t>(intake_drop::ring_full)].value();
        }
        to.rings.push_back({"durable-" + carriers_[i]->name(), intake->ring().size(),
                            intake->ring().capacity(), full});
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
        add_ring("tunnel-" + std::to_string(i), *outputs_[i]);
    }
    if (host_) {
        add_ring("host-in", host_->in());
        add_ring("host-out", host_->out());
    }
}

void gateway::add_carriers(control::snapshot& to) const {
    for (std::size_t i = 0; i < carriers_.size(); ++i) {
        const auto& stage = carriers_[i];
        const carrier_view view = stage->view();
        const chain_status& status = view.status;
        control::carrier_state& one = to.carriers.emplace_back();
        one.name = stage->name();
        one.mission = stage->mission().name;
        one.locked = status.receiver.locked && status.frames_locked;
        one.signal_s = status.signal_seconds;
        one.locked_s = status.locked_seconds;
        one.es_n0_db = status.receiver.es_n0_db;
        one.evm_percent = status.receiver.evm_percent;
        one.frequency_offset_hz = status.receiver.frequency_offset_hz;
        one.symbol_rate_error_ppm = status.receiver.symbol_rate_error_ppm;
        one.acquisitions = status.receiver.acquisitions;
        one.sync_losses = status.decoder.sync_losses;
        one.iq = iq_state_of(view.iq);
        add_counts<passed_over>(one.iq.invalid, passed_over_count, [&](passed_over why) {
            return view.passed_over[static_cast<std::size_t>(why)];
        });
        one.behind = inputs_[i]->is_behind();
        one.iq.invalid.push_back({"behind", inputs_[i]->behind()});
        one.iq.invalid.push_back({"draining", inputs_[i]->refused()});
        one.iq.invalid.push_back({"left_behind", inputs_[i]->left_behind()});
        one.decoder = {.clean = status.decoder.good_frames - status.decoder.corrected_frames,
                       .corrected = status.decoder.corrected_frames,
                       .uncorrectable = status.decoder.bad_frames,
                       .corrected_symbols = status.decoder.corrected_symbols,
                       .channel_bits = status.decoder.channel_bits,
                       .channel_bit_errors = status.decoder.channel_bit_errors};
        one.frames = {.good = status.frames.good,
                      .corrected = status.frames.corrected,
                      .bad = status.bad_frames,
                      .fill = status.frames.fill,
                      .missing = status.frames.missing,
                      .refused = {},
                      .lost_packets = {}};
        add_counts<framing::frame_error>(
            one.frames.refused, framing::frame_error_count,
            [&](auto why) { return status.frames.refused[static_cast<std::size_t>(why)]; });
        const auto channels = std::span(view.channels).first(view.channel_count);
        add_counts<framing::packet_loss>(
            one.frames.lost_packets, framing::packet_loss_count, [&](auto why) {
                std::uint64_t sum = 0;
                for (const auto& channel : channels) {
                    sum += channel.extraction.lost[static_cast<std::size_t>(why)];
                }
                return sum;
            });
        one.frames.lost_packets.push_back({"too_many_channels", status.frames.unextracted_frames});
        for (const auto& channel : channels) {
            one.channels.push_back({.spacecraft_id = channel.spacecraft_id,
                                    .vcid = channel.vcid,
                                    .frames = channel.frames,
                                    .fill = channel.fill,
                                    .missing = channel.missing,
                                    .packets = channel.extraction.packets});
        }
    }
}

void gateway::add_tunnel(control::snapshot& to) const {
    if (!tunnel_) {
        return;
    }
    const crypto::tunnel_numbers& numbers = tunnel_->numbers();
    to.tunnel.interface_name = settings_.tunnel->interface_name;
    to.tunnel.listen_port = numbers.listen_port.value();
    to.tunnel.inner_mtu = static_cast<std::uint16_t>(inner_mtu_);
    to.tunnel.under_load = numbers.under_load.value();
    std::array<std::uint64_t, crypto::decrypt_statuses> rejected{};
    const auto reject = [&](const crypto::packet_numbers& from) {
        for (std::size_t i = 0; i < rejected.size(); ++i) {
            rejected[i] += from.decrypted[i].value();
        }
    };
    reject(numbers.packets);
    for (const crypto::peer_numbers& index : numbers.peer) { // also of peers that are gone
        reject(index.packets);
    }
    tunnel_->control().for_each_peer([&](const crypto::peer_view& peer) {
        control::peer_state& one = to.tunnel.peers.emplace_back();
        const auto known =
            std::find(config_.keys.peers.begin(), config_.keys.peers.end(), peer.key);
        if (known == config_.keys.peers.end()) {
            one.name = to_text(peer.key);
        } else {
            const auto i = static_cast<std::size_t>(known - config_.keys.peers.begin());
            one.name = settings_.peers[i].name;
            one.silent_s =
                1e-9 * static_cast<double>(seen_peers_[i].silent_ns(dataplane::time_now()));
        }
        one.endpoint = peer.endpoint ? base::to_text(*peer.endpoint) : "";
        const crypto::peer_counts& counts = peer.counts;
        one.received = {counts.received_packets, counts.received_octets};
        one.transmitted = {counts.sent_packets, counts.sent_octets};
        one.last_handshake_unix_s = peer.last_handshake_unix_ns / dataplane::second_ns;
        one.handshakes = {{"completed", counts.handshakes_completed},
                          {"failed", counts.handshakes_failed},
                          {"started", counts.handshakes_started}};
    });
    using crypto::decrypt_status;
    using crypto::encrypt_status;
    using crypto::handshake_status;
    const auto first = [](auto value) { return static_cast<std::size_t>(value); };
    add_counts<decrypt_status>(
        to.tunnel.rejects, crypto::decrypt_statuses,
        [&](auto why) { return rejected[static_cast<std::size_t>(why)]; },
        first(decrypt_status::bad_message));
    add_counts<handshake_status>(
        to.tunnel.rejects, crypto::handshake_statuses,
        [&](auto why) { return numbers.count(why).value(); }, first(handshake_status::bad_message),
        "handshake_");
    add_counts<inner_result>(
        to.tunnel.rejects, inner_results, [&](auto why) { return tunnel_stage_->inner(why); },
        first(inner_result::not_for_us), "inner_");
    to.tunnel.rejects.push_back({"handshake_queue_full", tunnel_stage_->handshakes_dropped()});
    add_counts<encrypt_status>(
        to.tunnel.drops, crypto::encrypt_statuses,
        [&](auto why) { return tunnel_stage_->dropped(why); }, first(encrypt_status::no_session));
    to.tunnel.drops.push_back({"left_behind", left_behind_});
    add_counts<stage_drop>(to.tunnel.drops, stage_drops,
                           [&](auto why) { return tunnel_stage_->dropped(why); });
    add_host(to.tunnel);
}

void gateway::add_host(control::tunnel_state& to) const {
    if (!host_) {
        return;
    }
    to.host.interface_name = host_->interface_name();
    to.host.received = {host_->to_host().packets.value(), host_->to_host().octets.value()};
    to.host.transmitted = {host_->from_host().packets.value(), host_->from_host().octets.value()};
    add_counts<dataplane::host_drop>(to.rejects, dataplane::host_drops,
                                     [&](auto why) { return host_->refused_to_host(why); });
    to.rejects.push_back({"host_ring_full", host_->in().dropped()});
    to.rejects.push_back({"host_not_taken", host_->not_written()});
    add_counts<dataplane::host_drop>(to.drops, dataplane::host_drops,
                                     [&](auto why) { return host_->refused_from_host(why); });
    to.drops.push_back({"host_ring_full", host_->out().dropped()});
}

void gateway::add_routes(control::snapshot& to) const {
    for (std::size_t c = 0; c < carriers_.size(); ++c) {
        const auto& carrier = carriers_[c];
        std::size_t at = 0;
        for (std::size_t r = 0; r < settings_.routes.size(); ++r) {
            const config::route_settings& route = settings_.routes[r];
            const bool taken =
                route.carrier.empty() || std::find(route.carrier.begin(), route.carrier.end(),
                                                   carrier->name()) != route.carrier.end();
            if (!taken) {
                continue;
            }
            control::route_state& one = to.routes.emplace_back();
            one.route = std::to_string(r + 1);
            one.carrier = carrier->name();
            one.payload = name(form_of(route.as));
            if (route.durable) {
                add_durable(one, route, config_.durable, c, r);
                continue;
            }
            const delivery::route_counters& counts = carrier->counters(at++);
            for (const std::string& peer : route.to) {
                one.peer += (one.peer.empty() ? "" : ",") + peer;
            }
            one.packets = counts.datagrams.value();
            one.bytes = counts.octets.value();
            one.fragments = counts.fragments.value();
            add_counts<delivery::drop>(one.drops, delivery::drop_count, [&](auto why) {
                return counts.drops[static_cast<std::size_t>(why)].value();
            });
        }
    }
}

} // namespace landfall::app
