// SPDX-License-Identifier: MIT
#include "config/document.h"
#include "config/gateway.h"
#include "config/gateway_checks.h"
#include "config/gateway_keys.h"
#include "config/mission_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <set>

namespace landfall::config {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t version = 1;

/// A mission's file, read once for all carriers that name it.
struct mission_file {
    std::shared_ptr<const source_text> source; ///< none: it cannot be read
    std::optional<value> root;
    std::string unread; ///< why
};

class gateway_reader {
  public:
    gateway_reader(const folders& where, use purpose, diagnostics earlier)
        : where_(where), purpose_(purpose), errors_(std::move(earlier)), whole_(errors_.empty()) {}

    gateway_result read(std::vector<source_text> files, gateway* parts = nullptr);

  private:
    using other_key = std::function<bool(const entry&)>;

    void read_text(const source_text& source, bool main);
    void read_table(const source_text& source, const entry& one);
    void check_version(const source_text& source, const value& root, bool main);
    template <class Table>
    void apply(const source_text& source, const value& table, Table& to,
               const other_key& other = {});
    template <class Table>
    void apply_only(const source_text& source, const entry& one, Table& to);
    template <class Table>
    void check_required(const Table& table, const origin& at, std::string_view label);
    template <class Table>
    void read_list(const source_text& source, const entry& one, std::vector<Table>& list,
                   std::size_t most);
    void read_one(const source_text& source, const value& table, carrier_settings& to);
    template <class Table>
    void read_one(const source_text& source, const value& table, Table& to);
    template <class Table>
    void read_optional(const source_text& source, const entry& one, std::optional<Table>& to);
    void fill_in_host();
    const mission_file& mission_of(const fs::path& path);
    std::string start_mission(const source_text& source, const carrier_settings& of,
                              mission_builder& builder);
    void append_once(const diagnostics& found);

