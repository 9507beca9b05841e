// SPDX-License-Identifier: MIT
#include "app/check_command.h"

#include "app/preflight.h"
#include "app/style.h"
#include "base/error.h"
#include "config/gateway.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>

namespace landfall::app {

namespace {

using json_object = nlohmann::ordered_json;

int write_out(const std::string& text) {
    const bool written =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
    return written ? base::exit_code::done : base::exit_code::failed;
}

json_object as_json(const config::diagnostics& found) {
    json_object list = json_object::array();
    for (const config::diagnostic& one : found.list())
        list.push_back({{"file", one.file},
                        {"line", one.at.line},
                        {"column", one.at.column},
                        {"message", one.message}});
    return list;
}

} // namespace

int check_command(const check_options& options) {
    config::gateway parts;
    const auto loaded = config::load_gateway(options.config_file, config::mission_folders(),
                                             config::use::run, &parts);
    const findings found = loaded ? inspect(*loaded).found : inspect_parts(parts, loaded.error());
    const config::diagnostics& errors = found.errors;
    const config::diagnostics& warnings = found.warnings;
    int code = base::exit_code::done;
    if (options.json) {
        json_object report{{"schema", 1},
                           {"file", options.config_file},
                           {"ok", errors.empty()},
                           {"errors", as_json(errors)},
                           {"warnings", as_json(warnings)},
                           {"counts", nullptr}};
        if (loaded)
            report["counts"] = {{"ports", loaded->ports.size()},
                                {"carriers", loaded->carriers.size()},
                                {"peers", loaded->peers.size()},
                                {"routes", loaded->routes.size()}};
        if (loaded && options.print)
            report["configuration"] = config::toml_text(*loaded);
        code = write_out(report.dump(2, ' ', false, json_object::error_handler_t::replace) + '\n');
    } else {
        std::fputs((errors.text() + warnings.text("warning")).c_str(), stderr);
        if (loaded && options.print)
            code = write_out(config::toml_text(*loaded));
        else if (errors.empty())
            code = write_out(fmt::format(
                "{}: ok: {}, {}, {}, {}\n", options.config_file,
                counted(loaded->ports.size(), "port"), counted(loaded->carriers.size(), "carrier"),
                counted(loaded->peers.size(), "peer"), counted(loaded->routes.size(), "route")));
    }
    return errors.empty() ? code : found.code();
}

} // namespace landfall::app
