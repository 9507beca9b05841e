// SPDX-License-Identifier: MIT
#include "control/metric_families.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

namespace landfall::control {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using families = std::vector<MetricFamily>;
using labels = std::vector<ClientMetric::Label>;

constexpr auto counter = MetricType::Counter;
constexpr auto gauge = MetricType::Gauge;
/// Of a gauge: there is no series.
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

/// One value for each thing.
template <class Thing>
struct metric {
    const char* name;
    MetricType type;
    const char* help;
    double (*value)(const Thing&);
};

/// One value for each thing and each name of a closed set, which goes into `label`.
template <class Thing>
struct set_metric {
    const char* name;
    MetricType type;
    const char* label;
    const char* help;
    named_counts (*counts)(const Thing&);
};

double number(std::uint64_t value) noexcept {
    return static_cast<double>(value);
}

std::string utf8(const std::string& text) {
    using nlohmann::json;
    return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace))
        .get<std::string>();
}

void add_series(MetricFamily& family, labels names, double value) {
    if (std::isnan(value)) {
        return;
    }
    ClientMetric& series = family.metric.emplace_back();
    for (ClientMetric::Label& label : names) {
        label.value = utf8(label.value);
    }
    series.label = std::move(names);
    (family.type == counter ? series.counter.value : series.gauge.value) = value;
}

MetricFamily& add_family(families& all, const char* name, MetricType type, const char* help) {
    MetricFamily& family = all.emplace_back();
    family.name = name;
    family.type = type;
    family.help = help; // one line: prometheus-cpp does not escape a newline there
    return family;
}

template <class Thing, class Labels>
void add(families& all, const std::vector<Thing>& things, Labels labels_of,
         std::initializer_list<metric<Thing>> metrics) {
    for (const metric<Thing>& one : metrics) {
        MetricFamily& family = add_family(all, one.name, one.type, one.help);
        for (const Thing& thing : things) {
            add_series(family, labels_of(thing), one.value(thing));
        }
    }
}

template <class Thing, class Labels>
void add_sets(families& all, const std::vector<Thing>& things, Labels labels_of,
              std::initializer_list<set_metric<Thing>> metrics) {
    for (const set_metric<Thing>& one : metrics) {
        MetricFamily& family = add_family(all, one.name, one.type, one.help);
        for (const Thing& thing : things) {
            for (const named_count& item : one.counts(thing)) {
                labels names = labels_of(thing);
                names.push_back({one.label, item.name});
                add_series(family, std::move(names), number(item.count));
            }
        }
    }
}

labels no_labels(const snapshot& /*now*/) {
    return {};
}

void add_gateway(families& all, const snapshot& now) {
    const std::vector<snapshot> one{now};
    add<snapshot>(all, one,
                  [](const snapshot& s) {
                      return labels{{"version", s.build.version},
                                    {"revision", s.build.revision},
                                    {"dpdk", s.build.dpdk},
                                    {"liquid", s.build.liquid},
                                    {"sodium", s.build.sodium}};
                  },
                  {{"landfall_build_info", gauge, "Build and linked-library versions; always 1",
                    [](const snapshot&) { return 1.0; }}});
    add<snapshot>(all, one, [](const snapshot& s) { return labels{{"gateway", s.gateway}}; },
                  {{"landfall_gateway_info", gauge, "Name of the gateway; always 1",
                    [](const snapshot&) { return 1.0; }}});
    add<snapshot>(all, one,
                  [](const snapshot& s) {
                      return labels{{"sha256", s.config.sha256},
                                    {"generation", std::to_string(s.config.generation)}};
                  },
                  {{"landfall_config_info", gauge, "Active configuration identity; always 1",
                    [](const snapshot&) { return 1.0; }}});
    add<snapshot>(
        all, one, no_labels,
        {{"landfall_start_time_seconds", gauge, "Unix time the process became ready",
          [](const snapshot& s) { return s.start_unix_s; }},
         {"landfall_config_last_reload_successful", gauge,
          "1 if the last configuration (re)load was accepted",
          [](const snapshot& s) { return s.config.last_load_successful ? 1.0 : 0.0; }},
         {"landfall_config_last_reload_success_timestamp_seconds", gauge,
          "Unix time of the last accepted configuration",
          [](const snapshot& s) { return s.config.last_success_unix_s; }},
         {"landfall_watchdog_pings_total", counter, "Watchdog pings sent to the service manager",
          [](const snapshot& s) { return number(s.watchdog_pings); }},
         {"landfall_tunnel_under_load", gauge, "1 while handshakes are answered with cookies only",
          [](const snapshot& s) { return s.tunnel.under_load ? 1.0 : 0.0; }},
         {"landfall_tunnel_inner_mtu_bytes", gauge,
          "Largest packet that the tunnel carries unfragmented",
          [](const snapshot& s) { return static_cast<double>(s.tunnel.inner_mtu); }}});
    add_sets<snapshot>(all, one, no_labels,
                       {{"landfall_config_reloads_total", counter, "result",
                         "Configuration reload attempts by result",
                         [](const snapshot& s) { return s.config.reloads; }},
                        {"landfall_tunnel_rejected_packets_total", counter, "reason",
                         "Tunnel packets from outside rejected by reason",
                         [](const snapshot& s) { return s.tunnel.rejects; }},
                        {"landfall_tunnel_dropped_packets_total", counter, "reason",
                         "Packets for the tunnel dropped before encryption by reason",
                         [](const snapshot& s) { return s.tunnel.drops; }}});
}

