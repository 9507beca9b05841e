// SPDX-License-Identifier: MIT
// The files of a log, as C2SP tlog-tiles lays them out: tiles of hashes and bundles of entries, 256
// in each; the last one of a level is partial.
#pragma once

#include "base/bytes.h"
#include "delivery/ledger/merkle.h"

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

namespace landfall::delivery::ledger {

inline constexpr unsigned tile_height = 8;
inline constexpr unsigned tile_width = 1U << tile_height;
/// Levels of tiles of a tree of 2^64 leaves.
inline constexpr unsigned most_levels = 8;
inline constexpr std::size_t most_entry_octets = 65'535;

/// "tile/LEVEL/", "tile/entries/"
[[nodiscard]] std::string tile_folder(unsigned level);
inline constexpr const char* entries_folder = "tile/entries/";

/// Of tile or bundle `index`, from its folder: "x001/x234/067", and of a partial one of `width` 1
/// to 255 "x001/x234/067.p/112".
[[nodiscard]] std::string tile_name(std::uint64_t index, unsigned width);

/// How many hashes the partial tile of a level has in a tree of `size` leaves; 0: there is none.
[[nodiscard]] constexpr unsigned partial_width(std::uint64_t size, unsigned level) noexcept {
    return static_cast<unsigned>(size >> (tile_height * level)) % tile_width;
}
/// How many complete tiles a level has; the partial one has this index.
[[nodiscard]] constexpr std::uint64_t complete_tiles(std::uint64_t size, unsigned level) noexcept {
    return level + 1 >= most_levels ? 0 : size >> (tile_height * (level + 1));
}

enum class tile_error : std::uint8_t {
    length, ///< not `width` hashes, or entries that end early
    excess, ///< more than there should be
};
[[nodiscard]] const char* name(tile_error error) noexcept;

/// The first `width` hashes of a tile that has as many or is complete.
[[nodiscard]] std::expected<std::vector<digest>, tile_error> parse_tile(base::octets data,
                                                                        unsigned width);
/// The first `width` entries of a bundle that has as many or is complete: views of `data`, each
/// after its length in two octets.
[[nodiscard]] std::expected<std::vector<base::octets>, tile_error> parse_bundle(base::octets data,
                                                                                unsigned width);
/// The root of a tree, from the hashes of each level's partial tile.
[[nodiscard]] digest root_of_edge(std::span<const std::vector<digest>> levels) noexcept;

/// As many entries as there are in front, up to 256, of a bundle that may be damaged.
[[nodiscard]] std::vector<base::octets> entries_in_front(base::octets data);

} // namespace landfall::delivery::ledger
