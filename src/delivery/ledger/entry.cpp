// SPDX-License-Identifier: MIT
#include "delivery/ledger/entry.h"

#include "crypto/sha256.h"
#include "delivery/ledger/lines.h"

#include <array>
#include <chrono>
#include <limits>

namespace landfall::delivery::ledger {
namespace {

constexpr std::int64_t ns_per_second = 1'000'000'000;

bool is_name(std::string_view name) noexcept {
    return name.size() <= most_name_characters && std::ranges::all_of(name, [](char c) {
               return c >= ' ' && c <= '~' && c != '"' && c != '\\';
           });
}

void add_text(std::string& line, std::string_view key, std::string_view value) {
    if (!value.empty()) {
        line += line.size() > 1 ? ",\"" : "\"";
        line += key;
        line += "\":\"";
        line += value;
        line += '"';
    }
}

void add_number(std::string& line, std::string_view key, std::uint64_t value) {
    if (value != 0) {
        line += ",\"";
        line += key;
        line += "\":";
        line += std::to_string(value);
    }
}

void add_instant(std::string& line, std::string_view key, unix_ns time) {
    add_text(line, key, time == 0 ? std::string() : instant_text(time));
}

/// Takes members off the front of an object in the order in which they are written.
class member_reader {
  public:
    explicit member_reader(std::string_view text) noexcept : text_(text) { demand("{"); }

    /// Empty where the member is absent.
    std::string_view text(std::string_view key) noexcept {
        if (!member(key)) {
            return {};
        }
        demand("\"");
        const std::string_view value = text_.substr(0, text_.find('"'));
        text_.remove_prefix(value.size());
        demand("\"");
        failed_ = failed_ || value.empty() || !is_name(value);
        return value;
    }
    std::uint64_t number(std::string_view key) noexcept {
        if (!member(key)) {
            return 0;
        }
        const std::size_t length = std::min(text_.find_first_not_of("0123456789"), text_.size());
        const auto value = parse_decimal(text_.substr(0, length));
        text_.remove_prefix(length);
        failed_ = failed_ || value.value_or(0) == 0;
        return value.value_or(0);
    }
    bool at_end() noexcept {
        demand("}");
        return !failed_ && text_.empty();
    }

  private:
    void demand(std::string_view wanted) noexcept {
        failed_ = failed_ || !text_.starts_with(wanted);
        text_.remove_prefix(failed_ ? text_.size() : wanted.size());
    }
    bool member(std::string_view key) noexcept {
        std::string_view rest = text_;
        const auto take = [&rest](std::string_view wanted) {
            const bool there = rest.starts_with(wanted);
            rest.remove_prefix(there ? wanted.size() : 0);
            return there;
        };
        if ((!first_ && !take(",")) || !take("\"") || !take(key) || !take("\":")) {
            return false;
        }
        first_ = false;
        text_ = rest;
        return true;
    }

    std::string_view text_;
    bool first_ = true;
    bool failed_ = false;
};

std::optional<event> parse_event(std::string_view text) noexcept {
    for (std::size_t i = 0; i < event_count; ++i) {
        if (text == name(static_cast<event>(i))) {
            return static_cast<event>(i);
        }
    }
    return std::nullopt;
}

/// 0 where the text is empty.
std::optional<unix_ns> optional_instant(std::string_view text) noexcept {
    const auto time = text.empty() ? unix_ns{0} : parse_instant(text);
    return text.empty() || time != 0 ? time : std::nullopt;
}

} // namespace

const char* name(event what) noexcept {
    switch (what) {
    case event::started:
        return "started";
    case event::received:
        return "received";
    case event::spooled:
        return "spooled";
    case event::torn:
        return "torn";
    case event::delivered:
        return "delivered";
    case event::acknowledged:
        return "acknowledged";
    case event::dropped:
        return "dropped";
    }
    return nullptr;
}

const char* name(entry_error error) noexcept {
    switch (error) {
    case entry_error::name:
        return "name";
    case entry_error::time:
        return "time";
    case entry_error::form:
        return "form";
    case entry_error::event:
        return "event";
    case entry_error::value:
        return "value";
    }
    return nullptr;
}

std::string instant_text(unix_ns time) {
    using namespace std::chrono;
    const sys_time<nanoseconds> instant{nanoseconds(time)};
    const auto day = floor<days>(instant);
    const year_month_day date(day);
    const hh_mm_ss clock(instant - day);
    const auto two = [](auto value) { return std::to_string(100 + value).substr(1); };
    return std::to_string(10'000 + static_cast<int>(date.year())).substr(1) + "-" +
           two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day())) +
           "T" + two(clock.hours().count()) + ":" + two(clock.minutes().count()) + ":" +
           two(clock.seconds().count()) + "." +
           std::to_string(ns_per_second + clock.subseconds().count()).substr(1) + "Z";
}