void add_ports(families& all, const std::vector<port_state>& ports) {
    const auto name = [](const port_state& p) { return labels{{"port", p.name}}; };
    add<port_state>(
        all, ports, name,
        {{"landfall_port_receive_packets_total", counter, "Packets received by the fast path",
          [](const port_state& p) { return number(p.received.packets); }},
         {"landfall_port_receive_bytes_total", counter, "Bytes received by the fast path",
          [](const port_state& p) { return number(p.received.bytes); }},
         {"landfall_port_transmit_packets_total", counter, "Packets transmitted by the fast path",
          [](const port_state& p) { return number(p.transmitted.packets); }},
         {"landfall_port_transmit_bytes_total", counter, "Bytes transmitted by the fast path",
          [](const port_state& p) { return number(p.transmitted.bytes); }},
         {"landfall_port_up", gauge, "1 if link is up",
          [](const port_state& p) { return p.up ? 1.0 : 0.0; }},
         {"landfall_port_link_transitions_total", counter, "Link state changes",
          [](const port_state& p) { return number(p.link_transitions); }}});
    add_sets<port_state>(
        all, ports, name,
        {{"landfall_port_drops_total", counter, "reason", "Packets dropped by reason",
          [](const port_state& p) { return p.drops; }},
         {"landfall_port_local_packets_total", counter, "kind",
          "Packets of neighbour discovery and echo handled by the gateway itself by kind",
          [](const port_state& p) { return p.local; }},
         {"landfall_port_neighbours", gauge, "state", "Next hops by state (known, unresolved)",
          [](const port_state& p) {
              return named_counts{{"known", p.neighbours_known},
                                  {"unresolved", p.neighbours_unresolved}};
          }}});
}

void add_machine(families& all, const snapshot& now) {
    add<lcore_state>(
        all, now.lcores,
        [](const lcore_state& l) {
            return labels{{"lcore", std::to_string(l.id)}, {"role", l.role}};
        },
        {{"landfall_lcore_busy_cycles_total", counter, "TSC cycles spent on non-empty polls",
          [](const lcore_state& l) { return number(l.busy_cycles); }},
         {"landfall_lcore_cycles_total", counter, "TSC cycles elapsed in the poll loop",
          [](const lcore_state& l) { return number(l.cycles); }},
         {"landfall_lcore_iterations_total", counter, "Iterations of the poll loop",
          [](const lcore_state& l) { return number(l.heartbeat); }}});
    add<lcore_state>(
        all, now.lcores,
        [](const lcore_state& l) { return labels{{"lcore", std::to_string(l.id)}}; },
        {{"landfall_lcore_stall_seconds", gauge, "Longest recent gap between two poll iterations",
          [](const lcore_state& l) { return l.stall_s; }}});
    add<pool_state>(all, now.pools, [](const pool_state& p) { return labels{{"pool", p.name}}; },
                    {{"landfall_mempool_available_objects", gauge, "Free mbufs in the pool",
                      [](const pool_state& p) { return number(p.available); }},
                     {"landfall_mempool_capacity_objects", gauge, "Total mbufs in the pool",
                      [](const pool_state& p) { return number(p.capacity); }}});
    add<ring_state>(
        all, now.rings, [](const ring_state& r) { return labels{{"ring", r.name}}; },
        {{"landfall_ring_used_entries", gauge, "Entries queued on an inter-stage ring",
          [](const ring_state& r) { return number(r.used); }},
         {"landfall_ring_capacity_entries", gauge, "Entries that an inter-stage ring holds",
          [](const ring_state& r) { return number(r.capacity); }},
         {"landfall_ring_full_total", counter, "Enqueue failures because the ring was full",
          [](const ring_state& r) { return number(r.full); }}});
}

