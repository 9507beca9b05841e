// SPDX-License-Identifier: MIT
#include "delivery/ledger/log_writer.h"

#include "delivery/ledger/lines.h"
#include "delivery/ledger/log_files.h"
#include "delivery/ledger/log_reader.h"
#include "delivery/ledger/minisign.h"

#include <cassert>
#include <cerrno>

namespace landfall::delivery::ledger {
const char* name(log_error error) noexcept {
    switch (error) {
    case log_error::storage:
        return "storage";
    case log_error::no_checkpoint:
        return "no_checkpoint";
    case log_error::bad_checkpoint:
        return "bad_checkpoint";
    case log_error::inconsistent:
        return "inconsistent";
    case log_error::not_alone:
        return "not_alone";
    case log_error::entry:
        return "entry";
    case log_error::full:
        return "full";
    }
    return nullptr;
}

void log_writer::push(unsigned level, const digest& hash) {
    std::vector<digest>& edge = edge_[level];
    edge.push_back(hash);
    if (edge.size() < tile_width || level + 1 == most_levels) {
        return;
    }
    // The tile that the leaf with index `size_` completes.
    const std::string path = tile_name(size_ >> (tile_height * (level + 1)), tile_width);
    complete_.emplace_back(tile_folder(level) + path, octets_of_tile(edge));
    if (level == 0) {
        complete_.emplace_back(entries_folder + path, std::exchange(bundle_, {}));
    }
    const digest above = root_of(edge);
    edge.clear();
    push(level + 1, above);
}

std::expected<std::uint64_t, log_error> log_writer::append(const entry& what) {
    if (pending() >= config_.most_pending) {
        return std::unexpected(log_error::full);
    }
    const auto text = entry_text(what);
    if (!text) {
        return std::unexpected(log_error::entry);
    }
    assert(text->size() <= most_entry_octets);
    base::byte_writer writer(bundle_);
    writer.u16(static_cast<std::uint16_t>(text->size()));
    writer.append(octets_of(*text));
    push(0, leaf_hash(octets_of(*text)));
    return size_++;
}

/// With its own name durable, also where an earlier process made it and went.
outcome log_writer::make_folders(const std::string& path) {
    if (folders_.contains(path)) {
        return {};
    }
    const std::string parent = folder_of(path);
    if (!parent.empty()) {
        if (const outcome made = make_folders(parent); !made) {
            return made;
        }
    }
    auto made = files_->make_folder(at(path));
    made = made ? files_->sync_folder(at(parent)) : made;
    if (made) {
        if (folders_.size() >= most_folders) {
            folders_.clear();
        }
        folders_.insert(path);
    }
    return done(made, path);
}

/// A new one, its octets durable; its name is not.
file_result<void> log_writer::write_file(const std::string& path, base::octets content) {
    if (const auto gone = files_->remove(path); !gone && gone.error() != file_error::not_found) {
        return gone;
    }
    const auto created = files_->create(path);
    if (!created) {
        return std::unexpected(created.error());
    }
    const open_file file(*files_, *created);
    const auto written = files_->write(*created, content);
    return written ? files_->sync(*created) : written;
}

outcome log_writer::put(const std::string& path, base::octets content) {
    const std::string folder = folder_of(path);
    if (!folder.empty()) {
        if (const outcome made = make_folders(folder); !made) {
            return made;
        }
    }
    auto written = write_file(at(incoming_file), content);
    written = written ? files_->rename(at(incoming_file), at(path)) : written;
    written = written ? files_->sync_folder(at(folder)) : written;
    return done(written, path);
}

outcome log_writer::write_tiles() {
    for (const auto& [path, content] : complete_) {
        if (const outcome written = put(path, content); !written) {
            return written;
        }
    }
    const std::uint64_t before = committed_.tree.size;
    for (unsigned level = 0; level < most_levels; ++level) {
        const auto width = static_cast<unsigned>(edge_[level].size());
        const std::uint64_t index = complete_tiles(size_, level);
        const bool as_before =
            index == complete_tiles(before, level) && width == partial_width(before, level);
        if (width == 0 || as_before) {
            continue;
        }
        const std::string path = tile_name(index, width);
        outcome written = put(tile_folder(level) + path, octets_of_tile(edge_[level]));
        if (written && level == 0) {
            written = put(entries_folder + path, bundle_);
        }
        if (!written) {
            return written;
        }
    }
    return {};
}

outcome log_writer::write_minisign(unix_ns now) {
    minisign_ = minisign_signature(*key_, octets_of(note_),
                                   "ledger " + committed_.origin + " of " + instant_text(now));
    outcome written = put(minisign_file, octets_of(minisign_));
    if (!written) {
        minisign_.clear(); // to be made again
    }
    return written;
}

/// What `publish` put in place is durable from here on.
outcome log_writer::settle() {
    if (unsettled_.second.empty()) {
        return {};
    }
    if (const outcome synced = done(files_->sync_folder(config_.folder), checkpoint_file);
        !synced) {
        return synced;
    }
    committed_ = std::move(unsettled_.first);
    note_ = std::exchange(unsettled_.second, {});
    return {};
}

outcome log_writer::publish(const std::string& note, unix_ns now) {
    auto written = write_file(at(next_file), octets_of(note));
    written = written ? files_->sync_folder(config_.folder) : written;
    if (!written) {
        return done(written, next_file);
    }
    const checkpoint state{committed_.origin, {size_, root_of_edge(edge_)}};
    if (const outcome moved =
            done(files_->rename(at(next_file), at(checkpoint_file)), checkpoint_file);
        !moved) {
        return moved;
    }
    unsettled_ = {state, note};
    const outcome settled = settle();
    return settled ? write_minisign(now) : settled;
}

outcome log_writer::commit(unix_ns now) {
    if (const outcome settled = settle(); !settled) {
        return settled;
    }
    if (pending() == 0) {
        return minisign_.empty() ? write_minisign(now) : outcome();
    }
    const auto there = files_->read(at(checkpoint_file), most_note_octets);
    if (!there) {
        return failed(there.error(), checkpoint_file);
    }
    if (text_of(*there) != note_) {
        return refuse(log_error::not_alone, checkpoint_file);
    }
    if (const outcome written = write_tiles(); !written) {
        return written;
    }
    const tree_head tree{size_, root_of_edge(edge_)};
    const std::string note = sign_checkpoint({committed_.origin, tree}, config_.key_name, *key_);
    minisign_.clear();
    const outcome published = publish(note, now);
    if (committed_.tree == tree) { // even where the minisign file failed: the next commit makes it
        for (const auto& [path, content] : std::exchange(complete_, {})) {
            remove_partial(path + ".p");
        }
    }
    return published;
}

/// Partial tiles serve older checkpoints until the complete one is there. Best effort: what stays
/// is harmless.
void log_writer::remove_partial(const std::string& path) {
    const auto names = files_->list(at(path));
    if (!names) {
        return;
    }
    for (const auto& [name, octets, is_folder] : *names) {
        static_cast<void>(files_->remove(at(path) + "/" + name));
    }
    static_cast<void>(files_->remove(at(path)));
}

} // namespace landfall::delivery::ledger