std::optional<unix_ns> parse_instant(std::string_view text) noexcept {
    constexpr std::string_view form = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
    if (text.size() != form.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == 'd' ? !digit : text[i] != form[i]) {
            return std::nullopt;
        }
    }
    const auto number = [&](std::size_t at, std::size_t count) {
        unsigned value = 0;
        std::from_chars(text.data() + at, text.data() + at + count, value);
        return value;
    };
    using namespace std::chrono;
    const year_month_day date(year(static_cast<int>(number(0, 4))), month(number(5, 2)),
                              day(number(8, 2)));
    constexpr int last_year = 2261; // nanoseconds in 63 bits end in April 2262
    if (!date.ok() || date.year() < year(1970) || date.year() > year(last_year) ||
        number(11, 2) > 23 || number(14, 2) > 59 || number(17, 2) > 59) {
        return std::nullopt;
    }
    const nanoseconds instant = sys_days(date).time_since_epoch() + hours(number(11, 2)) +
                                minutes(number(14, 2)) + seconds(number(17, 2)) +
                                nanoseconds(number(20, 9));
    return instant.count();
}

std::expected<std::string, entry_error> entry_text(const entry& what) {
    for (const std::string* each : {&what.tenant, &what.contact, &what.carrier, &what.reason}) {
        if (!is_name(*each)) {
            return std::unexpected(entry_error::name);
        }
    }
    for (const unix_ns time : {what.time, what.first, what.last}) {
        if (time != 0 && parse_instant(instant_text(time)) != time) {
            return std::unexpected(entry_error::time);
        }
    }
    std::string line = "{";
    add_text(line, "time", instant_text(what.time));
    add_text(line, "event", name(what.what));
    add_text(line, "tenant", what.tenant);
    add_text(line, "contact", what.contact);
    add_text(line, "carrier", what.carrier);
    add_text(line, "segment", what.segment ? crypto::to_text(*what.segment) : std::string());
    add_number(line, "octets", what.octets);
    add_number(line, "frames", what.frames);
    add_instant(line, "first", what.first);
    add_instant(line, "last", what.last);
    add_text(line, "reason", what.reason);
    return line + "}";
}

std::expected<entry, entry_error> parse_entry(std::string_view text) {
    member_reader reader(text);
    entry parsed;
    const auto time = parse_instant(reader.text("time"));
    const auto what = parse_event(reader.text("event"));
    parsed.tenant = reader.text("tenant");
    parsed.contact = reader.text("contact");
    parsed.carrier = reader.text("carrier");
    const std::string_view segment = reader.text("segment");
    parsed.octets = reader.number("octets");
    parsed.frames = reader.number("frames");
    const auto first = optional_instant(reader.text("first"));
    const auto last = optional_instant(reader.text("last"));
    parsed.reason = reader.text("reason");
    if (!reader.at_end()) {
        return std::unexpected(entry_error::form);
    }
    if (!what) {
        return std::unexpected(entry_error::event);
    }
    parsed.segment = crypto::parse_digest(segment);
    if (!time || !first || !last || (!segment.empty() && !parsed.segment)) {
        return std::unexpected(entry_error::value);
    }
    parsed.time = *time;
    parsed.what = *what;
    parsed.first = *first;
    parsed.last = *last;
    return parsed;
}

} // namespace landfall::delivery::ledger