void add_iq(families& all, const std::vector<carrier_state>& carriers) {
    const auto name = [](const carrier_state& c) { return labels{{"stream", c.name}}; };
    add<carrier_state>(
        all, carriers, name,
        {{"landfall_iq_packets_total", counter, "IQ packets accepted (VITA-49 or DIFI)",
          [](const carrier_state& c) { return number(c.iq.packets); }},
         {"landfall_iq_samples_total", counter, "Samples received",
          [](const carrier_state& c) { return number(c.iq.samples); }},
         {"landfall_iq_lost_packets_total", counter, "IQ packets inferred lost from sequence gaps",
          [](const carrier_state& c) { return number(c.iq.lost_packets); }},
         {"landfall_iq_lost_samples_total", counter, "Samples inferred lost from time gaps",
          [](const carrier_state& c) { return number(c.iq.lost_samples); }},
         {"landfall_iq_clipped_samples_total", counter, "Samples at ADC full scale",
          [](const carrier_state& c) { return number(c.iq.clipped_samples); }},
         {"landfall_iq_duplicate_packets_total", counter, "IQ packets that came twice",
          [](const carrier_state& c) { return number(c.iq.duplicates); }},
         {"landfall_iq_reordered_packets_total", counter,
          "IQ packets out of order put back in their place",
          [](const carrier_state& c) { return number(c.iq.reordered); }},
         {"landfall_iq_late_packets_total", counter,
          "IQ packets that came after their place had been given up",
          [](const carrier_state& c) { return number(c.iq.late); }}});
    add_sets<carrier_state>(all, carriers, name,
                            {{"landfall_iq_invalid_packets_total", counter, "reason",
                              "IQ packets that were not received by reason",
                              [](const carrier_state& c) { return c.iq.invalid; }}});
}

labels channel(const carrier_state& c) {
    return {{"channel", c.name}};
}

void add_demodulators(families& all, const std::vector<carrier_state>& carriers) {
    add<carrier_state>(
        all, carriers,
        [](const carrier_state& c) { return labels{{"channel", c.name}, {"mission", c.mission}}; },
        {{"landfall_channel_info", gauge, "Mission that a channel receives; always 1",
          [](const carrier_state&) { return 1.0; }}});
    add<carrier_state>(
        all, carriers, channel,
        {{"landfall_demod_behind", gauge, "1 while samples are dropped since they come too fast",
          [](const carrier_state& c) { return c.behind ? 1.0 : 0.0; }},
         {"landfall_demod_locked", gauge, "1 if carrier and frame sync are locked",
          [](const carrier_state& c) { return c.locked ? 1.0 : 0.0; }},
         {"landfall_demod_snr_db", gauge, "Estimated Es/N0 in dB, while locked",
          [](const carrier_state& c) { return c.locked ? c.es_n0_db : no_value; }},
         {"landfall_demod_error_vector_ratio", gauge,
          "Error vector magnitude (rms) over symbol amplitude, while locked",
          [](const carrier_state& c) { return c.locked ? c.evm_percent / 100 : no_value; }},
         {"landfall_demod_carrier_offset_hertz", gauge,
          "Carrier offset from the centre of the samples, while locked",
          [](const carrier_state& c) { return c.locked ? c.frequency_offset_hz : no_value; }},
         {"landfall_demod_symbol_rate_error_ratio", gauge,
          "Relative error of the received symbol clock, while locked",
          [](const carrier_state& c) {
              return c.locked ? c.symbol_rate_error_ppm * 1e-6 : no_value;
          }},
         {"landfall_demod_signal_seconds_total", counter, "Seconds of samples received",
          [](const carrier_state& c) { return c.signal_s; }},
         {"landfall_demod_locked_seconds_total", counter, "Seconds of samples received in lock",
          [](const carrier_state& c) { return c.locked_s; }},
         {"landfall_demod_acquisitions_total", counter, "Times that a carrier was acquired",
          [](const carrier_state& c) { return number(c.acquisitions); }},
         {"landfall_demod_sync_losses_total", counter, "Loss of frame sync events",
          [](const carrier_state& c) { return number(c.sync_losses); }}});
}

