// SPDX-License-Identifier: MIT
// The store's limits, and how segments go.
#include "delivery/spool/store.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace landfall::delivery {
namespace {

constexpr double growth_time_s = 60;
constexpr double least_step_s = 1;

} // namespace

std::uint64_t segment_store::used_octets() const noexcept {
    std::uint64_t sum = index_.octets() + aside_octets_ + writing_octets_;
    for (const renamed_file& one : renamed_) {
        sum += one.segment.octets;
    }
    return sum;
}

/// Octets that have to go before as many may come; 0 where there is room.
std::uint64_t segment_store::lacking(std::uint64_t octets) {
    const std::uint64_t wanted = used_octets() + octets;
    std::uint64_t most = wanted > limits_.most_octets ? wanted - limits_.most_octets : 0;
    if (octets == 0) {
        return most;
    }
    if (index_.all().size() >= most_segments) {
        most = std::max<std::uint64_t>(most, 1);
    }
    const auto free = files_.free_octets(folder_);
    if (!good(free)) {
        return most; // writing will tell
    }
    const std::uint64_t needed = limits_.reserve_octets + octets;
    return std::max(most, needed > *free ? needed - *free : 0);
}

/// False where it is refused. Of segments that are durable at most about twice as much goes as
/// comes: others may have filled the file system, and what is here is not theirs to take.
bool segment_store::make_room(std::uint64_t octets, std::uint8_t priority) {
    std::uint64_t gone = 0;
    // A file system that says that it has space, and then has none: a quota, or others were faster.
    // Something goes, and then writing is tried all the same.
    if (octets > 0 && std::exchange(lacks_space_, false)) {
        static_cast<void>(make_one_go(priority));
    }
    const std::uint64_t most = octets == 0 ? limits_.most_octets : 2 * octets;
    std::uint64_t lack = lacking(octets);
    while (lack > 0 && gone < most) {
        const std::uint64_t before = used_octets();
        if (octets == 0 && limits_.when_full == full_policy::refuse_new && aside_.empty()) {
            return true; // what is there stays
        }
        if (!make_one_go(priority)) {
            break;
        }
        gone += before - std::min(before, used_octets());
        lack = lacking(octets);
    }
    return lack == 0;
}

bool segment_store::make_one_go(std::uint8_t priority) {
    if (!aside_.empty()) {
        const aside_file oldest = aside_.front();
        aside_.pop_front();
        aside_octets_ -= oldest.octets;
        remove_file(oldest.name, oldest.octets);
        return true;
    }
    const auto victim = index_.victim(limits_.when_full, priority);
    if (victim) {
        remove({&victim->first, 1}, victim->second);
    }
    return victim.has_value();
}

void segment_store::expire() {
    if (limits_.most_age_s == 0) {
        return;
    }
    std::vector<stored_segment> old;
    for (const auto& [sequence, segment] : index_.all()) {
        if (segment.stored_s + limits_.most_age_s > clock_s()) {
            break; // those that follow are younger
        }
        if (!index_.is_on_its_way(sequence)) {
            old.push_back(segment);
        }
    }
    remove(old, removal::expired);
}

/// The manifest first: a segment whose file stays after a crash is not taken for a new one.
void segment_store::remove(std::span<const stored_segment> segments, removal reason) {
    if (segments.empty()) {
        return;
    }
    std::string lines;
    for (const stored_segment& one : segments) {
        lines += removed_line(one.sequence, reason);
        note(one, reason);
    }
    manifest_lines_ += segments.size();
    if (manifest_behind_ || !append_manifest(lines, true)) {
        manifest_behind_ = true; // room has to be made even so
    }
    for (const stored_segment& one : segments) {
        spool_event event{one, reason};
        if (reason != removal::acknowledged) {
            event.summary = summary_of(one);
        }
        index_.erase(one.sequence);
        remove_file(file_name({file_kind::segment, one.sequence, one.digest}), one.octets);
        count_removed(std::move(event));
    }
}

