// SPDX-License-Identifier: MIT
#include "delivery/spool/summary.h"

#include "crypto/age.h"
#include "delivery/spool/text.h"

#include <algorithm>
#include <array>
#include <optional>

namespace landfall::delivery {
namespace {

constexpr std::size_t number_characters = 20;
constexpr std::size_t time_characters = number_characters + 10;
constexpr std::size_t keys_octets = 120; // names of keys, blanks, the stanza's mark

std::string_view cut(std::string_view text, std::size_t most) noexcept {
    return text.substr(0, most);
}

std::string time_text(const base::timestamp& time) {
    std::string nanoseconds = std::to_string(time.picoseconds / 1000);
    nanoseconds.insert(0, 9 - nanoseconds.size(), '0');
    return std::to_string(time.seconds) + "." + nanoseconds;
}

std::optional<base::timestamp> parse_time(std::string_view text) noexcept {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos || text.size() - dot != 10) {
        return std::nullopt;
    }
    const bool negative = text.starts_with('-');
    const auto seconds = parse_number(text.substr(negative ? 1 : 0, dot - (negative ? 1 : 0)));
    const std::string_view fraction = text.substr(dot + 1);
    std::int64_t nanoseconds = 0;
    for (const char digit : fraction) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        nanoseconds = nanoseconds * 10 + (digit - '0');
    }
    if (!seconds || *seconds > std::uint64_t{1} << 62U || (negative && *seconds == 0)) {
        return std::nullopt;
    }
    const auto whole = static_cast<std::int64_t>(*seconds);
    return base::timestamp{negative ? -whole : whole, nanoseconds * 1000};
}

std::optional<content> parse_content(std::string_view text) noexcept {
    for (const content one : {content::frames, content::packets}) {
        if (text == name(one)) {
            return one;
        }
    }
    return std::nullopt;
}

/// CARRIER/SCID/VCID/FORM/FRAMES
std::optional<segment_channel> parse_channel(std::string_view text) {
    std::array<std::string_view, 5> part;
    for (std::string_view& one : part) {
        const bool is_last = &one == &part.back();
        const std::size_t end = is_last ? text.size() : text.find('/');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        one = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    const auto carrier = unescape(part[0], most_name_octets);
    const auto spacecraft = parse_number(part[1], 0xFFFF);
    const auto vcid = parse_number(part[2], 0xFF);
    const auto as = parse_content(part[3]);
    const auto frames = parse_number(part[4]);
    if (!carrier || !spacecraft || !vcid || !as || !frames) {
        return std::nullopt;
    }
    return segment_channel{*carrier, static_cast<std::uint16_t>(*spacecraft),
                           static_cast<std::uint8_t>(*vcid), *as, *frames};
}

/// One key of each, in the order in which they are written, channels last.
class argument_reader {
  public:
    explicit argument_reader(std::string_view arguments) noexcept : rest_(arguments) {}

    /// The value, where that is the next key.
    std::optional<std::string_view> take(std::string_view key) noexcept {
        const std::size_t end = std::min(rest_.find(' '), rest_.size());
        const std::string_view word = rest_.substr(0, end);
        if (!word.starts_with(key) || word.size() == key.size() || word[key.size()] != '=') {
            return std::nullopt;
        }
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return word.substr(key.size() + 1);
    }
    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  private:
    std::string_view rest_;
};

template <class Value>
bool set(Value& field, const std::optional<Value>& value) {
    if (value) {
        field = *value;
    }
    return value.has_value();
}

std::expected<segment_summary, summary_error> parse(std::string_view arguments) {
    argument_reader reader(arguments);
    const auto malformed = std::unexpected(summary_error::malformed);
    const auto version = reader.take("v");
    if (!version || !parse_number(*version)) {
        return malformed;
    }
    if (*version != "1") {
        return std::unexpected(summary_error::version);
    }
    segment_summary made;
    const auto text = [&](std::string_view key, std::size_t most) {
        const auto value = reader.take(key);
        return value ? unescape(*value, most) : std::nullopt;
    };
    const auto number = [&](std::string_view key, std::uint64_t most = ~std::uint64_t{0}) {
        const auto value = reader.take(key);
        return value ? parse_number(*value, most) : std::nullopt;
    };
    const auto time = [&](std::string_view key) {
        const auto value = reader.take(key);
        return value ? parse_time(*value) : std::nullopt;
    };
    std::uint64_t priority = 0;
    if (!set(made.gateway, text("gateway", most_name_octets)) ||
        !set(made.tenant, text("tenant", most_name_octets)) ||
        !set(made.contact, text("contact", most_contact_octets)) ||
        !set(priority, number("priority", highest_priority)) ||
        !set(made.frames, number("frames")) || !set(made.octets, number("octets")) ||
        !set(made.first, time("first")) || !set(made.last, time("last"))) {
        return malformed;
    }
    made.priority = static_cast<std::uint8_t>(priority);
    while (!reader.at_end()) {
        const auto value = reader.take("channel");
        auto channel = value ? parse_channel(*value) : std::nullopt;
        if (!channel || made.channels.size() == most_segment_channels) {
            return malformed;
        }
        made.channels.push_back(*std::move(channel));
    }
    return made;
}

} // namespace

