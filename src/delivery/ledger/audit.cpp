// SPDX-License-Identifier: MIT
#include "delivery/ledger/audit.h"

#include "delivery/ledger/lines.h"
#include "delivery/ledger/minisign.h"

#include <bit>

namespace landfall::delivery::ledger {
namespace {

class auditor {
  public:
    auditor(file_system& disk, const std::string& folder, entry_visitor visit, audit_report& report)
        : log_(disk, folder, report.size), visit_(visit), report_(report) {}

    /// From the root down: what a tile should hold is known before it is read.
    void run() {
        std::array<level_edge, most_levels> edges = read_edges();
        const bool known = report_.state && choose(edges, report_.state->tree.root);
        if (report_.state && !known && report_.size != 0) {
            tell(damage::altered, checkpoint_file, "no tiles at the log's end give its root");
        }
        for (unsigned level = most_levels; level-- > 0;) {
            const level_edge& edge = edges[level];
            if (edge.width != 0) {
                const std::uint64_t index = complete_tiles(report_.size, level);
                below(level, index, edge.hashes, known);
            }
        }
    }

  private:
    /// A partial tile: as its file has it, and as the files below it have it.
    struct level_edge {
        unsigned width = 0;
        std::vector<digest> hashes;
        std::vector<digest> below; ///< empty: not known, or the same
        std::optional<damage> wrong;
    };

    void tell(damage what, const std::string& path, std::string detail = {},
              std::optional<std::uint64_t> entry = {}) {
        ++report_.finding_count;
        if (report_.findings.size() < most_findings) {
            report_.findings.push_back({what, path, entry, std::move(detail)});
        }
    }

    [[nodiscard]] std::string tile_path(unsigned level, std::uint64_t index) const {
        return tile_folder(level) + tile_name(index, log_.width(level, index));
    }
    [[nodiscard]] std::string bundle_path(std::uint64_t index) const {
        return entries_folder + tile_name(index, log_.width(0, index));
    }

    /// The hashes that a tile should have, by the files below it.
    std::vector<digest> from_below(unsigned level, std::uint64_t index) {
        std::vector<digest> hashes;
        if (level == 0) {
            const auto found = log_.entries(index);
            for (const base::octets entry : found ? found->entries : std::vector<base::octets>()) {
                hashes.push_back(leaf_hash(entry));
            }
            return hashes;
        }
        for (unsigned i = 0; i < log_.width(level, index); ++i) {
            const auto lower = log_.tile(level - 1, index * tile_width + i);
            if (!lower) {
                return {};
            }
            hashes.push_back(root_of(*lower));
        }
        return hashes;
    }

    std::array<level_edge, most_levels> read_edges() {
        std::array<level_edge, most_levels> edges;
        for (unsigned level = 0; level < most_levels; ++level) {
            level_edge& edge = edges[level];
            edge.width = partial_width(report_.size, level);
            if (edge.width == 0) {
                continue;
            }
            const std::uint64_t index = complete_tiles(report_.size, level);
            auto hashes = log_.tile(level, index);
            edge.below = from_below(level, index);
            if (hashes) {
                edge.hashes = std::move(*hashes);
            } else {
                edge.wrong = hashes.error();
                edge.hashes = std::exchange(edge.below, {});
            }
            if (edge.below == edge.hashes) {
                edge.below.clear();
            }
        }
        return edges;
    }

    /// Takes of each level one of the two that gives the root, and tells which files are wrong.
    bool choose(std::array<level_edge, most_levels>& edges, const digest& root) {
        for (unsigned swapped = 0; swapped < 1U << most_levels; ++swapped) {
            std::array<std::vector<digest>, most_levels> levels;
            bool possible = true;
            for (unsigned level = 0; level < most_levels; ++level) {
                const level_edge& edge = edges[level];
                const bool swap = (swapped >> level & 1U) != 0;
                levels[level] = swap ? edge.below : edge.hashes;
                possible = possible &&
                           levels[level].size() == (swap && edge.width == 0 ? 1 // nothing to swap
                                                                            : edge.width);
            }
            if (!possible || report_.size == 0 || root_of_edge(levels) != root) {
                continue;
            }
            for (unsigned level = 0; level < most_levels; ++level) {
                const bool swap = (swapped >> level & 1U) != 0;
                edges[level].hashes = levels[level];
                tell_edge(level, swap ? damage::altered : edges[level].wrong);
            }
            return true;
        }
        for (unsigned level = 0; level < most_levels; ++level) {
            tell_edge(level, edges[level].wrong);
        }
        return false;
    }

    void tell_edge(unsigned level, std::optional<damage> what) {
        if (what) {
            tell(*what, tile_path(level, complete_tiles(report_.size, level)));
        }
    }

    /// `hashes` are those of tile `index` of a level; `known`: they are what the root says.
    void below(unsigned level, std::uint64_t index, const std::vector<digest>& hashes, bool known) {
        if (level == 0) {
            bundle_below(index, hashes, known);
            return;
        }
        for (unsigned i = 0; i < log_.width(level, index); ++i) {
            const bool told = i < hashes.size();
            tile_below(level - 1, index * tile_width + i, told ? &hashes[i] : nullptr,
                       known && told);
        }
    }

