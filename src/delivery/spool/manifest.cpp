// SPDX-License-Identifier: MIT
#include "delivery/spool/manifest.h"

#include "delivery/spool/text.h"

#include <algorithm>
#include <array>

namespace landfall::delivery {
namespace {

constexpr std::size_t check_characters = 8;
constexpr std::size_t sequence_digits = 12;
constexpr std::size_t most_words = 8;

std::string check_of(std::string_view line) {
    const base::octets octets(reinterpret_cast<const std::uint8_t*>(line.data()), line.size());
    return crypto::to_text(crypto::sha256({octets})).substr(0, check_characters);
}

std::string with_check(std::string line) {
    const std::string check = check_of(line);
    return line.append(" ").append(check).append("\n");
}

/// Words of a line with single blanks between them.
struct words {
    std::array<std::string_view, most_words> word;
    std::size_t count = 0;
};

std::optional<words> split(std::string_view line) noexcept {
    words made;
    for (;;) {
        const std::size_t end = std::min(line.find(' '), line.size());
        if (end == 0 || made.count == most_words) {
            return std::nullopt;
        }
        made.word[made.count++] = line.substr(0, end);
        if (end == line.size()) {
            return made;
        }
        line.remove_prefix(end + 1);
    }
}

std::optional<stored_segment> parse_stored(const words& of) noexcept {
    const auto sequence = parse_number(of.word[1]);
    const auto octets = parse_number(of.word[2]);
    const auto priority = parse_number(of.word[3], 0xFF);
    const auto frames = parse_number(of.word[4]);
    const auto stored = parse_number(of.word[5]);
    const auto digest = crypto::parse_digest(of.word[6]);
    if (of.count != 8 || !sequence || !octets || !priority || !frames || !stored || !digest) {
        return std::nullopt;
    }
    return stored_segment{*sequence, *octets, static_cast<std::uint8_t>(*priority),
                          *frames,   *stored, *digest};
}

std::optional<removal> parse_reason(std::string_view text) noexcept {
    for (std::size_t i = 0; i < removal_count; ++i) {
        if (text == name(static_cast<removal>(i))) {
            return static_cast<removal>(i);
        }
    }
    return std::nullopt;
}

void saw(manifest& all, std::uint64_t sequence) noexcept {
    all.next = std::max(all.next, sequence + 1);
}

bool take_stored(manifest& all, const words& of, bool missing) {
    const auto segment = parse_stored(of);
    if (!segment) {
        return false;
    }
    saw(all, segment->sequence);
    all.there.erase(segment->sequence);
    all.missing.erase(segment->sequence);
    all.clock_s = std::max(all.clock_s, segment->stored_s);
    (missing ? all.missing : all.there).emplace(segment->sequence, *segment);
    if (!missing) {
        all.recent.push_back({*segment});
    }
    return true;
}

bool take_removed(manifest& all, const words& of) {
    const auto sequence = parse_number(of.word[1]);
    const auto reason = parse_reason(of.word[2]);
    if (of.count != 4 || !sequence || !reason) {
        return false;
    }
    saw(all, *sequence);
    auto known = all.there.extract(*sequence);
    known = known ? std::move(known) : all.missing.extract(*sequence);
    if (known) {
        all.recent.push_back({known.mapped(), *reason});
    }
    if (*reason != removal::missing) {
        all.removed.insert(*sequence);
    } else if (known) {
        all.missing.emplace(*sequence, known.mapped());
    }
    return true;
}

bool take_clock(manifest& all, const words& of) noexcept {
    const auto next = parse_number(of.word[1]);
    const auto clock = parse_number(of.word[2]);
    if (of.count != 4 || !next || !clock) {
        return false;
    }
    all.next = std::max(all.next, *next);
    all.clock_s = std::max(all.clock_s, *clock);
    all.recent.clear();
    return true;
}

bool take_line(manifest& all, std::string_view line) {
    const std::size_t blank = line.rfind(' ');
    if (blank == std::string_view::npos ||
        line.substr(blank + 1) != check_of(line.substr(0, blank))) {
        return false;
    }
    const auto of = split(line);
    if (!of || of->word[0].size() != 1) {
        return false;
    }
    switch (of->word[0].front()) {
    case '=':
        return take_clock(all, *of);
    case '+':
        return take_stored(all, *of, false);
    case '?':
        return take_stored(all, *of, true);
    case '-':
        return take_removed(all, *of);
    default:
        return false;
    }
}

std::string padded(std::uint64_t sequence) {
    std::string text = std::to_string(sequence);
    text.insert(0, sequence_digits - std::min(sequence_digits, text.size()), '0');
    return text;
}

constexpr std::array<std::string_view, 4> endings{".part", ".age", ".torn", ".bad"};

} // namespace

const char* name(removal reason) noexcept {
    switch (reason) {
    case removal::acknowledged:
        return "acknowledged";
    case removal::oldest:
        return "oldest";
    case removal::lowest_priority:
        return "lowest_priority";
    case removal::refused:
        return "refused";
    case removal::expired:
        return "expired";
    case removal::unwritten:
        return "unwritten";
    case removal::damaged:
        return "damaged";
    case removal::missing:
        return "missing";
    }
    return nullptr;
}

manifest parse_manifest(std::string_view text) {
    manifest all;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            all.torn = true;
            break;
        }
        ++all.lines;
        if (!take_line(all, text.substr(0, end)) && all.bad_lines.size() < most_bad_lines) {
            all.bad_lines.push_back(all.lines);
        }
        text.remove_prefix(end + 1);
    }
    return all;
}

