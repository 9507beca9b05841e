// SPDX-License-Identifier: MIT
// What a segment of the spool says of itself without a key: a stanza of its age header, which
// other readers of age pass over.
//
//   -> landfall/segment v=1 gateway=NAME tenant=NAME contact=TEXT priority=N frames=N octets=N
//      first=SECONDS.NNNNNNNNN last=SECONDS.NNNNNNNNN channel=CARRIER/SCID/VCID/FORM/FRAMES ...
//
// All on one line, with an empty body. In names and texts what is not a letter, a digit, '.', '_'
// or '-' is written as %XX. The header's MAC covers it, so that who has a key can rely on it.
#pragma once

#include "base/bytes.h"
#include "base/time.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::delivery {

inline constexpr std::string_view segment_stanza = "landfall/segment";
inline constexpr std::size_t most_name_octets = 64;      ///< of gateway, tenant, carrier
inline constexpr std::size_t most_contact_octets = 128;  ///< of a contact
inline constexpr std::size_t most_segment_channels = 64; ///< of one segment
inline constexpr std::uint8_t highest_priority = 9;      ///< goes first; 0 goes last

enum class content : std::uint8_t { frames, packets };
[[nodiscard]] const char* name(content what) noexcept;

struct segment_channel {
    std::string carrier;
    std::uint16_t spacecraft_id = 0;
    std::uint8_t vcid = 0;
    content as = content::frames;
    std::uint64_t frames = 0; ///< or packets: how many are in the segment

    auto operator<=>(const segment_channel&) const = default;
};

struct segment_summary {
    std::string gateway;
    std::string tenant;
    std::string contact; ///< of a satellite with the station; may be empty
    std::uint8_t priority = 0;
    std::uint64_t frames = 0; ///< of all channels
    std::uint64_t octets = 0; ///< of these frames
    base::timestamp first;    ///< earliest and latest Earth-receive time, to the nanosecond
    base::timestamp last;
    std::vector<segment_channel> channels;

    auto operator<=>(const segment_summary&) const = default;
};

/// Why there is no summary. Each is a metric label.
enum class summary_error : std::uint8_t {
    not_age,   ///< no age v1 header
    absent,    ///< no such stanza, or several
    version,   ///< of a later version
    malformed, ///< a key that is missing, doubled, unknown or out of range
};
inline constexpr std::size_t summary_error_count = 4;
[[nodiscard]] const char* name(summary_error error) noexcept;

/// The stanza. Names are cut to the bounds above.
[[nodiscard]] std::string write_summary(const segment_summary& summary);
/// Octets that `write_summary` takes at most for such names and channels, whatever the numbers.
[[nodiscard]] std::size_t most_summary_octets(const segment_summary& summary) noexcept;

/// From the begin of a segment: all of its header is needed.
[[nodiscard]] std::expected<segment_summary, summary_error> read_summary(base::octets segment);

} // namespace landfall::delivery
