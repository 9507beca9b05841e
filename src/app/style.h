// SPDX-License-Identifier: MIT
// How text is shown on a terminal: colours, width, a progress bar. Plain where there is no
// terminal.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace landfall::app {

enum class colour { none, bold, dim, red, green, yellow, blue, cyan };

/// One output stream. Colours are used on a terminal, unless `NO_COLOR` is set or `TERM` is "dumb".
class style {
  public:
    /// Of standard output or standard error, as the environment is now.
    explicit style(std::FILE* stream) noexcept;
    style(bool is_terminal, bool has_colour) noexcept
        : terminal_(is_terminal), colour_(has_colour) {}

    [[nodiscard]] bool is_terminal() const noexcept { return terminal_; }
    [[nodiscard]] bool has_colour() const noexcept { return colour_; }
    [[nodiscard]] std::string paint(colour with, std::string_view text) const;

  private:
    bool terminal_;
    bool colour_;
};

/// Columns of the terminal that `stream` is; 80 where it is none.
[[nodiscard]] unsigned terminal_columns(std::FILE* stream) noexcept;
/// Lines of it; 24 where it is none.
[[nodiscard]] unsigned terminal_rows(std::FILE* stream) noexcept;

/// `text` with its UTF-8 characters cut to `columns`, the last one then being an ellipsis.
[[nodiscard]] std::string fit(std::string_view text, unsigned columns);

/// "1 port", "2 ports".
[[nodiscard]] std::string counted(std::size_t count, std::string_view what);

/// Characters of UTF-8 text.
[[nodiscard]] unsigned characters(std::string_view text) noexcept;

/// `value` with so many decimals; what is nothing then has no minus sign.
[[nodiscard]] double rounded(double value, unsigned decimals) noexcept;

/// `[=====>    ]  42 % TEXT`, as wide as the terminal at most. `fraction` is brought to 0..1.
[[nodiscard]] std::string progress_line(double fraction, std::string_view text, unsigned columns);

/// Rewrites one line of standard error, at most 10 times a second. Silent where that is no
/// terminal.
class progress_bar {
  public:
    progress_bar() noexcept;
    ~progress_bar();
    progress_bar(const progress_bar&) = delete;
    progress_bar& operator=(const progress_bar&) = delete;

    /// `now_seconds` is any steady clock.
    void show(double now_seconds, double fraction, std::string_view text);

    /// Whether `show` would draw: saves making its text.
    [[nodiscard]] bool due(double now_seconds) const noexcept;

    /// Wipes the line, so that other text can be written.
    void clear();

  private:
    bool terminal_;
    bool drawn_ = false;
    double next_seconds_ = -1e300;
};

} // namespace landfall::app
