// SPDX-License-Identifier: MIT
// The segments of one tenant in a folder of its own. What was put is durable when `poll` has said
// so: written under a temporary name, fdatasync, renamed, the folder synced; several at once share
// what they can. It stays until it is acknowledged or has to make room.
#pragma once

#include "base/counter.h"
#include "base/error.h"
#include "delivery/files/files.h"
#include "delivery/spool/index.h"
#include "delivery/spool/segment.h"

#include <array>
#include <cstdint>
#include <deque>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace landfall::delivery {

inline constexpr std::size_t most_waiting_segments = 32; ///< in memory, not yet written
inline constexpr std::size_t most_group_segments = 8;    ///< made durable at once
inline constexpr std::size_t most_aside_files = 16;      ///< torn and damaged ones, the newest
inline constexpr std::size_t most_unrecorded_octets = std::size_t{8} << 20U; ///< of manifest
inline constexpr std::size_t most_segment_octets = std::size_t{64} << 20U;
inline constexpr std::uint64_t most_segments = 1'000'000; ///< of one tenant

struct store_limits {
    std::uint64_t most_octets = std::uint64_t{4} << 30U; ///< of all files of segments
    std::uint64_t most_age_s = 0; ///< on the spool's clock; 0: as long as there is room
    full_policy when_full = full_policy::oldest_first;
    /// Of the file system, left for ledger and manifest, and for all others.
    std::uint64_t reserve_octets = std::uint64_t{16} << 20U;
};

/// What happened to a segment: each became durable once, each was removed once. A start says again
/// what was not `recorded` before: who keeps a record knows it by the digest.
struct spool_event {
    stored_segment segment;                   ///< of what never was on disk: sequence 0
    std::optional<removal> removed{};         ///< nothing: it is durable now
    std::optional<segment_summary> summary{}; ///< where it could be read; not of acknowledged ones
};

/// Written by the store's thread, read by any.
struct store_numbers {
    base::counter durable_segments;
    base::counter durable_frames;
    base::counter durable_octets; ///< of files
    std::array<base::counter, removal_count> removed_segments;
    std::array<base::counter, removal_count> removed_frames;
    std::array<base::counter, file_error_count> failures; ///< of file operations, by reason
    base::counter torn;                                   ///< found at the start
    base::counter bad_manifest;                           ///< lines of it that were damaged
    base::gauge<std::uint64_t> segments;                  ///< durable and not yet acknowledged
    base::gauge<std::uint64_t> frames;
    base::gauge<std::uint64_t> octets; ///< of all files, set aside ones included
    base::gauge<std::uint64_t> aside;  ///< files that are torn or damaged
    base::gauge<std::uint64_t> waiting;
    base::gauge<std::uint64_t> oldest_s; ///< age of the oldest segment, on the spool's clock
    /// At the rate of the last minute; infinite where it is not filling.
    base::gauge<double> seconds_to_full;
};

/// One thread; it may block in file operations. `now_ns` is monotonic.
class segment_store {
  public:
    /// Makes the folder (its parent is there), takes it for this process, finds out what there is.
    /// Fails where the folder cannot be used at all, or another process has it (75).
    [[nodiscard]] static base::result<std::unique_ptr<segment_store>>
    open(file_system& files, std::string folder, const store_limits& limits, std::int64_t now_ns);

    /// Takes a segment, to be written by `poll`. With `most_waiting_segments` waiting one of them
    /// is dropped as `unwritten`.
    void put(sealed_segment segment);
    /// Writes what waits, keeps to the limits. After a failure it tries again, later each time up
    /// to 5 s. Returns when to call again at the latest.
    std::int64_t poll(std::int64_t now_ns);
    /// What happened since the last call, in order.
    [[nodiscard]] std::vector<spool_event> take_events();
    /// All that `take_events` gave is on record elsewhere, durably: no start says it again. Nothing
    /// while there are more events.
    void recorded();

    /// The next to be published: highest priority, then oldest. It does not make room for others
    /// until it is acknowledged or given back.
    [[nodiscard]] std::optional<stored_segment> take() { return index_.take(); }
    void give_back(std::uint64_t sequence) { index_.give_back(sequence); }
    /// A segment's file, with the digest it had when it was written. What is not is set aside, is
    /// counted, and is there no more: `damaged` or `missing`. Nothing where it could not be read
    /// now: give it back.
    [[nodiscard]] std::expected<std::vector<std::uint8_t>, std::optional<removal>>
    content(std::uint64_t sequence);
    /// They were delivered and are removed. Those that are not there are passed over.
    void acknowledge(std::span<const std::uint64_t> sequences);

