// SPDX-License-Identifier: MIT
#include "app/status_command.h"

#include "app/interrupt.h"
#include "app/style.h"
#include "base/error.h"
#include "control/local_socket.h"
#include "control/status.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

namespace landfall::app {
namespace {

constexpr std::chrono::milliseconds patience{5000};
constexpr int redrawn_every_ms = 1000;

struct reply {
    std::string text;
    control::snapshot status;
};

base::result<reply> ask_status(const std::filesystem::path& socket) {
    auto text = control::ask(socket, control::status_request, control::framing::line, patience);
    if (!text) {
        base::failure failure = std::move(text).error();
        if (failure.code == base::exit_code::no_permission) {
            failure.message += ": run it as root or as a member of group landfall";
        }
        return std::unexpected(std::move(failure));
    }
    auto status = control::parse_status(*text);
    if (!status) {
        return std::unexpected(base::failure{
            fmt::format("{}: not a gateway's status: {}", socket.string(), text->substr(0, 200))});
    }
    return reply{*std::move(text), *std::move(status)};
}

std::string pretty(const std::string& json) {
    return nlohmann::ordered_json::parse(json).dump(2) + '\n';
}

colour colour_of(control::line_kind kind) noexcept {
    switch (kind) {
    case control::line_kind::heading:
        return colour::bold;
    case control::line_kind::alarm:
        return colour::yellow;
    case control::line_kind::plain:
        break;
    }
    return colour::none;
}

bool put(const std::string& text) {
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
           std::fflush(stdout) == 0;
}

constexpr std::size_t all_rows = SIZE_MAX;

std::string page_text(const style& out, const reply& now, const control::snapshot* before,
                      std::size_t rows) {
    // A page that is drawn in place has one row for each line; elsewhere the terminal wraps them.
    const bool drawn_in_place = rows != all_rows;
    const unsigned columns =
        drawn_in_place && out.is_terminal() ? terminal_columns(stdout) - 1 : 1000;
    std::string text;
    for (const control::page_line& line : control::status_page(now.status, before, rows)) {
        text += out.paint(colour_of(line.kind), fit(line.text, columns)) + '\n';
    }
    return text;
}

/// The same from the top of the terminal; what was there is overwritten.
std::string in_place(const std::string& text) {
    std::string drawn = "\x1b[H";
    for (const char c : text) {
        drawn += c == '\n' ? "\x1b[K" : "";
        drawn += c;
    }
    drawn += "\x1b[J";
    return drawn;
}

int watch(const status_options& options, const std::filesystem::path& socket) {
    const style out(stdout);
    const bool page_in_place = out.is_terminal() && !options.json;
    std::optional<control::snapshot> before;
    bool begun = false;
    while (!interrupted()) {
        auto now = ask_status(socket);
        if (!now && !(page_in_place && begun)) {
            if (interrupted()) {
                break;
            }
            fmt::print(stderr, "landfall status: {}\n", now.error().message);
            return now.error().code;
        }
        std::string text;
        if (!now) {
            text = out.paint(colour::red, now.error().message) + '\n';
        } else if (options.json) {
            text = now->text + '\n';
        } else {
            const std::size_t rows = page_in_place ? terminal_rows(stdout) - 1 : SIZE_MAX;
            text = page_text(out, *now, before ? &*before : nullptr, rows);
            before = std::move(now->status);
        }
        if (page_in_place) {
            text = fmt::format("{}{}", begun ? "" : "\x1b[2J", in_place(text));
        } else if (begun && !options.json) {
            text = fmt::format("\n{}", text);
        }
        if (!put(text)) {
            return base::exit_code::failed;
        }
        begun = true;
        static_cast<void>(poll(nullptr, 0, redrawn_every_ms)); // Ctrl-C ends it at once
    }
    return base::exit_code::done;
}

} // namespace

std::filesystem::path default_control_socket() {
    const char* folder = std::getenv("RUNTIME_DIRECTORY");
    return std::filesystem::path(folder == nullptr || *folder == '\0' ? "/run/landfall" : folder) /
           "control.sock";
}

int status_command(const status_options& options) {
    const auto socket = options.socket.empty() ? default_control_socket() : options.socket;
    if (options.watch) {
        return watch(options, socket);
    }
    const auto now = ask_status(socket);
    if (!now) {
        fmt::print(stderr, "landfall status: {}\n", now.error().message);
        return now.error().code;
    }
    const bool written =
        put(options.json ? pretty(now->text) : page_text(style(stdout), *now, nullptr, all_rows));
    return written ? base::exit_code::done : base::exit_code::failed;
}

} // namespace landfall::app
