// SPDX-License-Identifier: MIT
// The checks of `check_gateway`, table by table.
#pragma once

#include "config/gateway.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::config {

template <class Table>
[[nodiscard]] const Table* find_named(const std::vector<Table>& list,
                                      std::string_view name) noexcept {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Table& one) { return one.name == name; });
    return found == list.end() ? nullptr : &*found;
}

inline constexpr std::size_t names_told = 8; ///< of those that a wrong name could have been

class checker {
  public:
    checker(gateway& all, use purpose, diagnostics& errors)
        : all_(all), purpose_(purpose), errors_(errors) {}

    void check();

  private:
    void wrong(const origin& at, std::string message);
    void warn(const origin& at, std::string message);
    template <class Table>
    void check_names(const std::vector<Table>& list, std::string_view label);
    template <class Table>
    void check_reference(const origin& at, std::string_view key, std::string_view name,
                         const std::vector<Table>& list);
    void check_needs();
    void check_lcores();
    void check_port(const port_settings& port);
    void check_ports();
    void check_carriers();
    void warn_of_any_stream(const carrier_settings& one);
    void check_tunnel_mtu(const port_settings& port);
    void check_tunnel();
    void check_endpoint(const peer_settings& peer);
    void check_allowed_ips(const peer_settings& peer, std::span<const peer_settings> before);
    void check_peers();
    void check_route_keys(const route_settings& route);
    void check_route_destination(const route_settings& route);
    void check_sizes(const route_settings& route);
    void check_routes();
    void check_tenants();
    void check_tenant_peers(const tenant_settings& tenant, std::span<const tenant_settings> before);
    void check_durable_route(const route_settings& route);
    void check_route_tenant(const route_settings& route);
    void check_channels(const route_settings& route, const tenant_settings* tenant,
                        const origin& at);
    [[nodiscard]] const tenant_settings* tenant_of_peer(std::string_view peer) const noexcept;
    void check_durable_lane();
    void check_metrics();
    void check_host();
    void check_unused();

    gateway& all_;
    use purpose_;
    diagnostics& errors_;
};

template <class Table>
void checker::check_names(const std::vector<Table>& list, std::string_view label) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i].name.empty())
            continue;
        const Table* first = find_named(list, list[i].name);
        if (first != &list[i])
            wrong(origin_of(list[i].given, "name"),
                  fmt::format("name: \"{}\" is another {}'s, {}", printable(list[i].name, 64),
                              label, place(origin_of(first->given, "name"))));
    }
}

/// Reports a name that no table of `list` has.
template <class Table>
void checker::check_reference(const origin& at, std::string_view key, std::string_view name,
                              const std::vector<Table>& list) {
    if (find_named(list, name) != nullptr)
        return;
    std::vector<std::string_view> known;
    std::string all;
    for (const Table& one : list) {
        known.push_back(one.name);
        all += fmt::format("{}\"{}\"", all.empty() ? "" : ", ", printable(one.name, 64));
    }
    std::string hint = did_you_mean(name, known);
    if (hint.empty() && known.size() <= names_told)
        hint = known.empty() ? "; there are none" : "; there are: " + all;
    wrong(at, fmt::format("{}: there is none named \"{}\"{}", key, printable(name, 60), hint));
}

} // namespace landfall::config
