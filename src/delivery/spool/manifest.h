// SPDX-License-Identifier: MIT
// The text file beside a tenant's segments that says which of them ought to be there, and the
// names of the files.
//
//   = NEXT CLOCK CHECK                                       next sequence number; running time, s;
//                                                            all before it is on record elsewhere
//   + SEQUENCE OCTETS PRIORITY FRAMES STORED DIGEST CHECK    a segment is there, since STORED
//   - SEQUENCE REASON CHECK                                  it was removed
//   ? SEQUENCE OCTETS PRIORITY FRAMES STORED DIGEST CHECK    it was found to be missing
//
// CHECK is the first 8 digits of the SHA-256 of the line before it. Later lines count. A last
// line without its line feed was cut by a crash.
#pragma once

#include "crypto/sha256.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::delivery {

inline constexpr std::string_view manifest_name = "manifest";
inline constexpr std::string_view new_manifest_name = "manifest.new";
inline constexpr std::string_view lock_name = "lock";
inline constexpr std::size_t most_manifest_octets = std::size_t{256} << 20U;
inline constexpr std::size_t most_missing = 64;   ///< `?` lines that are kept
inline constexpr std::size_t most_bad_lines = 64; ///< that are told of

/// Why a segment is no more, or never was. Each is a metric label.
enum class removal : std::uint8_t {
    acknowledged,    ///< the datacenter has it
    oldest,          ///< made room for a newer one
    lowest_priority, ///< made room for a more important one
    refused,         ///< there was no room for it
    expired,         ///< older than the limit
    unwritten,       ///< the disk took too long, or no more, and what waits is bounded
    damaged,         ///< not what was written; kept aside
    missing,         ///< its file has gone
};
inline constexpr std::size_t removal_count = 8;
[[nodiscard]] const char* name(removal reason) noexcept;

struct stored_segment {
    std::uint64_t sequence = 0; ///< from 1, in the order of writing, never used again
    std::uint64_t octets = 0;   ///< of the file
    std::uint8_t priority = 0;
    std::uint64_t frames = 0;
    std::uint64_t stored_s = 0; ///< on the spool's clock, which runs while the gateway does
    crypto::sha256_digest digest{};

    auto operator<=>(const stored_segment&) const = default;
};

/// Nothing removed: it came.
struct manifest_event {
    stored_segment segment;
    std::optional<removal> removed{};
};

struct manifest {
    std::uint64_t next = 1;
    std::uint64_t clock_s = 0;
    std::map<std::uint64_t, stored_segment> there;
    std::map<std::uint64_t, stored_segment> missing;
    std::set<std::uint64_t> removed;
    std::vector<manifest_event> recent; ///< of what may not be on record elsewhere, in order
    std::size_t lines = 0;
    std::vector<std::size_t> bad_lines; ///< their numbers, from 1
    bool torn = false;                  ///< the last line was cut
};

/// Never fails: lines that are damaged are told of, the others count.
[[nodiscard]] manifest parse_manifest(std::string_view text);
[[nodiscard]] std::string clock_line(std::uint64_t next, std::uint64_t clock_s);
[[nodiscard]] std::string stored_line(const stored_segment& segment, char mark = '+');
[[nodiscard]] std::string removed_line(std::uint64_t sequence, removal reason);

/// `seg-SEQUENCE.part` while it is written, `seg-SEQUENCE-DIGEST.age` when it is durable,
/// `seg-SEQUENCE.torn` after a crash, `seg-SEQUENCE-DIGEST.bad` when it is damaged. Twelve digits
/// or more, so that names sort by age.
enum class file_kind : std::uint8_t { part, segment, torn, bad };
struct segment_file {
    file_kind kind = file_kind::segment;
    std::uint64_t sequence = 0;
    std::optional<crypto::sha256_digest> digest{}; ///< of `segment` and `bad`
};
[[nodiscard]] std::string file_name(const segment_file& file);
/// Nothing from any other name.
[[nodiscard]] std::optional<segment_file> parse_file_name(std::string_view name);

} // namespace landfall::delivery
