// SPDX-License-Identifier: MIT
// Verifies a whole log folder against a public key: finds and names every damaged file, and goes on
// behind it.
#pragma once

#include "base/function_ref.h"
#include "delivery/files/files.h"
#include "delivery/ledger/entry.h"
#include "delivery/ledger/log_reader.h"
#include "delivery/ledger/note.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace landfall::delivery::ledger {

/// More are counted, not told.
inline constexpr std::size_t most_findings = 1000;

struct finding {
    damage what = damage::missing;
    std::string path;                   ///< from the folder
    std::optional<std::uint64_t> entry; ///< which one of the log, where it is a single one
    std::string detail;                 ///< more words, or empty
};

struct audit_report {
    std::optional<checkpoint> state; ///< signed; nothing where it is not, or not readable
    std::string note;
    std::uint64_t size = 0;                          ///< entries that were looked for
    std::uint64_t good_entries = 0;                  ///< whose octets the checkpoint signs
    std::array<std::uint64_t, event_count> events{}; ///< of these
    std::vector<finding> findings;
    std::uint64_t finding_count = 0;

    [[nodiscard]] bool good() const noexcept { return state && finding_count == 0; }
};

/// Every entry that can be read, in order; `text` may be damaged where not `verified`.
using entry_visitor =
    base::function_ref<void(std::uint64_t index, std::string_view text, bool verified)>;

/// Without a readable checkpoint the files are compared with each other alone.
[[nodiscard]] audit_report audit(file_system& disk, const std::string& folder, const note_key& key,
                                 entry_visitor visit);

/// Does the log begin with all of an older checkpoint, which this key signed?
enum class history : std::uint8_t {
    consistent,
    unsigned_checkpoint, ///< the older one is not the key's, or no checkpoint
    other_log,           ///< it has another origin
    longer,              ///< it has more entries than the log: the log was cut
    rewritten,           ///< the log began otherwise
    unknown,             ///< files are missing
};
[[nodiscard]] const char* name(history what) noexcept;
[[nodiscard]] history compare(file_system& disk, const std::string& folder, const checkpoint& newer,
                              std::string_view older_note, const note_key& key);

} // namespace landfall::delivery::ledger