void add_frames(families& all, const std::vector<carrier_state>& carriers) {
    add_sets<carrier_state>(all, carriers, channel,
                            {{"landfall_fec_frames_total", counter, "result",
                              "FEC frames by result (clean, corrected, uncorrectable)",
                              [](const carrier_state& c) {
                                  return named_counts{{"clean", c.decoder.clean},
                                                      {"corrected", c.decoder.corrected},
                                                      {"uncorrectable", c.decoder.uncorrectable}};
                              }},
                             {"landfall_frames_total", counter, "vcid_class",
                              "Transfer frames accepted after CRC by what they carry (data, fill)",
                              [](const carrier_state& c) {
                                  return named_counts{{"data", c.frames.good},
                                                      {"fill", c.frames.fill}};
                              }},
                             {"landfall_frames_refused_total", counter, "reason",
                              "Decoded frames that the framing refused by reason",
                              [](const carrier_state& c) { return c.frames.refused; }},
                             {"landfall_packets_lost_total", counter, "reason",
                              "Packets that frames began or were to continue by reason",
                              [](const carrier_state& c) { return c.frames.lost_packets; }}});
    add<carrier_state>(
        all, carriers, channel,
        {{"landfall_fec_corrected_symbols_total", counter, "Symbols corrected by the decoder",
          [](const carrier_state& c) { return number(c.decoder.corrected_symbols); }},
         {"landfall_viterbi_symbols_total", counter,
          "Code symbols that the convolutional decoder took",
          [](const carrier_state& c) { return number(c.decoder.channel_bits); }},
         {"landfall_viterbi_symbol_errors_total", counter,
          "Code symbols that the convolutional decoder found wrong",
          [](const carrier_state& c) { return number(c.decoder.channel_bit_errors); }},
         {"landfall_frame_gaps_total", counter, "Missing virtual-channel frame counts",
          [](const carrier_state& c) { return number(c.frames.missing); }}});
}

/// A virtual channel with the name of its carrier.
struct named_channel {
    const carrier_state* carrier;
    const virtual_channel_state* channel;
};

void add_virtual_channels(families& all, const std::vector<carrier_state>& carriers) {
    std::vector<named_channel> channels;
    for (const carrier_state& carrier : carriers) {
        for (const virtual_channel_state& one : carrier.channels) {
            channels.push_back({&carrier, &one});
        }
    }
    add<named_channel>(
        all, channels,
        [](const named_channel& c) {
            return labels{{"channel", c.carrier->name},
                          {"spacecraft", std::to_string(c.channel->spacecraft_id)},
                          {"vcid", std::to_string(c.channel->vcid)}};
        },
        {{"landfall_virtual_channel_frames_total", counter,
          "Transfer frames of a virtual channel, fill excluded",
          [](const named_channel& c) { return number(c.channel->frames); }},
         {"landfall_virtual_channel_fill_frames_total", counter, "Fill frames of a virtual channel",
          [](const named_channel& c) { return number(c.channel->fill); }},
         {"landfall_virtual_channel_missing_frames_total", counter,
          "Missing frame counts of a virtual channel",
          [](const named_channel& c) { return number(c.channel->missing); }},
         {"landfall_virtual_channel_packets_total", counter, "Packets of a virtual channel",
          [](const named_channel& c) { return number(c.channel->packets); }}});
}

named_counts both_ways(std::uint64_t received, std::uint64_t transmitted) {
    return {{"receive", received}, {"transmit", transmitted}};
}

void add_peers(families& all, const std::vector<peer_state>& peers) {
    const auto name = [](const peer_state& p) { return labels{{"peer", p.name}}; };
    add_sets<peer_state>(
        all, peers, name,
        {{"landfall_tunnel_packets_total", counter, "direction", "Encrypted packets handled",
          [](const peer_state& p) { return both_ways(p.received.packets, p.transmitted.packets); }},
         {"landfall_tunnel_bytes_total", counter, "direction", "Bytes of encrypted packets handled",
          [](const peer_state& p) { return both_ways(p.received.bytes, p.transmitted.bytes); }},
         {"landfall_tunnel_key_rotations_total", counter, "result",
          "Session-key rotations by result", [](const peer_state& p) { return p.handshakes; }}});
    add<peer_state>(
        all, peers, name,
        {{"landfall_tunnel_last_handshake_timestamp_seconds", gauge,
          "Unix time of the last completed handshake; 0: none yet",
          [](const peer_state& p) { return static_cast<double>(p.last_handshake_unix_s); }},
         {"landfall_tunnel_silent_seconds", gauge,
          "For how long handshakes have had no answer; 0: it answers, or was not asked",
          [](const peer_state& p) { return p.silent_s; }}});
}

