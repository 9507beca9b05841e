// SPDX-License-Identifier: MIT
#include "app/missions_command.h"

#include "app/style.h"
#include "base/error.h"
#include "config/mission_keys.h"
#include "config/mission_loader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

namespace landfall::app {

namespace {

using json_object = nlohmann::ordered_json;

json_object as_json(const config::key_value& item) {
    return std::visit(
        []<class Value>(const Value& held) -> json_object {
            if constexpr (std::is_same_v<Value, std::monostate>)
                return nullptr;
            else
                return held;
        },
        item);
}

void add_keys(json_object& object, const config::mission& mission) {
    for (const config::mission_key& key : config::mission_keys())
        object[std::string(key.name)] = as_json(config::get_key(key, mission));
}

int write_out(const std::string& text) {
    const bool written =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    return written ? base::exit_code::done : base::exit_code::failed;
}

std::string dump(const json_object& object) {
    return object.dump(2, ' ', false, json_object::error_handler_t::replace) + '\n';
}

std::string rate_text(double rate_hz) {
    return rate_hz >= 1e6 ? fmt::format("{:.5g} Msym/s", rate_hz / 1e6)
                          : fmt::format("{:.5g} ksym/s", rate_hz / 1e3);
}

std::string value_of(const config::mission& mission, std::string_view key) {
    const auto index = config::find_mission_key(key).value();
    const auto item = config::get_key(config::mission_keys()[index], mission);
    const auto* text = std::get_if<std::string>(&item);
    return text == nullptr ? config::toml_text(item) : *text;
}

/// `1/2 RS223 x4`, `RS239 x5`, `3/4`, `none`.
std::string coding_text(const config::mission& mission) {
    const fec::coding& coding = mission.coding;
    std::string text;
    if (coding.convolutional != fec::code_rate::none)
        text = value_of(mission, "convolutional");
    if (coding.reed_solomon != fec::rs_code::none)
        text += fmt::format("{}RS{} x{}", text.empty() ? "" : " ", value_of(mission, "rs"),
                            coding.rs_interleave);
    return text.empty() ? "none" : text;
}

constexpr std::size_t column_count = 6;
using row = std::array<std::string, column_count>;

row row_of(const config::mission& mission) {
    return {mission.name,
            mission.has_frequency ? fmt::format("{:.3f}", mission.frequency_hz / 1e6) : "-",
            value_of(mission, "modulation"),
            rate_text(mission.wave.symbol_rate_hz),
            coding_text(mission),
            mission.title};
}

bool right_aligned(std::size_t column) noexcept {
    return column == 1 || column == 3;
}

std::string table_text(const std::vector<row>& rows) {
    const style out(stdout);
    std::array<std::size_t, column_count> widths{};
    for (const row& one : rows)
        for (std::size_t i = 0; i < column_count; ++i)
            widths[i] = std::max<std::size_t>(widths[i], characters(one[i]));
    const unsigned columns = out.is_terminal() ? terminal_columns(stdout) : 1000;
    std::string text;
    for (std::size_t r = 0; r < rows.size(); ++r) {
        std::string line;
        for (std::size_t i = 0; i < column_count; ++i) {
            const std::size_t pad = widths[i] - characters(rows[r][i]);
            line += right_aligned(i) ? std::string(pad, ' ') + rows[r][i] : rows[r][i];
            if (i + 1 < column_count)
                line += std::string((right_aligned(i) ? 0 : pad) + 2, ' ');
        }
        text += out.paint(r == 0 ? colour::bold : colour::none, fit(line, columns)) + '\n';
    }
    return text;
}

std::string mission_text(const config::mission& mission) {
    return fmt::format("# {}\n{}", mission.name, config::toml_text(mission));
}

int list_command(bool json) {
    json_object all{{"schema", 1}, {"missions", json_object::array()}};
    std::vector<row> rows{{"NAME", "MHZ", "MODULATION", "RATE", "CODING", "TITLE"}};
    std::string errors;
    for (const config::listed_mission& one : config::list_missions()) {
        if (!one.loaded) {
            errors += one.loaded.error().text();
            continue;
        }
        rows.push_back(row_of(*one.loaded));
        json_object object{{"name", one.name}, {"path", one.path.string()}};
        add_keys(object, *one.loaded);
        all["missions"].push_back(std::move(object));
    }
    if (rows.size() == 1 && errors.empty()) {
        errors += "missions: error: there are none in";
        for (const auto& folder : config::mission_folders())
            errors += fmt::format(" {}", folder.string());
        errors += '\n';
    }
    const int written = write_out(json ? dump(all) : table_text(rows));
    std::fputs(errors.c_str(), stderr);
    return errors.empty() ? written : base::exit_code::bad_configuration;
}

} // namespace

int missions_command(const std::optional<std::string>& name, bool json) {
    if (!name)
        return list_command(json);
    const auto mission = config::load_mission(*name);
    if (!mission) {
        std::fputs(mission.error().text().c_str(), stderr);
        return base::exit_code::bad_configuration;
    }
    if (!json)
        return write_out(mission_text(*mission));
    json_object object{{"schema", 1}, {"name", mission->name}};
    add_keys(object, *mission);
    return write_out(dump(object));
}

} // namespace landfall::app
