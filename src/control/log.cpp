// SPDX-License-Identifier: MIT
#include "control/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace landfall::control {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};
constexpr std::array spdlog_levels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                   spdlog::level::err};
/// Of syslog(3).
constexpr std::array<char, 4> journal_priorities{'7', '6', '4', '3'};

/// `<3>` for errors, and so on.
class journal_priority final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
                spdlog::memory_buf_t& to) override {
        for (std::size_t i = 0; i < spdlog_levels.size(); ++i) {
            if (message.level == spdlog_levels[i]) {
                to.push_back('<');
                to.push_back(journal_priorities[i]);
                to.push_back('>');
            }
        }
    }
    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<journal_priority>();
    }
};

/// With the time in front, as RFC 3339 writes it.
std::unique_ptr<spdlog::formatter> in_utc(const std::string& pattern) {
    return std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ " + pattern,
                                                       spdlog::pattern_time_type::utc);
}

std::shared_ptr<spdlog::sinks::sink> sink_of(std::FILE* stream, log_form form) {
    std::shared_ptr<spdlog::sinks::sink> made;
    if (form == log_form::coloured) {
        using colour_sink = spdlog::sinks::ansicolor_sink<spdlog::details::console_mutex>;
        made = std::make_shared<colour_sink>(stream, spdlog::color_mode::always);
        made->set_formatter(in_utc("%^%l%$ %v"));
        return made;
    }
    using plain_sink = spdlog::sinks::stdout_sink_base<spdlog::details::console_mutex>;
    made = std::make_shared<plain_sink>(stream);
    if (form == log_form::plain) {
        made->set_formatter(in_utc("%l %v"));
        return made;
    }
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<journal_priority>('*').set_pattern("%*%v");
    made->set_formatter(std::move(formatter));
    return made;
}

/// Texts may quote what came from outside: it must not move the cursor or look like another line.
std::string harmless(std::string_view line) {
    std::string text;
    for (const char c : line) {
        const auto code = static_cast<unsigned char>(c);
        if ((code < 0x20 && c != '\t') || code == 0x7F) {
            text += fmt::format("\\x{:02x}", code);
        } else {
            text += c;
        }
    }
    return text;
}

bool is_journal(std::FILE* stream) noexcept {
    const char* named = std::getenv("JOURNAL_STREAM"); // DEVICE:INODE
    struct stat is{};
    if (named == nullptr || fstat(fileno(stream), &is) != 0) {
        return false;
    }
    char* end = nullptr;
    const unsigned long long device = std::strtoull(named, &end, 10);
    return *end == ':' && device == is.st_dev && std::strtoull(end + 1, nullptr, 10) == is.st_ino;
}

} // namespace

std::string_view name(log_level level) noexcept {
    return level_names[static_cast<std::size_t>(level)];
}

std::optional<log_level> log_level_named(std::string_view text) noexcept {
    for (std::size_t i = 0; i < level_names.size(); ++i) {
        if (level_names[i] == text) {
            return static_cast<log_level>(i);
        }
    }
    return std::nullopt;
}

log_form log_form_of(std::FILE* stream) noexcept {
    if (is_journal(stream)) {
        return log_form::journal;
    }
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool colour = (no_colour == nullptr || *no_colour == '\0') && terminal != nullptr &&
                        std::string_view(terminal) != "dumb";
    return colour && isatty(fileno(stream)) == 1 ? log_form::coloured : log_form::plain;
}

bool rate_limit::admit(time now) noexcept {
    if (passed_ >= most && (began_ == time{} || over(now))) {
        began_ = now;
        passed_ = 0;
    }
    if (passed_ < most) {
        ++passed_;
        return true;
    }
    ++suppressed_;
    return false;
}

struct logger::sink {
    spdlog::logger out;
};

logger::logger(std::FILE* stream, log_form form, log_level least)
    : sink_(std::make_unique<sink>(sink{spdlog::logger("landfall", sink_of(stream, form))})) {
    sink_->out.set_level(spdlog_levels[static_cast<std::size_t>(least)]);
    sink_->out.flush_on(spdlog::level::trace);
}

logger::~logger() = default;

void logger::write(log_level level, std::string_view text) {
    const auto as = spdlog_levels[static_cast<std::size_t>(level)];
    if (!sink_->out.should_log(as)) {
        return;
    }
    while (text.ends_with('\n')) {
        text.remove_suffix(1);
    }
    for (;;) {
        const std::size_t end = text.find('\n');
        sink_->out.log(as, spdlog::string_view_t(harmless(text.substr(0, end))));
        if (end == std::string_view::npos) {
            return;
        }
        text.remove_prefix(end + 1);
    }
}

void logger::limited(rate_limit::time now, log_level level, std::string_view text,
                     std::source_location site) {
    std::uint64_t suppressed = 0;
    {
        const std::lock_guard lock(mutex_);
        site_state& state = sites_[{site.file_name(), site.line()}];
        if (!state.limit.admit(now)) {
            state.level = level;
            state.last = text;
            return;
        }
        suppressed = state.limit.take_suppressed();
    }
    write(level, suppressed == 0 ? std::string(text)
                                 : fmt::format("{} (suppressed {} like it)", text, suppressed));
}

void logger::tell_suppressed(rate_limit::time now) {
    std::vector<std::pair<log_level, std::string>> lines;
    {
        const std::lock_guard lock(mutex_);
        for (auto& [where, state] : sites_) {
            const std::uint64_t count = state.limit.over(now) ? state.limit.take_suppressed() : 0;
            if (count > 0) {
                lines.emplace_back(state.level,
                                   fmt::format("suppressed {}, the last: {}", count, state.last));
            }
        }
    }
    for (const auto& [level, line] : lines) {
        write(level, line);
    }
}

} // namespace landfall::control