void segment_store::set_aside(const stored_segment& segment) {
    spool_event event{segment, removal::damaged, summary_of(segment)};
    const segment_file from{file_kind::segment, segment.sequence, segment.digest};
    const segment_file to{file_kind::bad, segment.sequence, segment.digest};
    const bool renamed = good(files_.rename(path(file_name(from)), path(file_name(to))));
    note(segment, removal::damaged);
    if (!append_manifest(removed_line(segment.sequence, removal::damaged), true)) {
        manifest_behind_ = true;
    }
    ++manifest_lines_;
    index_.erase(segment.sequence);
    if (renamed) {
        add_aside(file_name(to), segment.octets);
    } else {
        remove_file(file_name(from), segment.octets);
    }
    count_removed(std::move(event));
}

void segment_store::add_aside(std::string name, std::uint64_t octets) {
    aside_.push_back({std::move(name), octets});
    aside_octets_ += octets;
    while (aside_.size() > most_aside_files) {
        const aside_file oldest = aside_.front();
        aside_.pop_front();
        aside_octets_ -= oldest.octets;
        remove_file(oldest.name, oldest.octets);
    }
}

void segment_store::remove_file(const std::string& name, std::uint64_t octets) {
    const auto removed = files_.remove(path(name));
    if (removed || removed.error() == file_error::not_found) {
        return;
    }
    static_cast<void>(report(removed.error()));
    doomed_.push_back({name, octets});
    aside_octets_ += octets;
}

void segment_store::retry_removals() {
    std::vector<aside_file> again = std::exchange(doomed_, {});
    for (const aside_file& one : again) {
        aside_octets_ -= one.octets;
        remove_file(one.name, one.octets);
    }
}

void segment_store::drop_waiting(std::size_t at, removal reason) {
    sealed_segment& lost = waiting_[at];
    stored_segment segment;
    segment.octets = lost.octets.size();
    segment.priority = lost.summary.priority;
    segment.frames = lost.summary.frames;
    segment.digest = lost.digest;
    count_removed({segment, reason, std::move(lost.summary)});
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(at));
}

void segment_store::count_removed(spool_event event) {
    const auto reason = static_cast<std::size_t>(*event.removed);
    numbers_.removed_segments[reason].add();
    numbers_.removed_frames[reason].add(event.segment.frames);
    events_.push_back(std::move(event));
}

/// The mean growth of about the last minute, as far as the store has run for as long.
void segment_store::measure(std::int64_t now_ns) {
    const std::uint64_t used = used_octets();
    numbers_.segments.set(index_.all().size());
    numbers_.frames.set(index_.frames());
    numbers_.octets.set(used);
    numbers_.aside.set(aside_.size() + doomed_.size());
    numbers_.waiting.set(waiting_.size());
    const std::uint64_t clock = clock_s();
    const bool any = !index_.all().empty();
    const std::uint64_t since = any ? index_.all().begin()->second.stored_s : clock;
    numbers_.oldest_s.set(clock - std::min(clock, since));
    const double step_s = static_cast<double>(now_ns - measured_ns_) * 1e-9;
    if (step_s < least_step_s) {
        return;
    }
    const double growth =
        (static_cast<double>(used) - static_cast<double>(measured_octets_)) / step_s;
    growth_octets_s_ += (growth - growth_octets_s_) * (1 - std::exp(-step_s / growth_time_s));
    measured_ns_ = now_ns;
    measured_octets_ = used;
    double room = static_cast<double>(limits_.most_octets) - static_cast<double>(used);
    if (const auto free = files_.free_octets(folder_); good(free)) {
        room = std::min(room,
                        static_cast<double>(*free) - static_cast<double>(limits_.reserve_octets));
    }
    numbers_.seconds_to_full.set(growth_octets_s_ >= 1 ? std::max(room, 0.0) / growth_octets_s_
                                                       : std::numeric_limits<double>::infinity());
}

} // namespace landfall::delivery
