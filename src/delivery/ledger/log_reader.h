// SPDX-License-Identifier: MIT
// Reads a log's folder: tiles, bundles, and what proofs are made of. Trusts nothing.
#pragma once

#include "delivery/files/files.h"
#include "delivery/ledger/proof.h"
#include "delivery/ledger/tile.h"

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace landfall::delivery::ledger {

inline constexpr const char* checkpoint_file = "checkpoint";
inline constexpr const char* minisign_file = "checkpoint.minisig";
/// Of a bundle: 256 entries and their lengths.
inline constexpr std::size_t most_bundle_octets = tile_width * (most_entry_octets + 2);

enum class damage : std::uint8_t {
    missing,    ///< the file is not there
    unreadable, ///< the system refuses it
    length,     ///< cut, or longer than it may be
    altered,    ///< not what the file above it, up to the checkpoint, has the hash of
    entry,      ///< an entry that is none
    signature,  ///< of a checkpoint, or of the minisign file beside it
};
[[nodiscard]] const char* name(damage what) noexcept;

struct bundle {
    std::vector<std::uint8_t> content;
    std::vector<base::octets> entries; ///< views of it
};

class log_reader {
  public:
    /// Of the log's first `size` entries.
    log_reader(file_system& disk, std::string folder, std::uint64_t size)
        : files_(disk), folder_(std::move(folder)), size_(size) {}

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    /// How many hashes tile `index` of a level has, or entries a bundle (`level` 0).
    [[nodiscard]] unsigned width(unsigned level, std::uint64_t index) const noexcept;

    /// The complete file stands in for a partial one that is gone.
    [[nodiscard]] std::expected<std::vector<digest>, damage> tile(unsigned level,
                                                                  std::uint64_t index);
    [[nodiscard]] std::expected<bundle, damage> entries(std::uint64_t index);
    /// What is there of a damaged bundle.
    [[nodiscard]] std::vector<std::uint8_t> raw_entries(std::uint64_t index);

    /// As `node_source` has it, from the tiles.
    [[nodiscard]] std::optional<digest> node(unsigned level, std::uint64_t index);

  private:
    struct kept {
        std::uint64_t index = 0;
        std::vector<digest> hashes; ///< empty: none
    };

    std::expected<std::vector<std::uint8_t>, damage>
    read(const std::string& in, std::uint64_t index, unsigned width, std::size_t most);

    file_system& files_;
    std::string folder_;
    std::uint64_t size_;
    std::array<kept, most_levels> kept_;
};

/// Of entry `index`, for a checkpoint over `log.size()` entries. What is missing is named.
[[nodiscard]] std::expected<inclusion_proof, damage>
prove_inclusion(log_reader& log, std::uint64_t index, const std::string& note);
[[nodiscard]] std::expected<consistency_proof, damage>
prove_consistency(log_reader& log, std::uint64_t old_size, const std::string& note);

} // namespace landfall::delivery::ledger
