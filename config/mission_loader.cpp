// SPDX-License-Identifier: MIT
#include "config/mission_loader.h"

#include "config/mission_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

namespace landfall::config {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".toml";
constexpr std::size_t missions_max = 1000;

bool name_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

/// Names to files; the first folder that has a name keeps it.
std::map<std::string, fs::path> mission_files(const folders& where) {
    std::map<std::string, fs::path> found;
    for (const fs::path& folder : where) {
        std::error_code code;
        for (fs::directory_iterator item(folder, code), end; !code && item != end;
             item.increment(code)) {
            const std::string file = item->path().filename().string();
            const bool fits = file.size() > suffix.size() && file.ends_with(suffix) &&
                              std::all_of(file.begin(), file.end(), name_character);
            if (fits && found.size() < missions_max)
                found.emplace(mission_name(item->path()), item->path());
        }
    }
    return found;
}

mission_result read_layers(const source_text& source, std::span<const std::string> sets,
                           std::string name) {
    diagnostics errors;
    const auto root = parse_document(source, errors);
    if (!root)
        return std::unexpected(std::move(errors));
    mission_builder builder(errors);
    builder.apply_file(source, *root);
    builder.apply_sets(sets);
    mission loaded = builder.finish(std::move(name), source);
    if (errors.empty())
        return loaded;
    errors.sort();
    return std::unexpected(std::move(errors));
}

} // namespace

bool is_mission_path(std::string_view name) noexcept {
    return name.find('/') != std::string_view::npos || name.ends_with(suffix);
}

std::string mission_name(const fs::path& path) {
    std::string name = path.stem().string();
    std::replace_if(name.begin(), name.end(), [](char c) { return !name_character(c); }, '_');
    return name;
}

folders mission_folders() {
    folders where;
    if (const char* listed = std::getenv("LANDFALL_MISSIONS")) {
        std::string_view rest = listed;
        while (!rest.empty()) {
            const auto end = std::min(rest.find(':'), rest.size());
            if (end > 0)
                where.emplace_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    std::error_code code;
    const fs::path program = fs::read_symlink("/proc/self/exe", code);
    if (!code) {
        where.push_back(program.parent_path().parent_path() / "config" / "missions");
        where.push_back(program.parent_path() / "config" / "missions");
        where.push_back(program.parent_path().parent_path() / "share" / "landfall" / "missions");
    }
    where.push_back(fs::path(LANDFALL_DATADIR) / "missions");
    return where;
}

std::optional<fs::path> find_mission(std::string_view name, const folders& where,
                                     diagnostics& errors) {
    if (is_mission_path(name))
        return fs::path(name);
    const auto files = mission_files(where);
    if (const auto found = files.find(std::string(name)); found != files.end())
        return found->second;
    std::vector<std::string_view> known;
    for (const auto& [known_name, path] : files)
        known.push_back(known_name);
    const std::string near = did_you_mean(name, known);
    std::string message = fmt::format("no mission is named '{}'{}", printable(name, 60), near);
    if (files.empty()) {
        message += "; there are none in";
        for (const fs::path& folder : where)
            message += fmt::format(" {}", folder.string());
        message += "; LANDFALL_MISSIONS may name other folders";
    } else if (near.empty()) {
        message += "; `landfall missions` lists them";
    }
    errors.add("landfall", std::move(message));
    return {};
}

mission_result load_mission(std::string_view name, std::span<const std::string> sets,
                            const folders& where) {
    diagnostics errors;
    const auto path = find_mission(name, where, errors);
    const auto source = path ? read_file(*path, errors) : std::nullopt;
    if (!source)
        return std::unexpected(std::move(errors));
    return read_layers(*source, sets, mission_name(*path));
}

mission_result read_mission(const source_text& source, std::span<const std::string> sets) {
    return read_layers(source, sets, mission_name(source.name));
}

std::vector<listed_mission> list_missions(const folders& where) {
    std::vector<listed_mission> list;
    for (const auto& [name, path] : mission_files(where))
        list.push_back({name, path, load_mission(path.string(), {}, {})});
    return list;
}

std::string toml_text(const mission& source) {
    std::string text;
    for (const mission_key& key : mission_keys())
        if (const std::string item = toml_text(get_key(key, source)); !item.empty())
            text += fmt::format("{} = {}\n", key.name, item);
    return text;
}

} // namespace landfall::config