const char* name(content what) noexcept {
    return what == content::frames ? "frames" : "packets";
}

const char* name(summary_error error) noexcept {
    switch (error) {
    case summary_error::not_age:
        return "not_age";
    case summary_error::absent:
        return "absent";
    case summary_error::version:
        return "version";
    case summary_error::malformed:
        return "malformed";
    }
    return nullptr;
}

std::string write_summary(const segment_summary& summary) {
    std::string text = "-> ";
    text.append(segment_stanza).append(" v=1");
    const auto put = [&text](std::string_view key, std::string_view value) {
        text.append(" ").append(key).append("=").append(value);
    };
    put("gateway", escape(cut(summary.gateway, most_name_octets)));
    put("tenant", escape(cut(summary.tenant, most_name_octets)));
    put("contact", escape(cut(summary.contact, most_contact_octets)));
    put("priority", std::to_string(std::min(summary.priority, highest_priority)));
    put("frames", std::to_string(summary.frames));
    put("octets", std::to_string(summary.octets));
    put("first", time_text(summary.first));
    put("last", time_text(summary.last));
    for (const segment_channel& one : summary.channels) {
        std::string value = escape(cut(one.carrier, most_name_octets));
        value.append("/").append(std::to_string(one.spacecraft_id));
        value.append("/").append(std::to_string(one.vcid));
        value.append("/").append(name(one.as));
        value.append("/").append(std::to_string(one.frames));
        put("channel", value);
    }
    return text.append("\n\n");
}

std::size_t most_summary_octets(const segment_summary& summary) noexcept {
    const auto most = [](const std::string& text) { return 3 * text.size(); };
    std::size_t sum = keys_octets + most(summary.gateway) + most(summary.tenant) +
                      most(summary.contact) + 2 * number_characters + 2 * time_characters;
    for (const segment_channel& one : summary.channels) {
        constexpr std::size_t around = sizeof(" channel=/65535/255/packets/");
        sum += around + most(one.carrier) + number_characters;
    }
    return sum;
}

std::expected<segment_summary, summary_error> read_summary(base::octets segment) {
    const auto header = crypto::parse_age_header(segment);
    if (!header) {
        return std::unexpected(summary_error::not_age);
    }
    std::optional<std::string_view> found;
    for (const crypto::age_stanza& one : header->stanzas) {
        const std::size_t blank = std::min(one.arguments.find(' '), one.arguments.size());
        if (one.arguments.substr(0, blank) != segment_stanza) {
            continue;
        }
        if (found) {
            return std::unexpected(summary_error::absent);
        }
        found = one.arguments.substr(std::min(blank + 1, one.arguments.size()));
    }
    if (!found) {
        return std::unexpected(summary_error::absent);
    }
    return parse(*found);
}

} // namespace landfall::delivery
