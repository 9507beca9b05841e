// SPDX-License-Identifier: MIT
// What is wrong with a configuration, all of it at once, told as a compiler tells it.
#pragma once

#include "base/error.h"

#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::config {

/// Line and column count from 1, columns in characters. Line 0 is no line: an argument of the
/// command line, or the file as a whole.
struct position {
    unsigned line = 0;
    unsigned column = 0;

    auto operator<=>(const position&) const = default;
};

/// A file or an argument that is read, by the name a person knows it by.
struct source_text {
    std::string name;
    std::string text;
};

struct diagnostic {
    std::string file;
    position at;
    std::string message;
    std::string source_line; ///< printable; empty where there is none
    unsigned caret_column = 0;
};

/// The errors of one reading. Holds at most `limit`, and counts the rest.
class diagnostics {
  public:
    static constexpr std::size_t limit = 100;

    void add(const source_text& source, position at, std::string message);
    void add(std::string_view file, std::string message);
    void append(diagnostic one);
    void append(const diagnostics& other);

    /// What is added now is counted only: its message need not be made with care.
    [[nodiscard]] bool full() const noexcept { return list_.size() >= limit; }
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    [[nodiscard]] std::span<const diagnostic> list() const noexcept { return list_; }

    /// By position within each file: first `files`, then others in the order of their first error.
    void sort(std::vector<std::string_view> files = {});

    /// `FILE:LINE:COL: error: MESSAGE`, the source line and a caret, for each; ends with a newline.
    /// `severity` may be another word than "error".
    [[nodiscard]] std::string text(std::string_view severity = "error") const;

    /// The same as a failure that exits with 78.
    [[nodiscard]] base::failure failure() const;

  private:
    void push(diagnostic one);

    std::vector<diagnostic> list_;
    std::size_t left_out_ = 0;
};

/// The word of `known` that `word` was probably meant to be; empty when none is near.
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> known);

/// `; did you mean 'WORD'?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> known);

/// Whether `text` is UTF-8 without control characters and without marks that turn its direction.
[[nodiscard]] bool is_printable(std::string_view text, bool line_breaks);

/// What may be shown on a terminal: control characters and broken UTF-8 replaced, length bounded.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most_characters = 160);

} // namespace landfall::config
