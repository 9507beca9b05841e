// SPDX-License-Identifier: MIT
// Appends to a log and signs its checkpoints. After a crash at any moment it goes on from a
// checkpoint that holds everything an earlier one held; it never signs another.
#pragma once

#include "crypto/ed25519.h"
#include "delivery/files/files.h"
#include "delivery/ledger/entry.h"
#include "delivery/ledger/note.h"
#include "delivery/ledger/tile.h"

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace landfall::delivery::ledger {

struct log_config {
    std::string folder;   ///< made where its parent is there
    std::string key_name; ///< `is_key_name`: who signs; a new log's origin begins with it
    std::size_t most_pending = 4096; ///< entries that wait for a commit
};

enum class log_error : std::uint8_t {
    storage,        ///< the system refused a file operation: try again
    no_checkpoint,  ///< there are tiles, but no checkpoint: it was lost
    bad_checkpoint, ///< it is not this key's, or not whole
    inconsistent,   ///< the files are not those that the checkpoint signs
    not_alone,      ///< someone else wrote a checkpoint meanwhile
    entry,          ///< it has an impossible name or instant
    full,           ///< `most_pending` entries wait
};
[[nodiscard]] const char* name(log_error error) noexcept;

struct log_failure {
    log_error error = log_error::storage;
    std::string path;                   ///< from the folder; may be empty
    std::optional<file_error> reason{}; ///< of `storage`
};

/// What opening found.
struct log_recovery {
    bool created = false;        ///< there was none
    bool rolled_forward = false; ///< the newest checkpoint was signed, and its file is now in place
    std::uint64_t torn_files = 0;   ///< of a commit that was cut short, now in the folder "torn"
    std::uint64_t torn_entries = 0; ///< in them: never told to be durable
};

/// One thread's. Everything is bounded by `most_pending` and a partial tile of each level.
class log_writer {
  public:
    /// `now` names a new log: another one at the same place is never taken for its continuation.
    [[nodiscard]] static std::expected<log_writer, log_failure>
    open(const log_config& config, file_system& disk, const crypto::signing_key& key, unix_ns now);

    /// Its index in the log. Not durable before `commit`.
    [[nodiscard]] std::expected<std::uint64_t, log_error> append(const entry& what);

    /// Everything appended becomes durable and signed. After a failure nothing is lost: the same
    /// entries wait for the next commit. `now` goes into the minisign file's comment.
    [[nodiscard]] std::expected<void, log_failure> commit(unix_ns now);

    [[nodiscard]] const log_recovery& recovered() const noexcept { return recovered_; }
    [[nodiscard]] const std::string& origin() const noexcept { return committed_.origin; }
    [[nodiscard]] const tree_head& committed() const noexcept { return committed_.tree; }
    [[nodiscard]] std::uint64_t pending() const noexcept { return size_ - committed_.tree.size; }
    /// The newest checkpoint that is durable, and its minisign file: to be published.
    [[nodiscard]] const std::string& note() const noexcept { return note_; }
    [[nodiscard]] const std::string& minisign() const noexcept { return minisign_; }

  private:
    using outcome = std::expected<void, log_failure>;

    log_writer(const log_config& config, file_system& disk, const crypto::signing_key& key)
        : config_(config), files_(&disk), key_(&key) {}

    outcome start(unix_ns now);
    outcome create(unix_ns now);
    outcome continue_from(const checkpoint& state, std::string note);
    outcome load_edge(std::uint64_t size);
    outcome set_aside(unix_ns now);
    std::expected<std::vector<std::string>, log_failure> files_beyond(const std::string& folder,
                                                                      unsigned level);
    [[nodiscard]] std::uint64_t entries_beyond(const std::vector<std::string>& paths,
                                               unsigned width);
    outcome set_aside_level(const std::string& folder, unsigned level, unix_ns now);
    outcome set_aside_file(const std::string& path, unix_ns now);
    outcome write_keys();
    outcome write_minisign(unix_ns now);

    void push(unsigned level, const digest& hash);
    outcome write_tiles();
    outcome publish(const std::string& note, unix_ns now);
    outcome settle();
    void remove_partial(const std::string& path);

    outcome put(const std::string& path, base::octets content);
    file_result<void> write_file(const std::string& path, base::octets content);
    outcome make_folders(const std::string& path);
    [[nodiscard]] std::string at(const std::string& path) const {
        return path.empty() ? config_.folder : config_.folder + "/" + path;
    }

    static constexpr std::size_t most_folders = 64;

    log_config config_;
    file_system* files_;
    const crypto::signing_key* key_;
    log_recovery recovered_;
    std::set<std::string> folders_; ///< whose names are durable; the newest of them

    checkpoint committed_; ///< durable
    std::string note_;
    std::string minisign_;
    std::pair<checkpoint, std::string> unsettled_; ///< in place, but perhaps not durable

    std::uint64_t size_ = 0;
    std::array<std::vector<digest>, most_levels> edge_; ///< of each level's partial tile
    std::vector<std::uint8_t> bundle_;                  ///< the partial one
    std::vector<std::pair<std::string, std::vector<std::uint8_t>>> complete_; ///< since the commit
};

} // namespace landfall::delivery::ledger