    const folders& where_;
    use purpose_;
    diagnostics errors_;
    bool whole_; ///< every file could be read and parsed
    gateway result_;
    std::map<fs::path, mission_file> missions_;
    std::set<std::tuple<std::string, position, std::string>> told_; ///< of mission files
};

bool is_list_of_tables(const value& item) noexcept {
    return item.kind == value_kind::list && !item.items.empty() &&
           std::all_of(item.items.begin(), item.items.end(),
                       [](const value& one) { return one.kind == value_kind::table; });
}

void gateway_reader::check_version(const source_text& source, const value& root, bool main) {
    const auto given = std::find_if(root.entries.begin(), root.entries.end(),
                                    [](const entry& one) { return one.key == "config_version"; });
    if (given == root.entries.end()) {
        if (main)
            errors_.add(source, {1, 1}, "config_version = 1 is required");
    } else if (given->item.kind != value_kind::integer || given->item.integer != version) {
        errors_.add(source, given->item.at, "config_version: expected 1");
    }
}

/// Sets the keys of one table; `other` is asked about those that the table does not have.
template <class Table>
void gateway_reader::apply(const source_text& source, const value& table, Table& to,
                           const other_key& other) {
    const auto keys = table_keys<Table>();
    for (const entry& one : table.entries) {
        const auto key = std::find_if(keys.begin(), keys.end(),
                                      [&](const auto& known) { return known.name == one.key; });
        if (key != keys.end()) {
            taken result = key->set(to, one.item);
            for (const mistake& wrong : result.wrong)
                errors_.add(source, wrong.at, fmt::format("{}: {}", one.key, wrong.message));
            to.given[one.key] = {
                {&source, one.item.at}, std::move(result.items), !result.wrong.empty()};
        } else if (!other || !other(one)) {
            std::vector<std::string_view> known;
            for (const auto& name : keys)
                known.push_back(name.name);
            if (other)
                known.insert(known.end(), mission_key_names().begin(), mission_key_names().end());
            errors_.add(source, one.at,
                        fmt::format("unknown key '{}'{}", printable(one.key, 60),
                                    did_you_mean(one.key, known)));
        }
    }
}

template <class Table>
void gateway_reader::check_required(const Table& table, const origin& at, std::string_view label) {
    for (const auto& key : table_keys<Table>()) {
        if (!key.required)
            continue;
        const key_origin* given = find_origin(table.given, key.name);
        if (given == nullptr)
            errors_.add(*at.source, at.at, fmt::format("the {} has no {}", label, key.name));
        else if (!given->wrong && key.text(table) == "[]")
            errors_.add(*given->at.source, given->at.at, fmt::format("{}: empty", key.name));
    }
}

/// A table that there is once; keys of a later file win.
template <class Table>
void gateway_reader::apply_only(const source_text& source, const entry& one, Table& to) {
    if (one.item.kind == value_kind::table)
        apply(source, one.item, to);
    else
        errors_.add(source, one.at, fmt::format("{}: expected a [{}] table", one.key, one.key));
}

/// One that there may be once.
template <class Table>
void gateway_reader::read_optional(const source_text& source, const entry& one,
                                   std::optional<Table>& to) {
    if (!to) {
        to.emplace();
        to->at = {&source, one.item.at};
    }
    apply_only(source, one, *to);
}

/// What may be begun from the tunnel unless it is said.
void gateway_reader::fill_in_host() {
    if (!result_.host || find_origin(result_.host->given, "allow") != nullptr)
        return;
    result_.host->allow = {{host_protocol::icmp, 0}};
    if (result_.metrics.enabled)
        result_.host->allow.push_back({host_protocol::tcp, result_.metrics.endpoint.port});
}

template <class Table>
void gateway_reader::read_one(const source_text& source, const value& table, Table& to) {
    apply(source, table, to);
}

template <class Table>
void gateway_reader::read_list(const source_text& source, const entry& one,
                               std::vector<Table>& list, std::size_t most) {
    if (!is_list_of_tables(one.item)) {
        errors_.add(source, one.at, fmt::format("{}: expected [[{}]] tables", one.key, one.key));
        return;
    }
    for (const value& item : one.item.items) {
        if (list.size() == most) {
            errors_.add(source, item.at, fmt::format("more than {} [[{}]] tables", most, one.key));
            return;
        }
        Table& made = list.emplace_back();
        made.at = {&source, item.at};
        read_one(source, item, made);
        check_required(made, made.at, one.key);
    }
}

const mission_file& gateway_reader::mission_of(const fs::path& path) {
    const auto [found, added] = missions_.try_emplace(path);
    mission_file& file = found->second;
    if (!added)
        return file;
    diagnostics failed;
    if (auto text = read_file(path, failed)) {
        file.source = std::make_shared<const source_text>(std::move(*text));
        result_.sources.push_back(file.source);
        file.root = parse_document(*file.source, errors_);
    } else {
        file.unread = fmt::format("mission: {}: {}", failed.list().front().file,
                                  failed.list().front().message);
    }
    return file;
}

/// The first layer: the file that `mission` names. Returns the mission's name.
std::string gateway_reader::start_mission(const source_text& source, const carrier_settings& of,
                                          mission_builder& builder) {
    const key_origin* given = find_origin(of.given, "mission");
    if (given == nullptr || given->wrong)
        return {};
    const position at = given->at.at;
    diagnostics failed;
    auto path = find_mission(of.mission_named, where_, failed);
    if (!path) {
        errors_.add(source, at, "mission: " + failed.list().front().message);
        return {};
    }
    if (is_mission_path(of.mission_named))
        path = fs::path(source.name).parent_path() / *path;
    const mission_file& file = mission_of(*path);
    if (!file.source)
        errors_.add(source, at, file.unread);
    else if (file.root)
        builder.apply_file(*file.source, *file.root);
    return mission_name(*path);
}

/// Several carriers may be of one mission file: its own errors are told once.
void gateway_reader::append_once(const diagnostics& found) {
    for (const diagnostic& one : found.list())
        if (told_.emplace(one.file, one.at, one.message).second)
            errors_.append(one);
}

void gateway_reader::read_one(const source_text& source, const value& table, carrier_settings& to) {
    std::vector<const entry*> overrides;
    apply(source, table, to, [&](const entry& one) {
        const bool known = find_mission_key(one.key).has_value();
        if (known)
            overrides.push_back(&one);
        return known;
    });
    diagnostics layers;
    mission_builder builder(layers);
    std::string name = start_mission(source, to, builder);
    builder.next_layer();
    for (const entry* one : overrides)
        builder.apply(source, *one);
    const bool based = !name.empty();
    to.mission = builder.finish(std::move(name), source);
    to.mission_given = builder.given();
    if (based || !overrides.empty())
        append_once(layers);
}

void gateway_reader::read_table(const source_text& source, const entry& one) {
    if (one.key == "gateway")
        apply_only(source, one, result_);
    else if (one.key == "lcores")
        apply_only(source, one, result_.lcores);
    else if (one.key == "metrics")
        apply_only(source, one, result_.metrics);
    else if (one.key == "tunnel")
        read_optional(source, one, result_.tunnel);
    else if (one.key == "host")
        read_optional(source, one, result_.host);
    else if (one.key == "spool")
        apply_only(source, one, result_.spool);
    else if (one.key == "publish")
        read_optional(source, one, result_.publish);
    else if (one.key == "ledger")
        read_optional(source, one, result_.ledger);
    else if (one.key == "port")
        read_list(source, one, result_.ports, ports_max);
    else if (one.key == "carrier")
        read_list(source, one, result_.carriers, carriers_max);
    else if (one.key == "peer")
        read_list(source, one, result_.peers, peers_max);
    else if (one.key == "tenant")
        read_list(source, one, result_.tenants, tenants_max);
    else if (one.key == "route")
        read_list(source, one, result_.routes, routes_max);
    else if (one.key != "config_version")
        errors_.add(source, one.at,
                    fmt::format("unknown key '{}'{}", printable(one.key, 60),
                                did_you_mean(one.key, table_names())));
}

void gateway_reader::read_text(const source_text& source, bool main) {
    const auto root = parse_document(source, errors_);
    if (!root) {
        whole_ = false;
        return;
    }
    check_version(source, *root, main);
    for (const entry& one : root->entries)
        read_table(source, one);
}

gateway_result gateway_reader::read(std::vector<source_text> files, gateway* parts) {
    for (source_text& file : files)
        result_.sources.push_back(std::make_shared<const source_text>(std::move(file)));
    const auto configuration = result_.sources; // missions are added behind these
    for (const auto& source : configuration)
        read_text(*source, source == configuration.front());
    if (result_.tunnel)
        check_required(*result_.tunnel, result_.tunnel->at, "tunnel");
    fill_in_host();
    if (result_.publish)
        check_required(*result_.publish, result_.publish->at, "publish");
    if (result_.ledger)
        check_required(*result_.ledger, result_.ledger->at, "ledger");
    // With a part missing, everything that refers to it would be an error.
    if (whole_)
        check_gateway(result_, purpose_, errors_);
    std::vector<std::string_view> order;
    for (const auto& source : result_.sources)
        order.push_back(source->name);
    if (!errors_.empty()) {
        errors_.sort(std::move(order));
        if (parts != nullptr)
            *parts = std::move(result_);
        return std::unexpected(std::move(errors_));
    }
    result_.warnings.sort(std::move(order));
    return std::move(result_);
}

/// The files of `conf.d` in the order of their names. Hidden ones are editors' own.
std::vector<fs::path> drop_ins(const fs::path& folder, diagnostics& errors) {
    std::vector<fs::path> found;
    std::error_code code;
    if (!fs::exists(fs::symlink_status(folder, code)) && (!code || code.value() == ENOENT))
        return found;
    for (fs::directory_iterator item(folder, code), end; !code && item != end;
         item.increment(code)) {
        const std::string name = item->path().filename().string();
        if (!name.ends_with(".toml") || name.starts_with('.'))
            continue;
        if (found.size() == files_max) {
            errors.add(folder.string(), fmt::format("more than {} files", files_max));
            return {};
        }
        found.push_back(item->path());
    }
    if (code)
        errors.add(folder.string(), "cannot be read: " + code.message());
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace

gateway_result read_gateway(std::vector<source_text> files, const folders& where, use purpose) {
    return gateway_reader(where, purpose, {}).read(std::move(files));
}

gateway_result load_gateway(const fs::path& file, const folders& where, use purpose,
                            gateway* parts) {
    diagnostics errors;
    std::vector<source_text> texts;
    if (auto text = read_file(file, errors))
        texts.push_back(std::move(*text));
    else
        return std::unexpected(std::move(errors));
    for (const fs::path& path : drop_ins(file.parent_path() / "conf.d", errors))
        if (auto text = read_file(path, errors))
            texts.push_back(std::move(*text));
    return gateway_reader(where, purpose, std::move(errors)).read(std::move(texts), parts);
}

fs::path key_path(const fs::path& as_written, const origin& at) {
    if (as_written.is_absolute())
        return as_written;
    const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
    if (credentials != nullptr && !as_written.has_parent_path()) {
        std::error_code code;
        const fs::path passed = fs::path(credentials) / as_written;
        if (fs::exists(passed, code))
            return passed;
    }
    return at.source == nullptr ? as_written : fs::path(at.source->name).parent_path() / as_written;
}

} // namespace landfall::config
