// SPDX-License-Identifier: MIT
// The store's manifest on disk.
#include "delivery/spool/store.h"

#include <algorithm>

namespace landfall::delivery {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t clock_line_period_ns = 60 * second_ns;
constexpr std::uint64_t least_lines_to_rewrite = 4096;
constexpr std::size_t begin_octets = crypto::most_age_header_octets;

base::octets octets_of(const std::string& text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace

std::string segment_store::path(std::string_view name) const {
    return std::string(folder_).append("/").append(name);
}

std::uint64_t segment_store::clock_s() const noexcept {
    return base_clock_s_ +
           static_cast<std::uint64_t>(std::max<std::int64_t>(now_ns_ - opened_ns_, 0) / second_ns);
}

std::optional<segment_summary> segment_store::summary_of(const stored_segment& segment) {
    const std::string name = file_name({file_kind::segment, segment.sequence, segment.digest});
    const auto begin = files_.read_begin(path(name), begin_octets);
    if (!begin) {
        return std::nullopt;
    }
    auto summary = read_summary(*begin);
    return summary ? std::optional(*std::move(summary)) : std::nullopt;
}

bool segment_store::append_manifest(const std::string& lines, bool sync) {
    if (!manifest_) {
        return false;
    }
    return good(files_.write(manifest_.number(), octets_of(lines))) &&
           (!sync || good(files_.sync(manifest_.number())));
}

/// An event's lines make sense without those before them.
void segment_store::note(const stored_segment& segment, std::optional<removal> removed) {
    if (unrecorded_.size() > most_unrecorded_octets) {
        unrecorded_.clear(); // nobody keeps a record
    }
    // Of what has gone, what it was: it is not to be said again that it came.
    unrecorded_ += stored_line(segment, removed ? '?' : '+');
    if (removed) {
        unrecorded_ += removed_line(segment.sequence, *removed);
    }
}

/// A new one beside the old one, then in its place.
bool segment_store::rewrite_manifest() {
    std::string text;
    while (missing_.size() > most_missing) {
        missing_.erase(missing_.begin());
    }
    for (const auto& [sequence, segment] : missing_) {
        text += stored_line(segment, '?');
    }
    for (const auto& [sequence, segment] : index_.all()) {
        text += stored_line(segment);
    }
    text.append(clock_line(next_, clock_s())).append(unrecorded_);
    const std::string made = path(new_manifest_name);
    if (const auto gone = files_.remove(made); !gone && gone.error() != file_error::not_found) {
        return report(gone.error());
    }
    const auto created = files_.create(made);
    if (!good(created)) {
        return false;
    }
    open_file file(files_, *created);
    if (!good(files_.write(*created, octets_of(text))) || !good(files_.sync(*created))) {
        file.close();
        static_cast<void>(good(files_.remove(made)));
        return false;
    }
    // Removals before that: the new one does not say them.
    if (!good(files_.sync_folder(folder_)) || !good(files_.rename(made, path(manifest_name)))) {
        return false;
    }
    manifest_ = std::move(file); // at its end
    manifest_lines_ = static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
    manifest_behind_ = !good(files_.sync_folder(folder_));
    return !manifest_behind_;
}

void segment_store::keep_up(std::int64_t now_ns) {
    const bool overdue = manifest_behind_ || !doomed_.empty();
    if (overdue && now_ns < upkeep_ns_) {
        return;
    }
    upkeep_ns_ = now_ns + second_ns;
    retry_removals();
    const std::uint64_t needed = index_.all().size() + missing_.size() + unrecorded_.size() / 64;
    const bool long_one = manifest_lines_ > least_lines_to_rewrite && manifest_lines_ > 4 * needed;
    if (manifest_behind_ || long_one) {
        manifest_behind_ = !rewrite_manifest();
        return;
    }
    if (!index_.all().empty() && unrecorded_.empty() &&
        now_ns - clock_line_ns_ >= clock_line_period_ns) {
        clock_line_ns_ = now_ns;
        ++manifest_lines_;
        manifest_behind_ = !append_manifest(clock_line(next_, clock_s()), false);
    }
}

} // namespace landfall::delivery
