// SPDX-License-Identifier: MIT
#include "config/gateway_keys.h"

#include "config/value_formats.h"
#include "crypto/wireguard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace landfall::config {

namespace {

namespace is = formats;

constexpr std::size_t list_items_max = 256;
constexpr std::int64_t octets_limit = std::int64_t{1} << 50U;

constexpr std::array idle_words{word{"backoff", static_cast<int>(idle_mode::backoff)},
                                word{"spin", static_cast<int>(idle_mode::spin)}};
constexpr std::array payload_words{word{"frames", static_cast<int>(payload::frames)},
                                   word{"packets", static_cast<int>(payload::packets)},
                                   word{"ip", static_cast<int>(payload::ip)},
                                   word{"iq", static_cast<int>(payload::iq)}};
constexpr std::array full_words{
    word{"oldest-first", static_cast<int>(when_full::oldest_first)},
    word{"lowest-priority-first", static_cast<int>(when_full::lowest_priority_first)},
    word{"refuse-new", static_cast<int>(when_full::refuse_new)}};
constexpr std::array header_words{word{"none", static_cast<int>(frame_header::none)},
                                  word{"landfall", static_cast<int>(frame_header::landfall)}};

/// Of the largest port, on IPv4, whole blocks of padding.
constexpr std::uint16_t tunnel_mtu_limit = crypto::inner_mtu_of(base::port_mtu_max, false);

using cpu_number = is::number<unsigned, 0, 1023>;
using udp_port = is::number<std::uint16_t, 1, 65535>;

template <class Table, class Held>
Table table_of(Held Table::*);
template <class Table, class Held>
Held held_of(Held Table::*);

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = true;
template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;

/// A member of a table as a key of the form `Format`: one value, an optional one, or a list.
template <class Format, auto Member>
struct member {
    using table = decltype(table_of(Member));
    using held = decltype(held_of(Member));
    using single = typename Format::type;

    static taken set_list(held& target, const value& item) {
        taken result;
        target.clear();
        const bool list = item.kind == value_kind::list;
        if (list && item.items.size() > list_items_max) {
            result.wrong.push_back({item.at, fmt::format("more than {} values", list_items_max)});
            return result;
        }
        for (const value& one : list ? std::span(item.items) : std::span(&item, 1)) {
            single read{};
            if (auto wrong = Format::read(one, read)) {
                result.wrong.push_back({one.at, std::move(*wrong)});
            } else if (std::find(target.begin(), target.end(), read) != target.end()) {
                result.wrong.push_back({one.at, fmt::format("{} twice", Format::write(read))});
            } else {
                target.push_back(std::move(read));
                result.items.push_back(one.at);
            }
        }
        return result;
    }

    static taken set(table& to, const value& item) {
        if constexpr (is_list<held>) {
            return set_list(to.*Member, item);
        } else {
            single read{};
            auto wrong = Format::read(item, read);
            to.*Member = std::move(read);
            taken result;
            if (wrong)
                result.wrong.push_back({item.at, std::move(*wrong)});
            return result;
        }
    }

