// SPDX-License-Identifier: MIT
#include "wire/sigmf.h"

#include <fmt/core.h>

#include <chrono>

namespace landfall::wire {

namespace {

/// Takes characters from the front of a text; latches failure.
class text_reader {
  public:
    explicit text_reader(std::string_view text) : text_(text) {}

    unsigned digits(std::size_t count) noexcept {
        unsigned value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (!at_digit()) {
                failed_ = true;
                return 0;
            }
            value = value * 10 + static_cast<unsigned>(text_.front() - '0');
            text_.remove_prefix(1);
        }
        return value;
    }
    bool take(char wanted) noexcept {
        if (text_.empty() || text_.front() != wanted) {
            return false;
        }
        text_.remove_prefix(1);
        return true;
    }
    void demand(char wanted) noexcept { failed_ = !take(wanted) || failed_; }
    [[nodiscard]] bool at_digit() const noexcept {
        return !text_.empty() && text_.front() >= '0' && text_.front() <= '9';
    }
    [[nodiscard]] bool at_end() const noexcept { return text_.empty(); }
    [[nodiscard]] bool failed() const noexcept { return failed_; }

  private:
    std::string_view text_;
    bool failed_ = false;
};

/// Digits after the point; those beyond picoseconds are dropped.
std::int64_t read_fraction(text_reader& reader) noexcept {
    std::int64_t picoseconds = 0;
    std::int64_t unit = base::picoseconds_per_second / 10;
    if (!reader.at_digit()) {
        reader.demand('0');
    }
    while (reader.at_digit()) {
        picoseconds += static_cast<std::int64_t>(reader.digits(1)) * unit;
        unit /= 10;
    }
    return picoseconds;
}

std::int64_t read_zone_s(text_reader& reader) noexcept {
    if (reader.take('Z') || reader.take('z')) {
        return 0;
    }
    const bool east = reader.take('+');
    if (!east && !reader.take('-')) {
        return 0; // no zone: taken to be UTC
    }
    const auto hours = static_cast<std::int64_t>(reader.digits(2));
    reader.take(':');
    const auto minutes = static_cast<std::int64_t>(reader.digits(2));
    return (east ? 1 : -1) * (hours * 3600 + minutes * 60);
}

} // namespace

std::optional<base::timestamp> parse_iso8601(std::string_view text) noexcept {
    text_reader reader(text);
    const auto year = static_cast<int>(reader.digits(4));
    reader.demand('-');
    const unsigned month = reader.digits(2);
    reader.demand('-');
    const unsigned day = reader.digits(2);
    if (!reader.take('T') && !reader.take('t')) {
        reader.demand(' ');
    }
    const unsigned hour = reader.digits(2);
    reader.demand(':');
    const unsigned minute = reader.digits(2);
    reader.demand(':');
    const unsigned second = reader.digits(2);
    const std::int64_t picoseconds = reader.take('.') ? read_fraction(reader) : 0;
    const std::int64_t zone_s = read_zone_s(reader);
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month},
                                           std::chrono::day{day}};
    if (reader.failed() || !reader.at_end() || !date.ok() || hour > 23 || minute > 59 ||
        second > 60) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    return base::timestamp{
        days * 86400 + static_cast<std::int64_t>(hour * 3600 + minute * 60 + second) - zone_s,
        picoseconds};
}

std::string write_iso8601(const base::timestamp& time) {
    const std::chrono::sys_seconds instant{std::chrono::seconds{time.seconds}};
    const auto day = std::chrono::floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date{day};
    const auto of_day = (instant - day).count();
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:012}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       of_day / 3600, of_day / 60 % 60, of_day % 60, time.picoseconds);
}

} // namespace landfall::wire
