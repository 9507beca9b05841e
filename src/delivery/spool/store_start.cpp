// SPDX-License-Identifier: MIT
// What a store finds when it starts, after an orderly end or a crash.
#include "delivery/spool/store.h"

#include <algorithm>
#include <limits>

namespace landfall::delivery {
namespace {

base::failure refuse(const std::string& folder, file_error error) {
    if (error == file_error::busy) {
        return {"spool '" + folder + "': another process uses it", base::exit_code::try_again};
    }
    return {"spool '" + folder + "': " + name(error), error == file_error::not_allowed
                                                          ? base::exit_code::no_permission
                                                          : base::exit_code::failed};
}

} // namespace

base::result<std::unique_ptr<segment_store>> segment_store::open(file_system& files,
                                                                 std::string folder,
                                                                 const store_limits& limits,
                                                                 std::int64_t now_ns) {
    std::unique_ptr<segment_store> store(new segment_store(files, std::move(folder), limits));
    if (const auto started = store->start(now_ns); !started) {
        return std::unexpected(started.error());
    }
    return store;
}

base::result<void> segment_store::start(std::int64_t now_ns) {
    opened_ns_ = now_ns_ = measured_ns_ = clock_line_ns_ = now_ns;
    if (const auto made = files_.make_folder(folder_); !made) {
        return std::unexpected(refuse(folder_, made.error()));
    }
    const auto locked = files_.lock(path(lock_name));
    if (locked) {
        lock_ = open_file(files_, *locked);
    } else if (locked.error() != file_error::no_space) { // a full disk must not stop the start
        return std::unexpected(refuse(folder_, locked.error()));
    }
    auto entries = files_.list(folder_);
    if (!entries) {
        return std::unexpected(refuse(folder_, entries.error()));
    }
    std::ranges::sort(*entries, {}, &folder_entry::name);
    manifest expected = parse_manifest(read_manifest());
    numbers_.bad_manifest.add(expected.bad_lines.size());
    next_ = expected.next;
    base_clock_s_ = expected.clock_s;
    for (const folder_entry& entry : *entries) {
        if (const auto file = parse_file_name(entry.name); file && !entry.is_folder) {
            next_ = std::max(next_, file->sequence + 1);
            find_file(*file, entry, expected);
        }
    }
    repeat_events(expected);
    find_missing(expected);
    missing_ = std::move(expected.missing);
    manifest_behind_ = true;
    static_cast<void>(announce()); // or `poll` does
    manifest_behind_ = !rewrite_manifest();
    numbers_.seconds_to_full.set(std::numeric_limits<double>::infinity());
    measured_octets_ = used_octets();
    measure(now_ns);
    return {};
}

std::string segment_store::read_manifest() {
    const auto content = files_.read(path(manifest_name), most_manifest_octets);
    if (!content) {
        static_cast<void>(content.error() == file_error::not_found || report(content.error()));
        return {};
    }
    return {content->begin(), content->end()};
}

void segment_store::find_file(const segment_file& file, const folder_entry& entry,
                              manifest& expected) {
    switch (file.kind) {
    case file_kind::segment:
        find_segment(file, entry, expected);
        break;
    case file_kind::part: {
        if (entry.octets == 0) { // nothing was written yet
            remove_file(entry.name, 0);
            break;
        }
        numbers_.torn.add();
        const std::string torn = file_name({file_kind::torn, file.sequence});
        const bool renamed = good(files_.rename(path(entry.name), path(torn)));
        add_aside(renamed ? torn : entry.name, entry.octets);
        break;
    }
    case file_kind::torn:
    case file_kind::bad:
        add_aside(entry.name, entry.octets);
        break;
    }
}

void segment_store::find_segment(const segment_file& file, const folder_entry& entry,
                                 manifest& expected) {
    if (expected.removed.contains(file.sequence)) {
        remove_file(entry.name, entry.octets); // what was begun before
        return;
    }
    const auto known = expected.there.find(file.sequence);
    if (known == expected.there.end() || known->second.digest != *file.digest) {
        // Durable, but a crash came before it was written down.
        stored_segment segment;
        segment.sequence = file.sequence;
        segment.octets = entry.octets;
        segment.stored_s = base_clock_s_;
        segment.digest = *file.digest;
        adopt(segment, entry.name);
        return;
    }
    const stored_segment segment = known->second;
    expected.there.erase(known);
    index_.add(segment);
    if (segment.octets != entry.octets) {
        set_aside(segment);
    }
}

void segment_store::adopt(const stored_segment& segment, const std::string& name) {
    stored_segment found = segment;
    const auto content = files_.read(path(name), most_segment_octets);
    if (!content && content.error() != file_error::too_long) {
        static_cast<void>(report(content.error())); // it will be found at the next start
        return;
    }
    auto summary = content ? read_summary(*content) : std::unexpected(summary_error::not_age);
    if (summary) {
        found.priority = summary->priority;
        found.frames = summary->frames;
    }
    if (!summary || crypto::sha256({*content}) != found.digest) {
        index_.add(found);
        set_aside(found);
        return;
    }
    renamed_.push_back({found, *std::move(summary)});
}

/// What came and went before the end, and may be on nobody's record. Before what the start found.
void segment_store::repeat_events(const manifest& expected) {
    std::vector<spool_event> repeated;
    std::string lines;
    for (const manifest_event& one : expected.recent) {
        const bool came = !one.removed;
        repeated.push_back(
            {one.segment, one.removed, came ? summary_of(one.segment) : std::nullopt});
        lines += stored_line(one.segment, came ? '+' : '?');
        lines += came ? std::string() : removed_line(one.segment.sequence, *one.removed);
    }
    events_.insert(events_.begin(), std::make_move_iterator(repeated.begin()),
                   std::make_move_iterator(repeated.end()));
    unrecorded_.insert(0, lines);
}

void segment_store::find_missing(manifest& expected) {
    const auto is_there = [this](std::uint64_t sequence) {
        return index_.find(sequence) != nullptr ||
               std::ranges::any_of(renamed_, [sequence](const renamed_file& one) {
                   return one.segment.sequence == sequence;
               });
    };
    for (const auto& [sequence, segment] : expected.there) {
        if (!is_there(sequence)) {
            expected.missing.emplace(sequence, segment);
            note(segment, removal::missing);
            count_removed({segment, removal::missing});
        }
    }
}

} // namespace landfall::delivery