void add_host(families& all, const host_state& host) {
    const std::vector<host_state> one(host.interface_name.empty() ? 0 : 1, host);
    add_sets<host_state>(
        all, one, [](const host_state& h) { return labels{{"interface", h.interface_name}}; },
        {{"landfall_host_packets_total", counter, "direction",
          "Packets between the tunnel and the host's own IP",
          [](const host_state& h) { return both_ways(h.received.packets, h.transmitted.packets); }},
         {"landfall_host_bytes_total", counter, "direction",
          "Bytes between the tunnel and the host's own IP",
          [](const host_state& h) { return both_ways(h.received.bytes, h.transmitted.bytes); }}});
}

void add_routes(families& all, const std::vector<route_state>& routes) {
    const auto name = [](const route_state& r) {
        return labels{
            {"route", r.route}, {"carrier", r.carrier}, {"peer", r.peer}, {"payload", r.payload}};
    };
    add<route_state>(
        all, routes, name,
        {{"landfall_route_packets_total", counter, "Packets that a route handed to the tunnel",
          [](const route_state& r) { return number(r.packets); }},
         {"landfall_route_bytes_total", counter, "Bytes that a route handed to the tunnel",
          [](const route_state& r) { return number(r.bytes); }},
         {"landfall_route_fragments_total", counter,
          "IP fragments that a route made of packets larger than the tunnel's MTU",
          [](const route_state& r) { return number(r.fragments); }}});
    add_sets<route_state>(
        all, routes, name,
        {{"landfall_route_drops_total", counter, "reason", "Packets of a route dropped by reason",
          [](const route_state& r) { return r.drops; }}});
}

void add_tenants(families& all, const std::vector<tenant_state>& tenants) {
    using tenant = const tenant_state&;
    const auto name = [](tenant t) { return labels{{"tenant", t.name}}; };
    add<tenant_state>(
        all, tenants, name,
        {{"landfall_spool_segments", gauge,
          "Segments on disk that the datacenter does not have yet",
          [](tenant t) { return number(t.segments); }},
         {"landfall_spool_frames", gauge, "Frames in these segments",
          [](tenant t) { return number(t.frames); }},
         {"landfall_spool_bytes", gauge, "Bytes of a tenant's files in the spool",
          [](tenant t) { return number(t.bytes); }},
         {"landfall_spool_waiting_segments", gauge, "Segments in memory, not yet written",
          [](tenant t) { return number(t.waiting); }},
         {"landfall_spool_aside_files", gauge, "Torn and damaged files that are kept",
          [](tenant t) { return number(t.aside); }},
         {"landfall_spool_oldest_seconds", gauge, "Age of the oldest segment",
          [](tenant t) { return number(t.oldest_s); }},
         {"landfall_spool_seconds_to_full", gauge,
          "Until a tenant's part is full, at the rate of the last minute; +Inf: it does not fill",
          [](tenant t) { return t.seconds_to_full; }},
         {"landfall_spool_torn_segments_total", counter,
          "Segments that were not finished when the gateway ended",
          [](tenant t) { return number(t.torn); }},
         {"landfall_spool_durable_segments_total", counter, "Segments made durable",
          [](tenant t) { return number(t.durable_segments); }},
         {"landfall_spool_durable_frames_total", counter, "Frames in segments made durable",
          [](tenant t) { return number(t.durable_frames); }},
         {"landfall_spool_durable_bytes_total", counter, "Bytes of segments made durable",
          [](tenant t) { return number(t.durable_bytes); }}});
    add_sets<tenant_state>(
        all, tenants, name,
        {{"landfall_spool_removed_segments_total", counter, "reason",
          "Segments that left the spool by reason; acknowledged is the good one",
          [](tenant t) { return t.removed; }},
         {"landfall_spool_removed_frames_total", counter, "reason",
          "Frames in segments that left the spool by reason",
          [](tenant t) { return t.removed_frames; }},
         {"landfall_spool_failures_total", counter, "reason", "Failed file operations by reason",
          [](tenant t) { return t.failures; }}});
}

