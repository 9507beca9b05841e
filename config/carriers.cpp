// SPDX-License-Identifier: MIT
#include "config/carriers.h"

#include "config/document.h"
#include "config/mission_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

namespace landfall::config {

namespace {

constexpr std::int64_t version = 1;
constexpr std::array<std::string_view, 5> own_keys{"name", "mission", "port", "udp_port",
                                                   "stream_id"};
constexpr std::array<std::string_view, 9> top_names{
    "config_version", "gateway", "lcores", "port", "carrier", "tunnel", "peer", "route", "metrics"};

const entry* find(const value& table, std::string_view key) noexcept {
    const auto found = std::find_if(table.entries.begin(), table.entries.end(),
                                    [&](const entry& one) { return one.key == key; });
    return found == table.entries.end() ? nullptr : &*found;
}

bool fits_a_name(std::string_view name) noexcept {
    const bool characters = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    });
    return characters && !name.empty() && name.size() <= carrier_name_octets_max &&
           name.front() != '.' && name.front() != '-';
}

/// Reads one configuration; what it collects lives as long as the errors refer to it.
class reader {
  public:
    reader(const source_text& source, const folders& where) : source_(source), where_(where) {}

    carriers_result read();

  private:
    void check_top(const value& root);
    void read_carrier(const value& table);
    std::string text(const value& table, std::string_view key, bool required);
    std::optional<std::int64_t> integer(const value& table, std::string_view key,
                                        std::int64_t least, std::int64_t most);
    std::string name(const value& table);
    void load_file(const value& table, mission_builder& builder, std::string& name);

    const source_text& source_;
    const folders& where_;
    diagnostics errors_;
    std::vector<carrier> carriers_;
    std::vector<std::unique_ptr<source_text>> files_;
    diagnostics of_files_;
};

void reader::check_top(const value& root) {
    for (const entry& one : root.entries)
        if (std::find(top_names.begin(), top_names.end(), one.key) == top_names.end())
            errors_.add(
                source_, one.at,
                fmt::format("unknown key '{}'{}", printable(one.key, 60),
                            errors_.full() ? std::string{} : did_you_mean(one.key, top_names)));
    const entry* given = find(root, "config_version");
    if (given == nullptr)
        errors_.add(source_, {1, 1}, "config_version = 1 is required");
    else if (given->item.kind != value_kind::integer || given->item.integer != version)
        errors_.add(source_, given->item.at, "config_version: expected 1");
}

std::string reader::text(const value& table, std::string_view key, bool required) {
    const entry* given = find(table, key);
    if (given == nullptr) {
        if (required)
            errors_.add(source_, table.at, fmt::format("the carrier has no {}", key));
        return {};
    }
    if (given->item.kind == value_kind::text && !given->item.text.empty())
        return given->item.text;
    errors_.add(source_, given->item.at,
                given->item.kind == value_kind::text ? fmt::format("{}: empty", key)
                                                     : fmt::format("{}: expected text, not {}", key,
                                                                   config::name(given->item.kind)));
    return {};
}

std::optional<std::int64_t> reader::integer(const value& table, std::string_view key,
                                            std::int64_t least, std::int64_t most) {
    const entry* given = find(table, key);
    if (given == nullptr)
        return {};
    const value& item = given->item;
    if (item.kind == value_kind::integer && item.integer >= least && item.integer <= most)
        return item.integer;
    errors_.add(source_, item.at,
                item.kind == value_kind::integer
                    ? fmt::format("{}: {} is not within {} to {}", key, item.integer, least, most)
                    : fmt::format("{}: expected an integer from {} to {}, not {}", key, least, most,
                                  config::name(item.kind)));
    return {};
}