    static std::string text(const table& from) {
        const held& kept = from.*Member;
        if constexpr (is_list<held>) {
            std::string list;
            for (const single& one : kept)
                list += (list.empty() ? "" : ", ") + Format::write(one);
            return '[' + list + ']';
        } else if constexpr (is_optional<held>) {
            return kept ? Format::write(*kept) : std::string{};
        } else if constexpr (requires { kept.empty(); }) {
            return kept.empty() ? std::string{} : Format::write(kept);
        } else {
            return Format::write(kept);
        }
    }
};

constexpr bool required = true;

template <class Format, auto Member>
constexpr auto key(std::string_view name, bool needed = false) {
    using of = member<Format, Member>;
    return table_key<typename of::table>{name, needed, Format::values, of::set, of::text};
}

constexpr std::array keys_of_gateway{key<is::name, &gateway::name>("name"),
                                     key<is::path, &gateway::control_socket>("control_socket")};

constexpr std::array keys_of_lcores{
    key<cpu_number, &lcore_settings::io>("io"), key<cpu_number, &lcore_settings::modem>("modem"),
    key<is::choice<idle_mode, idle_words>, &lcore_settings::idle>("idle")};

constexpr std::array keys_of_port{
    key<is::name, &port_settings::name>("name", required),
    key<is::device, &port_settings::device>("device", required),
    key<is::own_address, &port_settings::address>("address"),
    key<is::host, &port_settings::gateway>("gateway"),
    key<is::number<std::uint16_t, 576, base::port_mtu_max, quantity::size>, &port_settings::mtu>(
        "mtu"),
    key<is::number<std::uint16_t, 1, 4094>, &port_settings::vlan>("vlan")};

constexpr std::array keys_of_carrier{
    key<is::name, &carrier_settings::name>("name", required),
    key<is::reference, &carrier_settings::mission_named>("mission", required),
    key<is::reference, &carrier_settings::port>("port"),
    key<udp_port, &carrier_settings::udp_port>("udp_port"),
    key<is::number<std::uint32_t, 0, 0xFFFFFFFF>, &carrier_settings::stream_id>("stream_id"),
    key<is::number<std::int64_t, 2000, 100'000'000'000, quantity::frequency>,
        &carrier_settings::sample_rate_hz>("sample_rate_hz"),
    key<is::number<std::uint8_t, 1, 2>, &carrier_settings::lcores>("lcores")};

constexpr std::array keys_of_tunnel{
    key<is::reference, &tunnel_settings::port>("port", required),
    key<is::path, &tunnel_settings::private_key_file>("private_key_file", required),
    key<udp_port, &tunnel_settings::listen_port>("listen_port"),
    key<is::own_address, &tunnel_settings::address>("address", required),
    key<is::number<std::uint16_t, 576, tunnel_mtu_limit, quantity::size>, &tunnel_settings::mtu>(
        "mtu"),
    key<is::interface, &tunnel_settings::interface_name>("interface")};

constexpr std::array keys_of_peer{
    key<is::name, &peer_settings::name>("name", required),
    key<is::public_key, &peer_settings::public_key>("public_key", required),
    key<is::path, &peer_settings::preshared_key_file>("preshared_key_file"),
    key<is::endpoint, &peer_settings::endpoint>("endpoint"),
    key<is::network, &peer_settings::allowed_ips>("allowed_ips", required),
    key<is::number<std::uint16_t, 0, 65535, quantity::duration>,
        &peer_settings::persistent_keepalive_s>("persistent_keepalive_s")};

constexpr std::array keys_of_route{
    key<is::reference, &route_settings::carrier>("carrier"),
    key<is::number<std::uint8_t, 0, 63>, &route_settings::vcid>("vcid"),
    key<is::number<std::uint16_t, 0, 65535>, &route_settings::spacecraft_id>("spacecraft_id"),
    key<is::number<std::uint16_t, 0, 2047>, &route_settings::apid>("apid"),
    key<is::flag, &route_settings::fill>("fill"),
    key<is::reference, &route_settings::to>("to"),
    key<is::reference, &route_settings::tenant>("tenant"),
    key<is::flag, &route_settings::durable>("durable"),
    key<is::choice<payload, payload_words>, &route_settings::as>("as"),
    key<is::choice<frame_header, header_words>, &route_settings::header>("header"),
    key<is::endpoint, &route_settings::udp>("udp"),
    key<is::network, &route_settings::source>("source"),
    key<is::network, &route_settings::destination>("destination")};

constexpr std::array keys_of_host{
    key<is::interface, &host_settings::interface_name>("interface"),
    key<is::allowance, &host_settings::allow>("allow"),
    key<is::number<std::uint32_t, 1, 100'000>, &host_settings::rate_mbit_s>("rate_mbit_s")};

constexpr std::array keys_of_tenant{
    key<is::name, &tenant_settings::name>("name", required),
    key<is::recipient, &tenant_settings::recipients>("recipients"),
    key<is::number<std::uint8_t, 0, 9>, &tenant_settings::priority>("priority"),
    key<is::number<std::uint64_t, 1 << 20U, octets_limit, quantity::size>,
        &tenant_settings::quota_octets>("quota_octets"),
    key<is::number<std::uint32_t, 0, 1'000'000'000, quantity::duration>,
        &tenant_settings::quota_age_s>("quota_age_s"),
    key<is::choice<when_full, full_words>, &tenant_settings::when_full>("when_full"),
    key<is::channel, &tenant_settings::channels>("channels"),
    key<is::reference, &tenant_settings::peers>("peers")};

constexpr std::array keys_of_spool{
    key<is::path, &spool_settings::directory>("directory"),
    key<is::number<std::uint32_t, 128 << 10U, 64 << 20U, quantity::size>,
        &spool_settings::segment_octets>("segment_octets"),
    key<is::number<std::uint32_t, 1, 3600, quantity::duration>, &spool_settings::segment_age_s>(
        "segment_age_s"),
    key<is::number<std::uint64_t, 0, octets_limit, quantity::size>,
        &spool_settings::reserve_octets>("reserve_octets")};

constexpr std::array keys_of_publish{
    key<is::nats_url, &publish_settings::urls>("urls", required),
    key<is::stream, &publish_settings::stream>("stream"),
    key<is::flag, &publish_settings::create_stream>("create_stream"),
    key<is::path, &publish_settings::credentials_file>("credentials_file"),
    key<is::path, &publish_settings::authorities_file>("authorities_file"),
    key<is::number<std::uint64_t, 0, octets_limit, quantity::size>,
        &publish_settings::most_octets_per_s>("most_octets_per_s")};

constexpr std::array keys_of_ledger{
    key<is::path, &ledger_settings::directory>("directory"),
    key<is::path, &ledger_settings::key_file>("key_file", required)};

constexpr std::array keys_of_metrics{key<is::endpoint, &listener::endpoint>("listen"),
                                     key<is::flag, &listener::enabled>("enabled")};

constexpr std::array<std::string_view, 14> names{
    "config_version", "gateway", "lcores", "port",  "carrier", "tunnel", "peer",
    "tenant",         "route",   "host",   "spool", "publish", "ledger", "metrics"};

template <class Table>
void document(std::vector<documented_key>& list, std::string_view table) {
    for (const table_key<Table>& one : table_keys<Table>())
        list.push_back({table, one.name, one.values()});
}

} // namespace

template <>
std::span<const table_key<gateway>> table_keys<gateway>() noexcept {
    return keys_of_gateway;
}
template <>
std::span<const table_key<lcore_settings>> table_keys<lcore_settings>() noexcept {
    return keys_of_lcores;
}
template <>
std::span<const table_key<port_settings>> table_keys<port_settings>() noexcept {
    return keys_of_port;
}
template <>
std::span<const table_key<carrier_settings>> table_keys<carrier_settings>() noexcept {
    return keys_of_carrier;
}
template <>
std::span<const table_key<tunnel_settings>> table_keys<tunnel_settings>() noexcept {
    return keys_of_tunnel;
}
template <>
std::span<const table_key<peer_settings>> table_keys<peer_settings>() noexcept {
    return keys_of_peer;
}
template <>
std::span<const table_key<route_settings>> table_keys<route_settings>() noexcept {
    return keys_of_route;
}
template <>
std::span<const table_key<host_settings>> table_keys<host_settings>() noexcept {
    return keys_of_host;
}
template <>
std::span<const table_key<tenant_settings>> table_keys<tenant_settings>() noexcept {
    return keys_of_tenant;
}
template <>
std::span<const table_key<spool_settings>> table_keys<spool_settings>() noexcept {
    return keys_of_spool;
}
template <>
std::span<const table_key<publish_settings>> table_keys<publish_settings>() noexcept {
    return keys_of_publish;
}
template <>
std::span<const table_key<ledger_settings>> table_keys<ledger_settings>() noexcept {
    return keys_of_ledger;
}
template <>
std::span<const table_key<listener>> table_keys<listener>() noexcept {
    return keys_of_metrics;
}

std::vector<documented_key> gateway_keys() {
    std::vector<documented_key> list;
    document<gateway>(list, "gateway");
    document<lcore_settings>(list, "lcores");
    document<port_settings>(list, "port");
    document<carrier_settings>(list, "carrier");
    document<tunnel_settings>(list, "tunnel");
    document<peer_settings>(list, "peer");
    document<tenant_settings>(list, "tenant");
    document<route_settings>(list, "route");
    document<host_settings>(list, "host");
    document<spool_settings>(list, "spool");
    document<publish_settings>(list, "publish");
    document<ledger_settings>(list, "ledger");
    document<listener>(list, "metrics");
    return list;
}

std::span<const std::string_view> table_names() noexcept {
    return names;
}

} // namespace landfall::config
