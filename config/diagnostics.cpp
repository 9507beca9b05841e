// SPDX-License-Identifier: MIT
#include "config/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>

namespace landfall::config {

namespace {

constexpr std::size_t longest_word = 48;
constexpr unsigned longest_line = 160; ///< characters of a source line that are shown
constexpr unsigned shown_before_caret = 60;

std::string_view line_of(std::string_view text, unsigned line) noexcept {
    for (; line > 1; --line) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos)
            return {};
        text.remove_prefix(end + 1);
    }
    text = text.substr(0, text.find('\n'));
    if (text.ends_with('\r'))
        text.remove_suffix(1);
    return text;
}

std::uint8_t octet(std::string_view text, std::size_t at) noexcept {
    return static_cast<std::uint8_t>(text[at]);
}

/// U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069: they change what other characters look like.
bool turns_direction(std::string_view character) noexcept {
    const unsigned code = (octet(character, 0) & 0x0FU) << 12 | (octet(character, 1) & 0x3FU) << 6 |
                          (octet(character, 2) & 0x3FU);
    return code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x2069);
}

/// Octets of the UTF-8 character at the front of `text`; 0 where it is broken or not printable.
std::size_t character_octets(std::string_view text) noexcept {
    const std::uint8_t first = octet(text, 0);
    if (first < 0x80)
        return first < 0x20 || first == 0x7F ? 0 : 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((octet(text, i) & 0xC0) != 0x80)
            return 0;
    const bool control = first == 0xC2 && octet(text, 1) < 0xA0; // C1
    return control || (length == 3 && turns_direction(text)) ? 0 : length;
}

std::string_view skip_characters(std::string_view text, unsigned count) noexcept {
    for (; count > 0 && !text.empty(); --count)
        text.remove_prefix(std::max<std::size_t>(1, character_octets(text)));
    return text;
}

/// Optimal string alignment: insertions, deletions, changes and swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) noexcept {
    std::array<std::array<std::size_t, longest_word + 1>, longest_word + 1> cost{};
    for (std::size_t i = 0; i <= a.size(); ++i)
        cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j)
        cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            std::size_t best =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + change});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                best = std::min(best, cost[i - 2][j - 2] + 1);
            cost[i][j] = best;
        }
    }
    return cost[a.size()][b.size()];
}

} // namespace

void diagnostics::push(diagnostic one) {
    if (list_.size() < limit)
        list_.push_back(std::move(one));
    else
        ++left_out_;
}

void diagnostics::add(const source_text& source, position at, std::string message) {
    if (full()) {
        ++left_out_;
        return;
    }
    diagnostic one{source.name, at, std::move(message), {}, 0};
    if (at.column > 0) {
        std::string_view line = line_of(source.text, std::max(1U, at.line));
        unsigned column = at.column;
        if (column > longest_line - 20) {
            line = skip_characters(line, column - shown_before_caret);
            column = shown_before_caret;
        }
        one.source_line = printable(line, longest_line);
        one.caret_column = column;
    }
    push(std::move(one));
}

void diagnostics::add(std::string_view file, std::string message) {
    push({std::string(file), {}, std::move(message), {}, 0});
}

void diagnostics::append(diagnostic one) {
    push(std::move(one));
}

void diagnostics::append(const diagnostics& other) {
    for (const diagnostic& one : other.list_)
        push(one);
    left_out_ += other.left_out_;
}

void diagnostics::sort(std::vector<std::string_view> files) {
    std::vector<std::tuple<std::size_t, position, std::size_t>> keys;
    for (std::size_t i = 0; i < list_.size(); ++i) {
        const auto found = std::find(files.begin(), files.end(), list_[i].file);
        keys.emplace_back(found - files.begin(), list_[i].at, i);
        if (found == files.end())
            files.push_back(list_[i].file);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<diagnostic> sorted;
    for (const auto& [file, at, index] : keys)
        sorted.push_back(list_[index]);
    list_ = std::move(sorted);
}

std::string diagnostics::text(std::string_view severity) const {
    std::string all;
    for (const diagnostic& one : list_) {
        all += printable(one.file, 4096);
        if (one.at.line > 0)
            all += fmt::format(":{}:{}", one.at.line, one.at.column);
        all += fmt::format(": {}: {}\n", severity, one.message);
        if (one.caret_column > 0 && !one.source_line.empty())
            all += fmt::format("    {}\n    {:>{}}\n", one.source_line, '^', one.caret_column);
    }
    if (left_out_ > 0)
        all += fmt::format("and {} more {}s\n", left_out_, severity);
    return all;
}

base::failure diagnostics::failure() const {
    return {text(), base::exit_code::bad_configuration};
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    if (word.empty() || word.size() > longest_word)
        return {};
    std::string_view best;
    std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const std::string_view one : known) {
        if (one.size() > longest_word)
            continue;
        const bool begun = word.size() >= 4 && one.starts_with(word);
        const std::size_t distance = begun ? 1 : edit_distance(word, one);
        if (distance < least && distance < one.size()) {
            least = distance;
            best = one;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
    const std::string_view near = nearest(word, known);
    return near.empty() ? std::string{} : fmt::format("; did you mean '{}'?", near);
}

bool is_printable(std::string_view text, bool line_breaks) {
    while (!text.empty()) {
        const std::size_t length = line_breaks && text[0] == '\n' ? 1 : character_octets(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string printable(std::string_view text, std::size_t most_characters) {
    std::string clean;
    for (std::size_t shown = 0; !text.empty(); ++shown) {
        if (shown == most_characters)
            return clean + "...";
        const std::size_t length = character_octets(text);
        if (length > 0)
            clean += text.substr(0, length);
        else
            clean += text[0] == '\t' ? ' ' : '?';
        text.remove_prefix(std::max<std::size_t>(1, length));
    }
    return clean;
}

} // namespace landfall::config
