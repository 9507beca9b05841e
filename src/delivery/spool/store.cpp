// SPDX-License-Identifier: MIT
#include "delivery/spool/store.h"

#include <algorithm>
#include <cassert>

namespace landfall::delivery {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t first_backoff_ns = second_ns / 10;
constexpr std::int64_t most_backoff_ns = 5 * second_ns;

} // namespace

bool segment_store::report(file_error error) noexcept {
    numbers_.failures[static_cast<std::size_t>(error)].add();
    lacks_space_ = lacks_space_ || error == file_error::no_space;
    return false;
}

void segment_store::put(sealed_segment segment) {
    assert(segment.octets.size() <= most_segment_octets);
    waiting_.push_back(std::move(segment));
    if (waiting_.size() <= most_waiting_segments) {
        return;
    }
    std::size_t at = 0;
    switch (limits_.when_full) {
    case full_policy::oldest_first:
        break;
    case full_policy::lowest_priority_first:
        at = static_cast<std::size_t>(
            std::ranges::min_element(
                waiting_, {}, [](const sealed_segment& one) { return one.summary.priority; }) -
            waiting_.begin());
        break;
    case full_policy::refuse_new:
        at = waiting_.size() - 1;
        break;
    }
    drop_waiting(at, removal::unwritten);
}

std::int64_t segment_store::poll(std::int64_t now_ns) {
    now_ns_ = now_ns;
    if (now_ns >= retry_ns_) {
        expire();
        // What is there may be too much for limits that were lowered.
        static_cast<void>(make_room(0, highest_priority));
        bool more = true;
        bool good = true;
        while (good && more) {
            const std::size_t before = waiting_.size();
            good = flush();
            more = !waiting_.empty() && waiting_.size() < before;
        }
        backoff_ns_ = good               ? 0
                      : backoff_ns_ == 0 ? first_backoff_ns
                                         : std::min(2 * backoff_ns_, most_backoff_ns);
        retry_ns_ = now_ns + backoff_ns_;
    }
    keep_up(now_ns);
    measure(now_ns);
    return backoff_ns_ > 0 ? retry_ns_ : now_ns + second_ns;
}

bool segment_store::flush() {
    if (!announce()) {
        return false;
    }
    if (waiting_.empty()) {
        return true;
    }
    std::vector<written_file> group;
    const bool written = write_group(group);
    const std::size_t renamed = rename_group(group);
    for (std::size_t i = 0; i < renamed; ++i) {
        renamed_.push_back({group[i].segment, std::move(waiting_.front().summary)});
        waiting_.pop_front();
    }
    abandon(std::span(group).subspan(renamed));
    writing_octets_ = 0;
    return announce() && written && renamed == group.size();
}

/// As many as there is room for, in order; those for which none can be made are dropped. False
/// where one could not be written.
bool segment_store::write_group(std::vector<written_file>& group) {
    while (group.size() < std::min(waiting_.size(), most_group_segments)) {
        const sealed_segment& next = waiting_[group.size()];
        const std::uint64_t octets = next.octets.size();
        if (!group.empty() && lacking(octets) > 0) {
            break; // once those of the group are durable, they can make room, too
        }
        if (!make_room(octets, next.summary.priority)) {
            drop_waiting(group.size(), removal::refused);
            continue;
        }
        written_file made;
        made.segment = {next_++,   octets,     next.summary.priority, next.summary.frames,
                        clock_s(), next.digest};
        made.part = path(file_name({file_kind::part, made.segment.sequence}));
        if (!write_one(made, next.octets)) {
            return false;
        }
        writing_octets_ += octets;
        group.push_back(std::move(made));
    }
    return true;
}

bool segment_store::write_one(written_file& made, base::octets content) {
    const auto created = files_.create(made.part);
    if (!good(created)) {
        return false;
    }
    made.file = open_file(files_, *created);
    if (good(files_.write(made.file.number(), content))) {
        files_.start_sync(made.file.number());
        return true;
    }
    abandon({&made, 1});
    return false;
}

/// How many, from the first on, have their last names.
std::size_t segment_store::rename_group(std::vector<written_file>& group) {
    std::size_t synced = 0;
    while (synced < group.size() && good(files_.sync(group[synced].file.number()))) {
        group[synced++].file.close();
    }
    std::size_t renamed = 0;
    while (renamed < synced) {
        const stored_segment& one = group[renamed].segment;
        const std::string last = path(file_name({file_kind::segment, one.sequence, one.digest}));
        if (!good(files_.rename(group[renamed].part, last))) {
            break;
        }
        ++renamed;
    }
    return renamed;
}

void segment_store::abandon(std::span<written_file> files) {
    for (written_file& one : files) {
        one.file.close();
        const segment_file file{file_kind::part, one.segment.sequence};
        remove_file(file_name(file), one.segment.octets);
    }
}

/// Those that were renamed are durable once the folder is synced.
bool segment_store::announce() {
    if (renamed_.empty()) {
        return true;
    }
    if (!good(files_.sync_folder(folder_))) {
        return false;
    }
    std::string lines;
    for (renamed_file& one : renamed_) {
        lines += stored_line(one.segment);
        note(one.segment, std::nullopt);
        index_.add(one.segment);
        numbers_.durable_segments.add();
        numbers_.durable_frames.add(one.segment.frames);
        numbers_.durable_octets.add(one.segment.octets);
        events_.push_back({one.segment, std::nullopt, std::move(one.summary)});
    }
    manifest_lines_ += renamed_.size();
    renamed_.clear();
    // Where this is lost, the next start finds the files themselves.
    if (manifest_behind_ || !append_manifest(lines, false)) {
        manifest_behind_ = true;
    }
    return true;
}

std::vector<spool_event> segment_store::take_events() {
    return std::exchange(events_, {});
}

void segment_store::recorded() {
    if (!events_.empty() || unrecorded_.empty()) {
        return;
    }
    unrecorded_.clear();
    ++manifest_lines_;
    if (manifest_behind_ || !append_manifest(clock_line(next_, clock_s()), false)) {
        manifest_behind_ = true;
    }
}

std::expected<std::vector<std::uint8_t>, std::optional<removal>>
segment_store::content(std::uint64_t sequence) {
    const stored_segment* found = index_.find(sequence);
    if (found == nullptr) {
        return std::unexpected(removal::missing);
    }
    const stored_segment segment = *found;
    const std::string name = file_name({file_kind::segment, sequence, segment.digest});
    auto read = files_.read(path(name), most_segment_octets);
    if (read && crypto::sha256({*read}) == segment.digest) {
        return *std::move(read);
    }
    if (!read && read.error() == file_error::not_found) {
        missing_.emplace(sequence, segment);
        note(segment, removal::missing);
        index_.erase(sequence);
        manifest_behind_ = true;
        count_removed({segment, removal::missing});
        return std::unexpected(removal::missing);
    }
    if (!read && read.error() != file_error::too_long) {
        static_cast<void>(report(read.error()));
        return std::unexpected(std::nullopt);
    }
    set_aside(segment);
    return std::unexpected(removal::damaged);
}

void segment_store::acknowledge(std::span<const std::uint64_t> sequences) {
    std::vector<stored_segment> found;
    for (const std::uint64_t one : sequences) {
        if (const stored_segment* segment = index_.find(one)) {
            found.push_back(*segment);
        }
    }
    remove(found, removal::acknowledged);
}

} // namespace landfall::delivery
