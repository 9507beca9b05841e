// SPDX-License-Identifier: MIT
// Who may have what: tenants, their peers, routes to them, and what the durable lane needs.
#include "config/checker.h"

#include <fmt/format.h>

#include <array>

namespace landfall::config {

namespace {

bool names(const std::vector<std::string>& list, std::string_view name) noexcept {
    return std::find(list.begin(), list.end(), name) != list.end();
}

/// Of one carrier: what a route selects, or a tenant may have. Nothing: all of it.
using virtual_channel = std::optional<std::uint8_t>;

bool covers(const channel_name& has, std::string_view carrier, virtual_channel wanted) noexcept {
    return has.carrier == carrier && (!has.vcid || has.vcid == wanted);
}

bool meets(const channel_name& has, std::string_view carrier, virtual_channel wanted) noexcept {
    return has.carrier == carrier && (!has.vcid || !wanted || has.vcid == wanted);
}

std::string text_of(std::string_view carrier, virtual_channel vcid) {
    const std::string quoted = fmt::format("carrier \"{}\"", printable(carrier, 64));
    return vcid ? fmt::format("channel {} of {}", *vcid, quoted) : "all channels of " + quoted;
}

/// What an IQ packet holds is every channel.
std::vector<virtual_channel> channels_of(const route_settings& route) {
    if (route.vcid.empty() || route.as == payload::iq)
        return {virtual_channel{}};
    return {route.vcid.begin(), route.vcid.end()};
}

} // namespace

bool has_durable_routes(const gateway& source) noexcept {
    return std::any_of(source.routes.begin(), source.routes.end(),
                       [](const route_settings& one) { return one.durable; });
}

const tenant_settings* checker::tenant_of_peer(std::string_view peer) const noexcept {
    const auto found =
        std::find_if(all_.tenants.begin(), all_.tenants.end(),
                     [&](const tenant_settings& one) { return names(one.peers, peer); });
    return found == all_.tenants.end() ? nullptr : &*found;
}

void checker::check_tenant_peers(const tenant_settings& tenant,
                                 std::span<const tenant_settings> before) {
    for (std::size_t k = 0; k < tenant.peers.size(); ++k) {
        const origin at = item_origin(tenant.given, "peers", k);
        check_reference(at, "peers", tenant.peers[k], all_.peers);
        for (const tenant_settings& other : before)
            if (names(other.peers, tenant.peers[k]))
                wrong(at, fmt::format("peers: \"{}\" is tenant \"{}\"'s, {}: each has tunnels and "
                                      "keys of its own",
                                      printable(tenant.peers[k], 64), printable(other.name, 64),
                                      place(other.at)));
    }
}

void checker::check_tenants() {
    check_names(all_.tenants, "tenant");
    for (std::size_t i = 0; i < all_.tenants.size() && !errors_.full(); ++i) {
        const tenant_settings& tenant = all_.tenants[i];
        check_tenant_peers(tenant, std::span(all_.tenants).first(i));
        if (tenant.recipients.size() > recipients_max)
            wrong(origin_of(tenant.given, "recipients"),
                  fmt::format("recipients: more than {}", recipients_max));
        for (std::size_t k = 0; k < tenant.channels.size(); ++k)
            check_reference(item_origin(tenant.given, "channels", k), "channels",
                            tenant.channels[k].carrier, all_.carriers);
        if (all_.tenants.size() > 1 && tenant.channels.empty() && sound(tenant.given, "channels"))
            wrong(tenant.at, fmt::format("the tenant has no channels: where there are several, "
                                         "each names those that it may have"));
    }
}

/// That nobody gets what is another's. `tenant` none: for a peer that is nobody's.
void checker::check_channels(const route_settings& route, const tenant_settings* tenant,
                             const origin& at) {
    if (tenant != nullptr && tenant->channels.empty())
        return; // the only one has all
    for (const carrier_settings& carrier : all_.carriers) {
        if (!route.carrier.empty() && !names(route.carrier, carrier.name))
            continue;
        for (const virtual_channel& wanted : channels_of(route)) {
            const std::string what = text_of(carrier.name, wanted);
            if (tenant != nullptr) {
                const bool may = std::any_of(
                    tenant->channels.begin(), tenant->channels.end(),
                    [&](const channel_name& has) { return covers(has, carrier.name, wanted); });
                if (!may && sound(tenant->given, "channels"))
                    wrong(at, fmt::format("tenant \"{}\" may not have {}: it is not among its "
                                          "channels, {}",
                                          printable(tenant->name, 64), what,
                                          place(origin_of(tenant->given, "channels"))));
                continue;
            }
            for (const tenant_settings& owner : all_.tenants)
                if (std::any_of(
                        owner.channels.begin(), owner.channels.end(),
                        [&](const channel_name& has) { return meets(has, carrier.name, wanted); }))
                    wrong(at, fmt::format("the route selects {}, of which tenant \"{}\" has some, "
                                          "{}; its peer is no tenant's: name it among the peers of "
                                          "one",
                                          what, printable(owner.name, 64), place(owner.at)));
        }
    }
}

void checker::check_route_tenant(const route_settings& route) {
    const tenant_settings* const given = find_named(all_.tenants, route.tenant);
    const origin at = origin_of(route.given, "tenant");
    if (!route.tenant.empty()) {
        check_reference(at, "tenant", route.tenant, all_.tenants);
        if (given != nullptr)
            check_channels(route, given, at);
    }
    for (std::size_t k = 0; k < route.to.size(); ++k) {
        const tenant_settings* const owner = tenant_of_peer(route.to[k]);
        const origin peer = item_origin(route.given, "to", k);
        if (given != nullptr && owner != given)
            wrong(peer, fmt::format("to: peer \"{}\" is not among the peers of tenant \"{}\", {}",
                                    printable(route.to[k], 64), printable(given->name, 64),
                                    place(given->at)));
        else if (route.tenant.empty())
            check_channels(route, owner, peer);
    }
}

void checker::check_durable_route(const route_settings& route) {
    const origin at = origin_of(route.given, "durable");
    const tenant_settings* const tenant = find_named(all_.tenants, route.tenant);
    if (route.tenant.empty() && sound(route.given, "tenant"))
        wrong(at, "durable: the route has no tenant, for whom what is kept is sealed");
    else if (tenant != nullptr && tenant->recipients.empty() && sound(tenant->given, "recipients"))
        wrong(at, fmt::format("durable: tenant \"{}\" has no recipients, {}",
                              printable(tenant->name, 64), place(tenant->at)));
    if (route.as != payload::frames && route.as != payload::packets)
        wrong(origin_of(route.given, "as"), "as: durable routes keep \"frames\" or \"packets\"");
    for (const std::string_view key : {"to", "udp", "header"})
        if (find_origin(route.given, key) != nullptr)
            wrong(origin_of(route.given, key),
                  fmt::format("{}: is for live routes; what goes to the spool has none", key));
}

void checker::check_durable_lane() {
    const auto durable = std::find_if(all_.routes.begin(), all_.routes.end(),
                                      [](const route_settings& one) { return one.durable; });
    if (durable == all_.routes.end()) {
        if (all_.publish)
            warn(all_.publish->at, "nothing is published: no route is durable");
        return;
    }
    const origin at = origin_of(durable->given, "durable");
    if (!all_.ledger)
        wrong(at, "durable: there is no [ledger] with a key_file, whose receipts go with the data");
    if (!all_.publish)
        warn(at, "durable: there is no [publish]: what is kept stays in the spool");
    for (const tenant_settings& one : all_.tenants)
        if (one.quota_octets < 2ULL * all_.spool.segment_octets)
            wrong(origin_of(one.given, "quota_octets"),
                  fmt::format("quota_octets: {} is less than two segments of {}", one.quota_octets,
                              all_.spool.segment_octets));
    const auto is_tls = [](std::string_view url) { return url.starts_with("tls://"); };
    if (all_.publish && all_.publish->authorities_file.empty() &&
        std::any_of(all_.publish->urls.begin(), all_.publish->urls.end(), is_tls))
        wrong(origin_of(all_.publish->given, "urls"),
              "urls: tls:// needs an authorities_file, the certificates to believe");
}

} // namespace landfall::config
