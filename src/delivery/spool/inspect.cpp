// SPDX-License-Identifier: MIT
#include "delivery/spool/inspect.h"

#include "crypto/age.h"
#include "delivery/spool/store.h"

#include <algorithm>
#include <map>

namespace landfall::delivery {
namespace {

std::string join(const std::string& folder, std::string_view name) {
    return std::string(folder).append("/").append(name);
}

/// Nothing where there is none.
std::optional<manifest> read_manifest(file_system& files, const std::string& folder) {
    const auto content = files.read(join(folder, manifest_name), most_manifest_octets);
    if (!content) {
        return std::nullopt;
    }
    return parse_manifest({reinterpret_cast<const char*>(content->data()), content->size()});
}

class inspection {
  public:
    inspection(file_system& files, const std::string& folder, depth how,
               base::function_ref<void(const seen_file&)> each)
        : files_(files), folder_(folder), how_(how), each_(each) {}

    file_result<void> run() {
        // The manifest first: what is removed afterwards is told by a second look at it.
        const auto before = read_manifest(files_, folder_);
        auto entries = files_.list(folder_);
        if (!entries) {
            return std::unexpected(entries.error());
        }
        collect(*entries);
        const manifest known = before.value_or(manifest{});
        for (const auto& [sequence, segment] : known.there) {
            present_.try_emplace(sequence);
        }
        for (const auto& [sequence, segment] : known.missing) {
            present_.try_emplace(sequence);
        }
        for (const auto& [sequence, found] : present_) {
            const auto listed = known.there.find(sequence);
            if (!found.empty()) {
                for (const auto& [file, octets] : found) {
                    look(file, octets, listed == known.there.end() ? nullptr : &listed->second);
                }
            } else if (listed != known.there.end()) {
                tell_missing(listed->second);
            } else {
                tell(known.missing.at(sequence), finding::missing);
            }
        }
        for (const auto& [entry, file] : aside_) {
            seen_file seen;
            seen.file = entry.name;
            seen.segment.sequence = file.sequence;
            seen.segment.octets = entry.octets;
            seen.wrong = file.kind == file_kind::bad ? finding::set_aside : finding::torn;
            each_(seen);
        }
        tell_manifest(before);
        return {};
    }

  private:
    void collect(const std::vector<folder_entry>& entries) {
        for (const folder_entry& entry : entries) {
            const auto file = parse_file_name(entry.name);
            if (file && file->kind == file_kind::segment) {
                present_[file->sequence].emplace_back(*file, entry.octets);
            } else if (file && file->kind != file_kind::part) { // that may be being written
                aside_.emplace_back(entry, *file);
            }
        }
        std::ranges::sort(aside_, {}, [](const auto& one) { return one.first.name; });
    }

    void tell(const stored_segment& segment, finding wrong) {
        seen_file seen;
        seen.segment = segment;
        seen.file = file_name({file_kind::segment, segment.sequence, segment.digest});
        seen.wrong = wrong;
        each_(seen);
    }

    /// Not there, unless it was removed just now.
    void tell_missing(const stored_segment& segment) {
        const auto now = read_manifest(files_, folder_);
        if (!now || now->there.contains(segment.sequence)) {
            tell(segment, finding::missing);
        }
    }

    void look(const segment_file& file, std::uint64_t octets, const stored_segment* listed) {
        seen_file seen;
        seen.file = file_name(file);
        if (listed != nullptr) {
            seen.segment = *listed;
        }
        seen.segment.sequence = file.sequence;
        seen.segment.digest = *file.digest;
        seen.segment.octets = octets;
        const std::string path = join(folder_, seen.file);
        const auto content = how_ == depth::contents
                                 ? files_.read(path, most_segment_octets)
                                 : files_.read_begin(path, crypto::most_age_header_octets);
        if (!content && content.error() == file_error::not_found) {
            if (listed != nullptr) {
                tell_missing(*listed);
            }
            return;
        }
        if (!content) {
            seen.wrong =
                content.error() == file_error::too_long ? finding::length : finding::unreadable;
            each_(seen);
            return;
        }
        if (auto summary = read_summary(*content)) {
            seen.segment.frames = summary->frames;
            seen.segment.priority = summary->priority;
            seen.summary = *std::move(summary);
        }
        seen.wrong = judge(seen, *content, listed);
        if (!seen.wrong && how_ == depth::contents) {
            seen.content = &*content;
        }
        each_(seen);
    }

    [[nodiscard]] std::optional<finding> judge(const seen_file& seen,
                                               const std::vector<std::uint8_t>& content,
                                               const stored_segment* listed) const {
        if (listed != nullptr && listed->octets != seen.segment.octets) {
            return finding::length;
        }
        if (how_ == depth::contents && crypto::sha256({content}) != seen.segment.digest) {
            return finding::digest;
        }
        return seen.summary ? std::nullopt : std::optional(finding::header);
    }

    void tell_manifest(const std::optional<manifest>& before) {
        seen_file seen;
        seen.file = manifest_name;
        seen.wrong = finding::manifest;
        if (!before && !present_.empty()) {
            each_(seen);
        }
        for (const std::size_t line : before ? before->bad_lines : std::vector<std::size_t>{}) {
            seen.line = line;
            each_(seen);
        }
    }

    file_system& files_;
    const std::string& folder_;
    depth how_;
    base::function_ref<void(const seen_file&)> each_;
    std::map<std::uint64_t, std::vector<std::pair<segment_file, std::uint64_t>>> present_;
    std::vector<std::pair<folder_entry, segment_file>> aside_;
};

} // namespace

const char* name(finding what) noexcept {
    switch (what) {
    case finding::digest:
        return "digest";
    case finding::length:
        return "length";
    case finding::missing:
        return "missing";
    case finding::header:
        return "header";
    case finding::unreadable:
        return "unreadable";
    case finding::set_aside:
        return "set_aside";
    case finding::torn:
        return "torn";
    case finding::manifest:
        return "manifest";
    }
    return nullptr;
}

file_result<void> inspect(file_system& files, const std::string& folder, depth how,
                          base::function_ref<void(const seen_file&)> each) {
    return inspection(files, folder, how, each).run();
}

} // namespace landfall::delivery