std::string reader::name(const value& table) {
    const std::string given = text(table, "name", true);
    if (given.empty())
        return given;
    const position at = find(table, "name")->item.at;
    if (!fits_a_name(given))
        errors_.add(source_, at,
                    fmt::format("name: \"{}\" is not 1 to {} letters, digits, '.', '_' or '-', "
                                "beginning with a letter, digit or '_'",
                                printable(given, 40), carrier_name_octets_max));
    else if (std::any_of(carriers_.begin(), carriers_.end(),
                         [&](const carrier& one) { return one.name == given; }))
        errors_.add(source_, at, fmt::format("name: \"{}\" is another carrier's", given));
    return given;
}

/// The first layer: the file that `mission` names.
void reader::load_file(const value& table, mission_builder& builder, std::string& name) {
    const std::string given = text(table, "mission", true);
    if (given.empty())
        return;
    diagnostics failed;
    auto path = find_mission(given, where_, failed);
    if (path && is_mission_path(given))
        path = std::filesystem::path(source_.name).parent_path() / *path;
    auto file = path ? read_file(*path, failed) : std::nullopt;
    if (!file) {
        const diagnostic& why = failed.list().front();
        const std::string prefix = path ? fmt::format("mission: {}: ", why.file) : "mission: ";
        errors_.add(source_, find(table, "mission")->item.at, prefix + why.message);
        return;
    }
    const auto& source = *files_.emplace_back(std::make_unique<source_text>(std::move(*file)));
    name = mission_name(*path);
    if (const auto root = parse_document(source, of_files_))
        builder.apply_file(source, *root);
}

void reader::read_carrier(const value& table) {
    carrier one;
    one.name = name(table);
    one.port = text(table, "port", false);
    if (const auto port = integer(table, "udp_port", 1, 65535))
        one.udp_port = static_cast<std::uint16_t>(*port);
    if (const auto id = integer(table, "stream_id", 0, 0xFFFFFFFF))
        one.stream_id = static_cast<std::uint32_t>(*id);

    diagnostics layers;
    mission_builder builder(layers);
    std::string mission_of;
    load_file(table, builder, mission_of);
    builder.next_layer();
    for (const entry& key : table.entries)
        if (std::find(own_keys.begin(), own_keys.end(), key.key) == own_keys.end() &&
            !builder.apply(source_, key))
            builder.unknown(source_, key, own_keys);
    one.mission = builder.finish(std::move(mission_of), source_);
    for (const diagnostic& wrong : layers.list())
        (wrong.file == source_.name ? errors_ : of_files_).append(wrong);
    carriers_.push_back(std::move(one));
}

carriers_result reader::read() {
    const auto root = parse_document(source_, errors_);
    if (!root)
        return std::unexpected(std::move(errors_));
    check_top(*root);
    const entry* list = find(*root, "carrier");
    if (list == nullptr) {
        errors_.add(source_.name, "there is no [[carrier]]");
    } else if (list->item.kind != value_kind::list || list->item.items.empty()) {
        errors_.add(source_, list->at, "carrier: expected [[carrier]] tables");
    } else {
        for (std::size_t i = 0; i < list->item.items.size(); ++i) {
            const value& item = list->item.items[i];
            if (i == carriers_max) {
                errors_.add(source_, item.at, fmt::format("more than {} carriers", carriers_max));
                break;
            }
            if (item.kind != value_kind::table)
                errors_.add(source_, item.at, "carrier: expected [[carrier]] tables");
            else
                read_carrier(item);
        }
    }
    if (errors_.empty() && of_files_.empty())
        return std::move(carriers_);
    errors_.append(of_files_);
    errors_.sort();
    return std::unexpected(std::move(errors_));
}

} // namespace

std::span<const std::string_view> carrier_key_names() noexcept {
    return own_keys;
}

carriers_result read_carriers(const source_text& source, const folders& where) {
    return reader(source, where).read();
}

carriers_result load_carriers(const std::filesystem::path& file, const folders& where) {
    diagnostics errors;
    const auto source = read_file(file, errors);
    if (!source)
        return std::unexpected(std::move(errors));
    return read_carriers(*source, where);
}

} // namespace landfall::config
