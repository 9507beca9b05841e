// SPDX-License-Identifier: MIT
#include "config/gateway.h"
#include "config/gateway_keys.h"

#include <fmt/format.h>

namespace landfall::config {

namespace {

std::string line(std::string_view key, const std::string& item, const origin& at) {
    const std::string from = at.source == nullptr
                                 ? "default"
                                 : fmt::format("{}:{}", printable(at.source->name), at.at.line);
    return fmt::format("{} = {}  # {}\n", key, item, from);
}

template <class Table>
std::string keys(const Table& table) {
    std::string text;
    for (const auto& key : table_keys<Table>())
        if (const std::string item = key.text(table); !item.empty())
            text += line(key.name, item, origin_of(table.given, key.name));
    return text;
}

template <class Table>
std::string tables(std::string_view heading, const std::vector<Table>& list) {
    std::string text;
    for (const Table& one : list)
        text += fmt::format("\n[[{}]]\n{}", heading, keys(one));
    return text;
}

} // namespace

std::string toml_text(const gateway& source) {
    std::string text = "config_version = 1\n";
    text += "\n[gateway]\n" + keys(source);
    text += "\n[lcores]\n" + keys(source.lcores);
    text += tables("port", source.ports);
    for (const carrier_settings& one : source.carriers) {
        text += "\n[[carrier]]\n" + keys(one);
        for (const mission_key& key : mission_keys())
            if (const std::string item = toml_text(get_key(key, one.mission)); !item.empty())
                text += line(key.name, item, origin_of(one.mission_given, key.name));
    }
    if (source.tunnel)
        text += "\n[tunnel]\n" + keys(*source.tunnel);
    text += tables("peer", source.peers);
    text += tables("tenant", source.tenants);
    text += tables("route", source.routes);
    if (source.host)
        text += "\n[host]\n" + keys(*source.host);
    text += "\n[spool]\n" + keys(source.spool);
    if (source.publish)
        text += "\n[publish]\n" + keys(*source.publish);
    if (source.ledger)
        text += "\n[ledger]\n" + keys(*source.ledger);
    text += "\n[metrics]\n" + keys(source.metrics);
    return text;
}

} // namespace landfall::config