void add_publisher(families& all, const publisher_state& state) {
    using publisher = const publisher_state&;
    const auto none = [](publisher) { return labels{}; };
    if (!state.enabled) {
        return;
    }
    add<publisher_state>(
        all, {state}, none,
        {{"landfall_publish_up", gauge, "1 while a server and its stream take segments",
          [](publisher p) { return p.ready ? 1.0 : 0.0; }},
         {"landfall_publish_waiting_segments", gauge, "Segments offered and not acknowledged",
          [](publisher p) { return number(p.waiting); }},
         {"landfall_publish_in_flight_segments", gauge, "Those of them that were sent",
          [](publisher p) { return number(p.in_flight); }},
         {"landfall_publish_connects_total", counter, "Connections made to servers",
          [](publisher p) { return number(p.connects); }},
         {"landfall_publish_bytes_total", counter, "Bytes acknowledged by the stream",
          [](publisher p) { return number(p.bytes); }},
         {"landfall_publish_checkpoints_total", counter,
          "Checkpoints of the ledger and their signatures acknowledged by the stream",
          [](publisher p) { return number(p.checkpoints); }}});
    add_sets<publisher_state>(
        all, {state}, none,
        {{"landfall_publish_outcomes_total", counter, "outcome",
          "Messages by what became of them, for good", [](publisher p) { return p.outcomes; }},
         {"landfall_publish_troubles_total", counter, "trouble",
          "Attempts that came to nothing by reason", [](publisher p) { return p.troubles; }}});
}

void add_ledger(families& all, const ledger_state& state) {
    using ledger = const ledger_state&;
    const auto none = [](ledger) { return labels{}; };
    if (!state.enabled) {
        return;
    }
    add<ledger_state>(
        all, {state}, none,
        {{"landfall_ledger_up", gauge, "1 while the ledger is open",
          [](ledger l) { return l.open ? 1.0 : 0.0; }},
         {"landfall_ledger_entries", gauge, "Entries that are durable and signed",
          [](ledger l) { return number(l.entries); }},
         {"landfall_ledger_waiting_entries", gauge, "Entries that are not yet",
          [](ledger l) { return number(l.waiting); }},
         {"landfall_ledger_lost_entries_total", counter, "Entries for which there was no room",
          [](ledger l) { return number(l.lost); }},
         {"landfall_ledger_failures_total", counter, "Failures to open or write the ledger",
          [](ledger l) { return number(l.failures); }},
         {"landfall_ledger_checkpoint_timestamp_seconds", gauge,
          "Unix time of the newest checkpoint of this process; 0: none yet",
          [](ledger l) { return l.checkpoint_unix_s; }}});
}

} // namespace

std::vector<MetricFamily> families_of(const snapshot& now) {
    families all;
    add_gateway(all, now);
    add_ports(all, now.ports);
    add_machine(all, now);
    add_iq(all, now.carriers);
    add_demodulators(all, now.carriers);
    add_frames(all, now.carriers);
    add_virtual_channels(all, now.carriers);
    add_peers(all, now.tunnel.peers);
    add_host(all, now.tunnel.host);
    add_routes(all, now.routes);
    add_tenants(all, now.tenants);
    add_publisher(all, now.publisher);
    add_ledger(all, now.ledger);
    return all;
}

std::vector<MetricFamily> families_of(const process_state& now) {
    families all;
    const auto none = [](const process_state&) { return labels{}; };
    add<process_state>(
        all, {now}, none,
        {{"process_cpu_seconds_total", counter, "Processor time spent, user and system",
          [](const process_state& p) { return p.cpu_s; }},
         {"process_open_fds", gauge, "Open file descriptors",
          [](const process_state& p) { return number(p.open_files); }},
         {"process_max_fds", gauge, "Most file descriptors that may be open",
          [](const process_state& p) { return p.most_files ? number(*p.most_files) : no_value; }},
         {"process_virtual_memory_bytes", gauge, "Virtual memory size",
          [](const process_state& p) { return number(p.virtual_bytes); }},
         {"process_resident_memory_bytes", gauge, "Resident memory size",
          [](const process_state& p) { return number(p.resident_bytes); }},
         {"process_start_time_seconds", gauge, "Unix time the process was started",
          [](const process_state& p) { return p.start_unix_s.value_or(no_value); }},
         {"process_threads", gauge, "Threads of the process",
          [](const process_state& p) { return number(p.threads); }}});
    return all;
}

MetricFamily collect_errors(std::uint64_t count) {
    families all;
    MetricFamily& family = add_family(all, "landfall_collect_errors_total", counter,
                                      "Scrapes for which the gateway's state could not be taken");
    add_series(family, {}, number(count));
    return all.front();
}

} // namespace landfall::control
