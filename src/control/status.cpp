// SPDX-License-Identifier: MIT
#include "control/status.h"

#include <nlohmann/json.hpp>

#include <concepts>
#include <exception>
#include <type_traits>

namespace landfall::control {
namespace {

using json = nlohmann::ordered_json;

template <class S, class T>
concept of = std::same_as<std::remove_const_t<S>, T>;

// Each structure's keys, once for writing and reading.

template <class F>
void fields(F each, of<build_info> auto& s) {
    each("version", s.version);
    each("revision", s.revision);
    each("dpdk", s.dpdk);
    each("liquid", s.liquid);
    each("sodium", s.sodium);
}

template <class F>
void fields(F each, of<config_state> auto& s) {
    each("sha256", s.sha256);
    each("generation", s.generation);
    each("last_load_successful", s.last_load_successful);
    each("last_success_unix_seconds", s.last_success_unix_s);
    each("reloads", s.reloads);
}

template <class F>
void fields(F each, of<traffic> auto& s) {
    each("packets", s.packets);
    each("bytes", s.bytes);
}

template <class F>
void fields(F each, of<port_state> auto& s) {
    each("name", s.name);
    each("device", s.device);
    each("up", s.up);
    each("link_transitions", s.link_transitions);
    each("received", s.received);
    each("transmitted", s.transmitted);
    each("drops", s.drops);
    each("local", s.local);
    each("neighbours_known", s.neighbours_known);
    each("neighbours_unresolved", s.neighbours_unresolved);
}

template <class F>
void fields(F each, of<lcore_state> auto& s) {
    each("id", s.id);
    each("role", s.role);
    each("cycles", s.cycles);
    each("busy_cycles", s.busy_cycles);
    each("stall_seconds", s.stall_s);
    each("iterations", s.heartbeat);
}

template <class F>
void fields(F each, of<pool_state> auto& s) {
    each("name", s.name);
    each("available", s.available);
    each("capacity", s.capacity);
}

template <class F>
void fields(F each, of<ring_state> auto& s) {
    each("name", s.name);
    each("used", s.used);
    each("capacity", s.capacity);
    each("full", s.full);
}

template <class F>
void fields(F each, of<iq_state> auto& s) {
    each("packets", s.packets);
    each("samples", s.samples);
    each("lost_packets", s.lost_packets);
    each("lost_samples", s.lost_samples);
    each("clipped_samples", s.clipped_samples);
    each("duplicates", s.duplicates);
    each("reordered", s.reordered);
    each("late", s.late);
    each("invalid", s.invalid);
}

template <class F>
void fields(F each, of<decoder_state> auto& s) {
    each("clean", s.clean);
    each("corrected", s.corrected);
    each("uncorrectable", s.uncorrectable);
    each("corrected_symbols", s.corrected_symbols);
    each("channel_bits", s.channel_bits);
    each("channel_bit_errors", s.channel_bit_errors);
}

template <class F>
void fields(F each, of<frame_state> auto& s) {
    each("good", s.good);
    each("corrected", s.corrected);
    each("bad", s.bad);
    each("fill", s.fill);
    each("missing", s.missing);
    each("refused", s.refused);
    each("lost_packets", s.lost_packets);
}

template <class F>
void fields(F each, of<virtual_channel_state> auto& s) {
    each("spacecraft_id", s.spacecraft_id);
    each("vcid", s.vcid);
    each("frames", s.frames);
    each("fill", s.fill);
    each("missing", s.missing);
    each("packets", s.packets);
}

template <class F>
void fields(F each, of<carrier_state> auto& s) {
    each("name", s.name);
    each("mission", s.mission);
    each("locked", s.locked);
    each("behind", s.behind);
    each("signal_seconds", s.signal_s);
    each("locked_seconds", s.locked_s);
    each("es_n0_db", s.es_n0_db);
    each("evm_percent", s.evm_percent);
    each("frequency_offset_hz", s.frequency_offset_hz);
    each("symbol_rate_error_ppm", s.symbol_rate_error_ppm);
    each("acquisitions", s.acquisitions);
    each("sync_losses", s.sync_losses);
    each("iq", s.iq);
    each("decoder", s.decoder);
    each("frames", s.frames);
    each("virtual_channels", s.channels);
}

template <class F>
void fields(F each, of<peer_state> auto& s) {
    each("name", s.name);
    each("endpoint", s.endpoint);
    each("received", s.received);
    each("transmitted", s.transmitted);
    each("last_handshake_unix_seconds", s.last_handshake_unix_s);
    each("silent_seconds", s.silent_s);
    each("handshakes", s.handshakes);
}

template <class F>
void fields(F each, of<host_state> auto& s) {
    each("interface", s.interface_name);
    each("received", s.received);
    each("transmitted", s.transmitted);
}

template <class F>
void fields(F each, of<tunnel_state> auto& s) {
    each("interface", s.interface_name);
    each("listen_port", s.listen_port);
    each("inner_mtu", s.inner_mtu);
    each("under_load", s.under_load);
    each("peers", s.peers);
    each("rejects", s.rejects);
    each("drops", s.drops);
    each("host", s.host);
}

template <class F>
void fields(F each, of<route_state> auto& s) {
    each("route", s.route);
    each("carrier", s.carrier);
    each("peer", s.peer);
    each("payload", s.payload);
    each("packets", s.packets);
    each("bytes", s.bytes);
    each("fragments", s.fragments);
    each("drops", s.drops);
}

template <class F>
void fields(F each, of<tenant_state> auto& s) {
    each("name", s.name);
    each("segments", s.segments);
    each("frames", s.frames);
    each("bytes", s.bytes);
    each("waiting", s.waiting);
    each("aside", s.aside);
    each("oldest_seconds", s.oldest_s);
    each("seconds_to_full", s.seconds_to_full);
    each("durable_segments", s.durable_segments);
    each("durable_frames", s.durable_frames);
    each("durable_bytes", s.durable_bytes);
    each("torn", s.torn);
    each("removed", s.removed);
    each("removed_frames", s.removed_frames);
    each("failures", s.failures);
}

template <class F>
void fields(F each, of<publisher_state> auto& s) {
    each("enabled", s.enabled);
    each("connected", s.connected);
    each("ready", s.ready);
    each("server", s.server);
    each("waiting", s.waiting);
    each("in_flight", s.in_flight);
    each("connects", s.connects);
    each("bytes", s.bytes);
    each("checkpoints", s.checkpoints);
    each("outcomes", s.outcomes);
    each("troubles", s.troubles);
}

template <class F>
void fields(F each, of<ledger_state> auto& s) {
    each("enabled", s.enabled);
    each("open", s.open);
    each("origin", s.origin);
    each("entries", s.entries);
    each("waiting", s.waiting);
    each("lost", s.lost);
    each("failures", s.failures);
    each("checkpoint_unix_seconds", s.checkpoint_unix_s);
}

template <class F>
void fields(F each, of<snapshot> auto& s) {
    each("gateway", s.gateway);
    each("taken_unix_seconds", s.taken_unix_s);
    each("start_unix_seconds", s.start_unix_s);
    each("build", s.build);
    each("config", s.config);
    each("ports", s.ports);
    each("lcores", s.lcores);
    each("pools", s.pools);
    each("rings", s.rings);
    each("carriers", s.carriers);
    each("tunnel", s.tunnel);
    each("routes", s.routes);
    each("tenants", s.tenants);
    each("publisher", s.publisher);
    each("ledger", s.ledger);
    each("watchdog_pings", s.watchdog_pings);
}

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = true;

struct writer {
    json& to;
    template <class T>
    void operator()(const char* key, const T& value) const {
        write(to[key], value);
    }
    template <class T>
    static void write(json& place, const T& value) {
        if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
            place = value;
        } else if constexpr (std::same_as<T, named_counts>) {
            place = json::object();
            for (const named_count& one : value) {
                place[one.name] = one.count;
            }
        } else if constexpr (is_list<T>) {
            place = json::array();
            for (const auto& one : value) {
                write(place.emplace_back(), one);
            }
        } else {
            place = json::object();
            fields(writer{place}, value);
        }
    }
};

/// Throws json's exceptions where a value is of the wrong type.
struct reader {
    const json& from;
    template <class T>
    void operator()(const char* key, T& value) const {
        if (const auto found = from.find(key); found != from.end() && !found->is_null()) {
            read(*found, value);
        }
    }
    template <class T>
    static void read(const json& place, T& value) {
        if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
            value = place.get<T>();
        } else if constexpr (std::same_as<T, named_counts>) {
            for (const auto& [name, count] : place.get_ref<const json::object_t&>()) {
                value.push_back({name, count.template get<std::uint64_t>()});
            }
        } else if constexpr (is_list<T>) {
            for (const json& one : place.get_ref<const json::array_t&>()) {
                read(one, value.emplace_back());
            }
        } else {
            static_cast<void>(place.get_ref<const json::object_t&>());
            fields(reader{place}, value);
        }
    }
};

std::string dump(const json& object) {
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string error_json(std::string_view text) {
    return dump({{"schema", 1}, {"error", text}});
}

} // namespace

std::string status_json(const snapshot& now) {
    json object{{"schema", 1}};
    fields(writer{object}, now);
    return dump(object);
}

std::optional<snapshot> parse_status(std::string_view text) {
    const json object = json::parse(text, nullptr, false);
    if (!object.is_object() || object.value("schema", json()) != 1 || !object.contains("ports")) {
        return std::nullopt;
    }
    try {
        snapshot read;
        fields(reader{object}, read);
        return read;
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

std::string answer(std::string_view request, const snapshot_source& source) {
    const json object = json::parse(request, nullptr, false);
    if (!object.is_object() || !object.contains("request")) {
        return error_json(R"(a request is a line like {"request":"status"})");
    }
    const json& asked = object["request"];
    if (asked != "status") {
        return error_json("unknown request " + dump(asked));
    }
    try {
        return status_json(source());
    } catch (const std::exception& error) {
        return error_json(error.what());
    }
}

} // namespace landfall::control
