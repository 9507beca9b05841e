// SPDX-License-Identifier: MIT
// The 24 octets that go before a frame or packet when a route says `header = "landfall"`.
//
//   octet  0  mark and version: 0xD1. No CCSDS transfer frame, space or encapsulation packet, IP or
//             VITA 49 packet begins with the bits 1101, so that a bare frame can be told from it
//          1  flags: 0x01 corrected, 0x02 fill, 0x04 time known, 0x10 a space packet; others 0
//          2  carrier: its index in the gateway's configuration, from 0
//          4  spacecraft identifier
//          6  virtual channel
//          7  Es/N0 in quarters of a decibel, signed; -128: not known
//          8  seconds since 1970-01-01 (POSIX), 64 bits, signed; 0 when the time is not known
//         16  nanoseconds, 0 to 999,999,999
//         20  sequence number of the route, counts what was to be sent, from 0, modulo 2^32
//
// All big-endian. The time is that at which the frame's first bit was received on Earth; of a space
// packet, that of the frame in which it began.
#pragma once

#include "base/bytes.h"
#include "base/time.h"

#include <array>
#include <expected>
#include <optional>

namespace landfall::delivery {

inline constexpr std::size_t frame_header_octets = 24;
inline constexpr std::uint8_t frame_header_mark = 0xD0; ///< the upper four bits of octet 0
inline constexpr std::uint8_t frame_header_version = 1; ///< the lower four

struct frame_header {
    bool corrected = false; ///< the outer decoder changed it
    bool fill = false;      ///< only idle data
    bool packet = false;    ///< a space packet, not a frame
    std::uint16_t carrier = 0;
    std::uint16_t spacecraft_id = 0;
    std::uint8_t vcid = 0;
    std::optional<double> es_n0_db{};              ///< -31.75 to 31.75, in steps of 0.25
    std::optional<base::timestamp> receive_time{}; ///< to the nanosecond
    std::uint32_t sequence = 0;
};

/// Why octets are no such header. Each is a metric label.
enum class frame_header_error : std::uint8_t {
    truncated,
    wrong_mark,
    wrong_version,
    reserved_flags, ///< flags that this version does not know
    bad_time,       ///< too many nanoseconds, or a time that is not known yet not 0
};
inline constexpr std::size_t frame_header_error_count = 5;
[[nodiscard]] const char* name(frame_header_error error) noexcept;

/// Es/N0 beyond its range becomes the nearest, and part of a nanosecond is cut off.
[[nodiscard]] std::array<std::uint8_t, frame_header_octets>
write_frame_header(const frame_header& header) noexcept;

/// Reads the first 24 octets of a datagram.
[[nodiscard]] std::expected<frame_header, frame_header_error>
parse_frame_header(base::octets datagram) noexcept;

} // namespace landfall::delivery