    [[nodiscard]] const segment_index& index() const noexcept { return index_; }
    [[nodiscard]] const store_numbers& numbers() const noexcept { return numbers_; }
    [[nodiscard]] bool has_waiting() const noexcept { return !waiting_.empty(); }
    void set_limits(const store_limits& limits) noexcept { limits_ = limits; }

  private:
    struct written_file {
        stored_segment segment;
        std::string part;
        open_file file;
    };
    struct renamed_file {
        stored_segment segment;
        segment_summary summary;
    };
    struct aside_file {
        std::string name;
        std::uint64_t octets = 0;
    };

    segment_store(file_system& files, std::string folder, const store_limits& limits)
        : files_(files), folder_(std::move(folder)), limits_(limits) {}

    // store_start.cpp
    [[nodiscard]] base::result<void> start(std::int64_t now_ns);
    [[nodiscard]] std::string read_manifest();
    void find_file(const segment_file& file, const folder_entry& entry, manifest& expected);
    void find_segment(const segment_file& file, const folder_entry& entry, manifest& expected);
    void adopt(const stored_segment& segment, const std::string& name);
    void find_missing(manifest& expected);
    void repeat_events(const manifest& expected);

    // store.cpp: writing
    [[nodiscard]] bool flush();
    [[nodiscard]] bool write_group(std::vector<written_file>& group);
    [[nodiscard]] bool write_one(written_file& made, base::octets content);
    [[nodiscard]] std::size_t rename_group(std::vector<written_file>& group);
    [[nodiscard]] bool announce();
    void abandon(std::span<written_file> files);
    [[nodiscard]] bool report(file_error error) noexcept;
    template <class T>
    [[nodiscard]] bool good(const file_result<T>& result) noexcept {
        return result.has_value() || report(result.error());
    }

    // store_room.cpp: limits and removal
    [[nodiscard]] bool make_room(std::uint64_t octets, std::uint8_t priority);
    [[nodiscard]] bool make_one_go(std::uint8_t priority);
    [[nodiscard]] std::uint64_t lacking(std::uint64_t octets);
    void expire();
    void remove(std::span<const stored_segment> segments, removal reason);
    void set_aside(const stored_segment& segment);
    void add_aside(std::string name, std::uint64_t octets);
    void remove_file(const std::string& name, std::uint64_t octets);
    void retry_removals();
    void drop_waiting(std::size_t at, removal reason);
    void count_removed(spool_event event);
    void measure(std::int64_t now_ns);
    [[nodiscard]] std::uint64_t used_octets() const noexcept;

    // store_manifest.cpp
    [[nodiscard]] bool append_manifest(const std::string& lines, bool sync);
    [[nodiscard]] bool rewrite_manifest();
    void note(const stored_segment& segment, std::optional<removal> removed);
    void keep_up(std::int64_t now_ns);
    [[nodiscard]] std::uint64_t clock_s() const noexcept;
    [[nodiscard]] std::string path(std::string_view name) const;
    [[nodiscard]] std::optional<segment_summary> summary_of(const stored_segment& segment);

    file_system& files_;
    std::string folder_;
    store_limits limits_;
    open_file lock_;
    segment_index index_;
    store_numbers numbers_;
    std::vector<spool_event> events_;
    std::deque<sealed_segment> waiting_;
    std::vector<renamed_file> renamed_; ///< whose names may not be on the medium yet
    std::deque<aside_file> aside_;      ///< the oldest first
    std::vector<aside_file> doomed_;    ///< files that could not be removed yet
    std::uint64_t aside_octets_ = 0;    ///< of both
    std::uint64_t writing_octets_ = 0;  ///< of the group that is being written
    std::uint64_t next_ = 1;
    std::map<std::uint64_t, stored_segment> missing_;

    open_file manifest_;
    std::uint64_t manifest_lines_ = 0;
    std::string unrecorded_;       ///< lines of events that a start would have to say again
    bool manifest_behind_ = false; ///< it does not say all: to be written anew
    std::int64_t clock_line_ns_ = 0;

    std::uint64_t base_clock_s_ = 0;
    std::int64_t opened_ns_ = 0;
    std::int64_t now_ns_ = 0;
    std::int64_t retry_ns_ = 0;
    std::int64_t backoff_ns_ = 0;
    bool lacks_space_ = false;   ///< an operation failed for want of space
    std::int64_t upkeep_ns_ = 0; ///< when to try again what is not urgent
    std::int64_t measured_ns_ = 0;
    std::uint64_t measured_octets_ = 0;
    double growth_octets_s_ = 0;
};

} // namespace landfall::delivery
