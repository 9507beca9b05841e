// SPDX-License-Identifier: MIT
#include "app/style.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace landfall::app {

namespace {

constexpr double shown_every_seconds = 0.1;
constexpr unsigned default_columns = 80;
constexpr unsigned default_rows = 24;
constexpr unsigned bar_columns = 14;

bool colour_is_wanted() noexcept {
    const char* const no_color = std::getenv("NO_COLOR");
    const char* const term = std::getenv("TERM");
    return (no_color == nullptr || *no_color == '\0') &&
           std::string_view(term ? term : "") != "dumb";
}

const char* code_of(colour with) noexcept {
    switch (with) {
    case colour::none:
        return "";
    case colour::bold:
        return "\x1b[1m";
    case colour::dim:
        return "\x1b[2m";
    case colour::red:
        return "\x1b[31m";
    case colour::green:
        return "\x1b[32m";
    case colour::yellow:
        return "\x1b[33m";
    case colour::blue:
        return "\x1b[34m";
    case colour::cyan:
        return "\x1b[36m";
    }
    return "";
}

bool begins_character(char c) noexcept {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

} // namespace

style::style(std::FILE* stream) noexcept
    : terminal_(isatty(fileno(stream)) == 1), colour_(terminal_ && colour_is_wanted()) {}

std::string style::paint(colour with, std::string_view text) const {
    if (!colour_ || with == colour::none || text.empty())
        return std::string(text);
    return fmt::format("{}{}\x1b[0m", code_of(with), text);
}

unsigned terminal_columns(std::FILE* stream) noexcept {
    winsize size{};
    const bool known = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : default_columns;
}

unsigned terminal_rows(std::FILE* stream) noexcept {
    winsize size{};
    const bool known = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
    return known ? size.ws_row : default_rows;
}

std::string counted(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

unsigned characters(std::string_view text) noexcept {
    return static_cast<unsigned>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string fit(std::string_view text, unsigned columns) {
    if (characters(text) <= columns)
        return std::string(text);
    if (columns == 0)
        return {};
    std::size_t end = 0;
    for (unsigned begun = 0; end < text.size(); ++end)
        if (begins_character(text[end]) && ++begun == columns)
            break;
    return std::string(text.substr(0, end)) + "…";
}

double rounded(double value, unsigned decimals) noexcept {
    const double unit = std::pow(10.0, decimals);
    return std::round(value * unit) / unit + 0.0; // -0 + 0 is 0
}

std::string progress_line(double fraction, std::string_view text, unsigned columns) {
    const double part = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0.0;
    const auto filled = static_cast<std::size_t>(part * bar_columns);
    std::string bar(filled, '=');
    if (filled < bar_columns)
        bar += '>';
    return fit(
        fmt::format("[{:<{}}] {:>3.0f} % {}", bar, bar_columns, std::floor(part * 100), text),
        columns);
}

progress_bar::progress_bar() noexcept : terminal_(isatty(STDERR_FILENO) == 1) {}

progress_bar::~progress_bar() {
    clear();
}

bool progress_bar::due(double now_seconds) const noexcept {
    return terminal_ && now_seconds >= next_seconds_;
}

void progress_bar::show(double now_seconds, double fraction, std::string_view text) {
    if (!due(now_seconds))
        return;
    next_seconds_ = now_seconds + shown_every_seconds;
    drawn_ = true;
    const std::string line = progress_line(fraction, text, terminal_columns(stderr) - 1);
    fmt::print(stderr, "\r{}\x1b[K", line);
    std::fflush(stderr);
}

void progress_bar::clear() {
    if (!drawn_)
        return;
    drawn_ = false;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
}

} // namespace landfall::app
