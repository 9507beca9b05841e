// SPDX-License-Identifier: MIT
// The tables of the configuration's keys: what loads, prints and documents them.
#pragma once

#include "config/document.h"
#include "config/gateway.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::config {

struct mistake {
    position at;
    std::string message;
};

/// What became of one value.
struct taken {
    std::vector<mistake> wrong;
    std::vector<position> items; ///< of a list, one for each value that was taken
};

/// One key of a table that is kept as `Table`. A key whose value is a list takes a single value,
/// too.
template <class Table>
struct table_key {
    std::string_view name;
    bool required = false;
    std::string (*values)() = nullptr; ///< what it takes, for a person
    taken (*set)(Table&, const value&) = nullptr;
    std::string (*text)(const Table&) = nullptr; ///< as TOML; empty where there is none
};

/// The keys of one kind of table, in the order in which they are printed. `Table` is one of
/// `gateway`, `lcore_settings`, `port_settings`, `carrier_settings` (its own keys),
/// `tunnel_settings`, `peer_settings`, `tenant_settings`, `route_settings`, `host_settings`,
/// `spool_settings`, `publish_settings`, `ledger_settings`, `listener`.
template <class Table>
[[nodiscard]] std::span<const table_key<Table>> table_keys() noexcept;

/// Of every table, for documentation.
struct documented_key {
    std::string_view table;
    std::string_view name;
    std::string values;
};
[[nodiscard]] std::vector<documented_key> gateway_keys();

/// Names of the tables, and `config_version`.
[[nodiscard]] std::span<const std::string_view> table_names() noexcept;

} // namespace landfall::config
