// SPDX-License-Identifier: MIT
// A log as it is found: new, whole, or left by a crash.
#include "delivery/ledger/lines.h"
#include "delivery/ledger/log_files.h"
#include "delivery/ledger/log_reader.h"
#include "delivery/ledger/log_writer.h"
#include "delivery/ledger/minisign.h"

#include <cassert>
#include <map>

namespace landfall::delivery::ledger {

outcome log_writer::load_edge(std::uint64_t size) {
    log_reader log(*files_, config_.folder, size);
    for (unsigned level = 0; level < most_levels; ++level) {
        const std::uint64_t index = complete_tiles(size, level);
        const unsigned width = partial_width(size, level);
        if (width == 0) {
            continue;
        }
        auto hashes = log.tile(level, index);
        if (!hashes && hashes.error() == damage::unreadable) {
            return failed(file_error::failed, tile_folder(level) + tile_name(index, width));
        }
        if (!hashes) {
            return refuse(log_error::inconsistent, tile_folder(level) + tile_name(index, width));
        }
        edge_[level] = std::move(*hashes);
        if (level != 0) {
            continue;
        }
        const auto found = log.entries(index);
        if (!found && found.error() == damage::unreadable) {
            return failed(file_error::failed, entries_folder + tile_name(index, width));
        }
        bool same = found.has_value();
        for (unsigned i = 0; same && i < width; ++i) {
            same = leaf_hash(found->entries[i]) == edge_[0][i];
            base::byte_writer writer(bundle_);
            writer.u16(static_cast<std::uint16_t>(found->entries[i].size()));
            writer.append(found->entries[i]);
        }
        if (!same) {
            return refuse(log_error::inconsistent, entries_folder + tile_name(index, width));
        }
    }
    size_ = size;
    return {};
}

outcome log_writer::continue_from(const checkpoint& state, std::string note) {
    if (const outcome loaded = load_edge(state.tree.size); !loaded) {
        return loaded;
    }
    if (size_ != 0 && root_of_edge(edge_) != state.tree.root) {
        return refuse(log_error::inconsistent, checkpoint_file);
    }
    committed_ = state;
    note_ = std::move(note);
    return {};
}

outcome log_writer::create(unix_ns now) {
    const auto names = files_->list(config_.folder);
    if (!names) {
        return failed(names.error(), "");
    }
    for (const auto& [name, octets, is_folder] : *names) {
        if (name.starts_with('.')) {
            continue;
        }
        if (name != next_file && name != incoming_file && name != verifier_file &&
            name != minisign_key_file && name != pem_file) {
            return refuse(log_error::no_checkpoint, name);
        }
    }
    recovered_.created = true;
    committed_ = {config_.key_name + "/" + std::to_string(now / ns_per_second), {0, empty_root()}};
    return publish(sign_checkpoint(committed_, config_.key_name, *key_), now);
}

outcome log_writer::write_keys() {
    const crypto::ed25519_public& key = key_->public_key();
    const std::array<std::pair<const char*, std::string>, 3> all{
        std::pair{verifier_file, verifier_text({config_.key_name, key}) + "\n"},
        std::pair{minisign_key_file, minisign_key(key)}, std::pair{pem_file, pem_key(key)}};
    for (const auto& [file, text] : all) {
        const auto there = files_->read(at(file), most_note_octets);
        if (there && text_of(*there) == text) {
            continue;
        }
        if (const outcome written = put(file, octets_of(text)); !written) {
            return written;
        }
    }
    return {};
}

outcome log_writer::start(unix_ns now) {
    const std::string parent = folder_of(config_.folder);
    auto made = files_->make_folder(config_.folder);
    made = made ? files_->sync_folder(parent.empty() ? "." : parent) : made;
    if (!made) {
        return done(made, "");
    }
    const note_key key{config_.key_name, key_->public_key()};
    const auto content = files_->read(at(checkpoint_file), most_note_octets);
    const auto next_content = files_->read(at(next_file), most_note_octets);
    for (const auto* each : {&content, &next_content}) {
        if (!*each && each->error() != file_error::not_found &&
            each->error() != file_error::too_long) {
            return failed(each->error(), each == &content ? checkpoint_file : next_file);
        }
    }
    const auto next = next_content ? open_checkpoint(text_of(*next_content), key)
                                   : std::unexpected(note_error::form);
    if (!content && content.error() == file_error::not_found && !next) {
        if (const outcome keys = write_keys(); !keys) {
            return keys;
        }
        return create(now);
    }
    const auto state =
        content ? open_checkpoint(text_of(*content), key) : std::unexpected(note_error::form);
    if (!state && (content || content.error() != file_error::not_found)) {
        return refuse(log_error::bad_checkpoint, checkpoint_file);
    }
    if (state && next && state->origin != next->origin) {
        return refuse(log_error::inconsistent, next_file);
    }
    const bool forward = next && (!state || next->tree.size >= state->tree.size);
    if (state && forward) {
        log_reader log(*files_, config_.folder, next->tree.size);
        const auto older = tree_root(state->tree.size, [&](unsigned level, std::uint64_t index) {
            return log.node(level, index);
        });
        if (older != state->tree.root) {
            return refuse(log_error::inconsistent, next_file);
        }
    }
    outcome loaded = forward ? continue_from(*next, std::string(text_of(*next_content)))
                             : continue_from(*state, std::string(text_of(*content)));
    if (loaded && forward) {
        recovered_.rolled_forward = true;
        const auto moved = files_->rename(at(next_file), at(checkpoint_file));
        loaded = done(moved ? files_->sync_folder(config_.folder) : moved, checkpoint_file);
    }
    loaded = loaded ? set_aside(now) : loaded;
    loaded = loaded ? write_keys() : loaded;
    if (!loaded) {
        return loaded;
    }
    const auto minisign = files_->read(at(minisign_file), most_note_octets);
    if (minisign && check_minisign(text_of(*minisign), octets_of(note_), key.octets)) {
        minisign_ = text_of(*minisign);
        return {};
    }
    return write_minisign(now);
}

outcome log_writer::set_aside_file(const std::string& path, unix_ns now) {
    if (const outcome made = make_folders(torn_folder); !made) {
        return made;
    }
    std::string flat = std::to_string(now) + "-" + path;
    for (char& c : flat) {
        c = c == '/' ? '-' : c;
    }
    const auto moved = files_->rename(at(path), at(torn_folder) + "/" + flat);
    recovered_.torn_files += moved ? 1U : 0U;
    const bool gone = !moved && moved.error() == file_error::not_found;
    return gone ? outcome() : done(moved, path);
}

/// Files of a level beyond what the checkpoint holds, from the left.
std::expected<std::vector<std::string>, log_failure>
log_writer::files_beyond(const std::string& folder, unsigned level) {
    const std::uint64_t first = complete_tiles(size_, level);
    std::vector<std::string> paths;
    for (std::uint64_t index = first;; ++index) {
        const std::size_t before = paths.size();
        const unsigned width = index == first ? partial_width(size_, level) : 0;
        const std::string whole = folder + tile_name(index, tile_width);
        const auto names = files_->list(at(whole + ".p"));
        if (!names && names.error() != file_error::not_found) {
            return std::unexpected(failed(names.error(), whole + ".p").error());
        }
        for (const auto& [name, octets, is_folder] : names ? *names : std::vector<folder_entry>()) {
            const auto number = parse_decimal(name);
            if (!number || *number > width) {
                paths.push_back(whole + ".p/" + name);
            }
        }
        const auto content = files_->read(at(whole), most_bundle_octets);
        if (content) {
            paths.push_back(whole);
        } else if (content.error() != file_error::not_found) {
            return std::unexpected(failed(content.error(), whole).error());
        }
        if (paths.size() == before) {
            return paths;
        }
    }
}

/// Entries in bundles beyond the checkpoint, of which `width` of the first are in it.
std::uint64_t log_writer::entries_beyond(const std::vector<std::string>& paths, unsigned width) {
    std::map<std::string, std::uint64_t> most; // of a bundle, which there may be in several widths
    for (const std::string& path : paths) {
        const auto content = files_->read(at(path), most_bundle_octets);
        std::uint64_t& count = most[path.substr(0, path.find(".p/"))];
        count = std::max<std::uint64_t>(count, content ? entries_in_front(*content).size() : 0);
    }
    std::uint64_t sum = 0;
    const std::string first = entries_folder + tile_name(complete_tiles(size_, 0), tile_width);
    for (const auto& [path, count] : most) {
        sum += count - std::min<std::uint64_t>(count, path == first ? width : 0);
    }
    return sum;
}

outcome log_writer::set_aside_level(const std::string& folder, unsigned level, unix_ns now) {
    const bool entries = folder == entries_folder;
    const std::uint64_t first = complete_tiles(size_, level);
    const unsigned width = partial_width(size_, level);
    const auto found = files_beyond(folder, level);
    if (!found) {
        return std::unexpected(found.error());
    }
    const std::vector<std::string>& paths = *found;
    if (entries) {
        recovered_.torn_entries = entries_beyond(paths, width);
    }
    // From the right, so that a crash leaves no gap behind which nothing is looked for.
    for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
        const std::string own = width == 0 ? *path : folder + tile_name(first, width);
        if (*path == folder + tile_name(first, tile_width) &&
            !files_->read(at(own), most_bundle_octets)) {
            // The complete tile stood in for the checkpoint's partial one.
            const outcome kept = put(own, entries ? bundle_ : octets_of_tile(edge_[level]));
            if (!kept) {
                return kept;
            }
        }
        if (const outcome moved = set_aside_file(*path, now); !moved) {
            return moved;
        }
    }
    return {};
}

outcome log_writer::set_aside(unix_ns now) {
    for (const char* file : {incoming_file, next_file}) {
        if (files_->read(at(file), most_bundle_octets)) {
            if (const outcome moved = set_aside_file(file, now); !moved) {
                return moved;
            }
        }
    }
    outcome moved = set_aside_level(entries_folder, 0, now);
    for (unsigned level = 0; moved && level < most_levels; ++level) {
        moved = set_aside_level(tile_folder(level), level, now);
    }
    return moved;
}

std::expected<log_writer, log_failure> log_writer::open(const log_config& config, file_system& disk,
                                                        const crypto::signing_key& key,
                                                        unix_ns now) {
    assert(is_key_name(config.key_name) && config.most_pending > 0);
    log_writer made(config, disk, key);
    if (const outcome started = made.start(now); !started) {
        return std::unexpected(started.error());
    }
    return made;
}

} // namespace landfall::delivery::ledger