    /// A complete tile; `expected`: its root by the tile above, true where `known`.
    void tile_below(unsigned level, std::uint64_t index, const digest* expected, bool known) {
        auto hashes = log_.tile(level, index);
        if (hashes && (expected == nullptr || root_of(*hashes) == *expected)) {
            below(level, index, *hashes, known);
            return;
        }
        tell(hashes ? damage::altered : hashes.error(), tile_path(level, index));
        const std::vector<digest> other = from_below(level, index);
        if (expected != nullptr && !other.empty() && root_of(other) == *expected) {
            below(level, index, other, known);
            return;
        }
        below(level, index, hashes.value_or(std::vector<digest>()), false);
    }

    void bundle_below(std::uint64_t index, const std::vector<digest>& hashes, bool known) {
        const unsigned width = log_.width(0, index);
        const auto found = log_.entries(index);
        std::vector<std::uint8_t> raw;
        std::vector<base::octets> entries;
        if (found) {
            entries = found->entries;
        } else {
            tell(found.error(), bundle_path(index));
            raw = log_.raw_entries(index);
            entries = entries_in_front(raw);
            entries.resize(std::min<std::size_t>(entries.size(), width));
        }
        for (unsigned i = 0; i < entries.size(); ++i) {
            one_entry(index * tile_width + i, entries[i], i < hashes.size() ? &hashes[i] : nullptr,
                      known);
        }
    }

    void one_entry(std::uint64_t index, base::octets octets, const digest* expected, bool known) {
        const std::string_view text = text_of(octets);
        const std::string path = bundle_path(index / tile_width);
        const bool same = expected != nullptr && leaf_hash(octets) == *expected;
        if (expected != nullptr && !same) {
            tell(damage::altered, path, "the entry does not have its hash", index);
        } else if (const auto parsed = parse_entry(text); !parsed) {
            tell(damage::entry, path, name(parsed.error()), index);
        } else if (same && known) {
            ++report_.good_entries;
            ++report_.events[static_cast<std::size_t>(parsed->what)];
        }
        visit_(index, text, same && known);
    }

    log_reader log_;
    entry_visitor visit_;
    audit_report& report_;
};

/// Entries that the files have, for want of a checkpoint.
std::uint64_t size_by_files(file_system& disk, const std::string& folder) {
    const std::string in = folder + "/" + entries_folder;
    std::uint64_t index = 0;
    while (disk.read(in + tile_name(index, tile_width), most_bundle_octets)) {
        ++index;
    }
    std::uint64_t most = 0;
    const auto names = disk.list(in + tile_name(index, tile_width) + ".p");
    for (const auto& [name, octets, is_folder] : names ? *names : std::vector<folder_entry>()) {
        const auto width = parse_decimal(name);
        most = std::max(most, width && *width < tile_width ? *width : 0);
    }
    return index * tile_width + most;
}

void read_checkpoint(file_system& disk, const std::string& folder, const note_key& key,
                     audit_report& report) {
    const auto tell = [&](damage what, const char* path, const char* detail) {
        ++report.finding_count;
        report.findings.push_back({what, path, std::nullopt, detail});
    };
    const auto content = disk.read(folder + "/" + checkpoint_file, most_note_octets);
    if (!content) {
        tell(damage::missing, checkpoint_file, "");
        report.size = size_by_files(disk, folder);
        return;
    }
    report.note = text_of(*content);
    const auto state = open_checkpoint(report.note, key);
    if (state) {
        report.state = *state;
        report.size = state->tree.size;
    } else {
        tell(damage::signature, checkpoint_file, name(state.error()));
        report.size = size_by_files(disk, folder);
    }
    const auto minisign = disk.read(folder + "/" + minisign_file, most_note_octets);
    if (!minisign) {
        tell(damage::missing, minisign_file, "");
        return;
    }
    if (const auto good = check_minisign(text_of(*minisign), *content, key.octets); !good) {
        tell(damage::signature, minisign_file, name(good.error()));
    }
}

} // namespace

audit_report audit(file_system& disk, const std::string& folder, const note_key& key,
                   entry_visitor visit) {
    audit_report report;
    read_checkpoint(disk, folder, key, report);
    auditor(disk, folder, visit, report).run();
    return report;
}

const char* name(history what) noexcept {
    switch (what) {
    case history::consistent:
        return "consistent";
    case history::unsigned_checkpoint:
        return "unsigned_checkpoint";
    case history::other_log:
        return "other_log";
    case history::longer:
        return "longer";
    case history::rewritten:
        return "rewritten";
    case history::unknown:
        return "unknown";
    }
    return nullptr;
}

history compare(file_system& disk, const std::string& folder, const checkpoint& newer,
                std::string_view older_note, const note_key& key) {
    const auto older = open_checkpoint(older_note, key);
    if (!older) {
        return history::unsigned_checkpoint;
    }
    if (older->origin != newer.origin) {
        return history::other_log;
    }
    if (older->tree.size > newer.tree.size) {
        return history::longer;
    }
    log_reader log(disk, folder, newer.tree.size);
    const auto path = consistency_path(
        older->tree.size, newer.tree.size,
        [&](unsigned level, std::uint64_t index) { return log.node(level, index); });
    if (!path) {
        return history::unknown;
    }
    return extends(newer.tree, older->tree, *path) ? history::consistent : history::rewritten;
}

} // namespace landfall::delivery::ledger
