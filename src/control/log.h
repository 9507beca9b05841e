// SPDX-License-Identifier: MIT
// The program's log, on standard error. Only `src/app` writes to it: libraries return errors.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace landfall::control {

enum class log_level : std::uint8_t { debug, info, warning, error };

[[nodiscard]] std::string_view name(log_level level) noexcept;
/// "debug", "info", "warning", "error".
[[nodiscard]] std::optional<log_level> log_level_named(std::string_view text) noexcept;

/// `journal`: `<N>` before each line, as systemd reads priorities (sd-daemon(3)), and no time,
/// which the journal has. `plain`: time (UTC), level, text. `coloured`: the same for a terminal.
enum class log_form : std::uint8_t { journal, plain, coloured };

/// How `stream` is read: by the journal (`JOURNAL_STREAM` names it, systemd.exec(5)), on a terminal
/// without `NO_COLOR` and `TERM=dumb`, or else.
[[nodiscard]] log_form log_form_of(std::FILE* stream) noexcept;

/// Lets `most` through in each `interval` and counts the rest.
class rate_limit {
  public:
    using time = std::chrono::steady_clock::time_point;
    static constexpr unsigned most = 5;
    static constexpr std::chrono::seconds interval{10};

    /// Whether one may pass now. `now` does not go back.
    [[nodiscard]] bool admit(time now) noexcept;
    /// Those held back since this was last asked.
    [[nodiscard]] std::uint64_t take_suppressed() noexcept { return std::exchange(suppressed_, 0); }
    /// Whether the interval in which some were held back is over.
    [[nodiscard]] bool over(time now) const noexcept { return now - began_ >= interval; }

  private:
    time began_{};
    unsigned passed_ = most; ///< no interval has begun
    std::uint64_t suppressed_ = 0;
};

/// Any thread may write, except an lcore: writing may block. Control characters are written as
/// `\x1b`; a line break begins a line of the same level.
class logger {
  public:
    /// Writes to `stream`, which outlives it.
    logger(std::FILE* stream, log_form form, log_level least);
    ~logger();
    logger(const logger&) = delete;
    logger& operator=(const logger&) = delete;

    void write(log_level level, std::string_view text);
    void debug(std::string_view text) { write(log_level::debug, text); }
    void info(std::string_view text) { write(log_level::info, text); }
    void warning(std::string_view text) { write(log_level::warning, text); }
    void error(std::string_view text) { write(log_level::error, text); }

    /// For what may come often: each place in the source has its own `rate_limit`. What was held
    /// back is told with the next that passes, or by `tell_suppressed`.
    void limited(rate_limit::time now, log_level level, std::string_view text,
                 std::source_location site = std::source_location::current());
    /// To be called now and then: places that have fallen silent tell what was held back.
    void tell_suppressed(rate_limit::time now);

  private:
    struct sink;
    struct site_state {
        rate_limit limit;
        log_level level = log_level::info;
        std::string last; ///< the last text held back
    };

    std::unique_ptr<sink> sink_;
    std::mutex mutex_; ///< of `sites_`
    std::map<std::pair<std::string_view, std::uint_least32_t>, site_state> sites_;
};

} // namespace landfall::control
