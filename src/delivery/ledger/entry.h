// SPDX-License-Identifier: MIT
// One entry: a line of JSON that says what happened to whose data. Written in one way only, so that
// equal entries are equal octets; README.md has the format.
#pragma once

#include "base/bytes.h"
#include "delivery/ledger/merkle.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace landfall::delivery::ledger {

inline constexpr std::size_t most_name_characters = 128;
/// Instants from 1970 to 2262.
using unix_ns = std::int64_t;

enum class event : std::uint8_t {
    started,      ///< the gateway began to write, or began again
    received,     ///< frames of a contact came down
    spooled,      ///< a segment is durable here
    torn,         ///< a segment that a crash left unfinished was found
    delivered,    ///< it was sent
    acknowledged, ///< the other side has it, durably
    dropped,      ///< it is gone, for a reason
};
inline constexpr std::size_t event_count = 7;
[[nodiscard]] const char* name(event what) noexcept;

struct entry {
    unix_ns time = 0; ///< of the event, by the gateway's clock
    event what = event::started;
    std::string tenant; ///< names: printable ASCII without `"` and `\`, or empty: not told
    std::string contact;
    std::string carrier;
    std::optional<digest> segment; ///< SHA-256 of the sealed segment
    std::uint64_t octets = 0;      ///< numbers that are 0 are not told
    std::uint64_t frames = 0;
    unix_ns first = 0; ///< Earth-receive times of the first and last frame
    unix_ns last = 0;
    std::string reason; ///< a closed enum's name

    bool operator==(const entry&) const = default;
};

enum class entry_error : std::uint8_t {
    name,  ///< a name with a character that it may not have, or too long
    time,  ///< before 1970 or after 2262
    form,  ///< no object of the known members in their order
    event, ///< none that is known
    value, ///< of a number, an instant or a digest
};
[[nodiscard]] const char* name(entry_error error) noexcept;

/// Without a newline.
[[nodiscard]] std::expected<std::string, entry_error> entry_text(const entry& what);
/// Exactly what `entry_text` writes.
[[nodiscard]] std::expected<entry, entry_error> parse_entry(std::string_view text);

/// "2026-11-24T12:26:23.123456789Z"
[[nodiscard]] std::string instant_text(unix_ns time);
[[nodiscard]] std::optional<unix_ns> parse_instant(std::string_view text) noexcept;

} // namespace landfall::delivery::ledger