std::string clock_line(std::uint64_t next, std::uint64_t clock_s) {
    std::string line = "= ";
    return with_check(
        line.append(std::to_string(next)).append(" ").append(std::to_string(clock_s)));
}

std::string stored_line(const stored_segment& segment, char mark) {
    std::string line(1, mark);
    for (const std::uint64_t number :
         {segment.sequence, segment.octets, std::uint64_t{segment.priority}, segment.frames,
          segment.stored_s}) {
        line.append(" ").append(std::to_string(number));
    }
    return with_check(line.append(" ").append(crypto::to_text(segment.digest)));
}

std::string removed_line(std::uint64_t sequence, removal reason) {
    std::string line = "- ";
    return with_check(line.append(std::to_string(sequence)).append(" ").append(name(reason)));
}

std::string file_name(const segment_file& file) {
    std::string text = "seg-" + padded(file.sequence);
    if (file.digest) {
        text.append("-").append(crypto::to_text(*file.digest));
    }
    return text.append(endings[static_cast<std::size_t>(file.kind)]);
}

std::optional<segment_file> parse_file_name(std::string_view name) {
    if (!name.starts_with("seg-")) {
        return std::nullopt;
    }
    const std::size_t dot = std::min(name.find('.'), name.size());
    const auto ending = std::ranges::find(endings, name.substr(dot));
    std::string_view digits = name.substr(4, dot - 4);
    if (ending == endings.end()) {
        return std::nullopt;
    }
    segment_file file;
    file.kind = static_cast<file_kind>(ending - endings.begin());
    const bool has_digest = file.kind == file_kind::segment || file.kind == file_kind::bad;
    const std::size_t dash = digits.find('-');
    if (has_digest != (dash != std::string_view::npos)) {
        return std::nullopt;
    }
    if (has_digest) {
        file.digest = crypto::parse_digest(digits.substr(dash + 1));
        digits = digits.substr(0, dash);
    }
    const std::size_t zeros = std::min(digits.find_first_not_of('0'), digits.size());
    const auto sequence = parse_number(digits.substr(zeros));
    if (has_digest != file.digest.has_value() || !sequence) {
        return std::nullopt;
    }
    file.sequence = *sequence;
    return file_name(file) == name ? std::optional(file) : std::nullopt;
}

} // namespace landfall::delivery
