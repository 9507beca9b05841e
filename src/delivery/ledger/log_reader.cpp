// SPDX-License-Identifier: MIT
#include "delivery/ledger/log_reader.h"

#include <algorithm>

namespace landfall::delivery::ledger {
namespace {

damage damage_of(file_error error) noexcept {
    return error == file_error::not_found  ? damage::missing
           : error == file_error::too_long ? damage::length
                                           : damage::unreadable;
}

} // namespace

const char* name(damage what) noexcept {
    switch (what) {
    case damage::missing:
        return "missing";
    case damage::unreadable:
        return "unreadable";
    case damage::length:
        return "length";
    case damage::altered:
        return "altered";
    case damage::entry:
        return "entry";
    case damage::signature:
        return "signature";
    }
    return nullptr;
}

unsigned log_reader::width(unsigned level, std::uint64_t index) const noexcept {
    const std::uint64_t complete = complete_tiles(size_, level);
    if (index < complete) {
        return tile_width;
    }
    return index == complete ? partial_width(size_, level) : 0;
}

std::expected<std::vector<std::uint8_t>, damage>
log_reader::read(const std::string& in, std::uint64_t index, unsigned width, std::size_t most) {
    const std::string folder = folder_ + "/" + in;
    auto content = files_.read(folder + tile_name(index, width), most);
    if (!content && width != tile_width && damage_of(content.error()) == damage::missing) {
        content = files_.read(folder + tile_name(index, tile_width), most);
    }
    if (!content) {
        return std::unexpected(damage_of(content.error()));
    }
    return std::move(*content);
}

std::expected<std::vector<digest>, damage> log_reader::tile(unsigned level, std::uint64_t index) {
    const unsigned hashes = width(level, index);
    if (hashes == 0) {
        return std::unexpected(damage::missing);
    }
    const auto content =
        read(tile_folder(level), index, hashes, tile_width * std::tuple_size_v<digest>);
    if (!content) {
        return std::unexpected(content.error());
    }
    auto parsed = parse_tile(*content, hashes);
    if (!parsed) {
        return std::unexpected(damage::length);
    }
    return std::move(*parsed);
}

std::expected<bundle, damage> log_reader::entries(std::uint64_t index) {
    const unsigned count = width(0, index);
    if (count == 0) {
        return std::unexpected(damage::missing);
    }
    auto content = read(entries_folder, index, count, most_bundle_octets);
    if (!content) {
        return std::unexpected(content.error());
    }
    bundle found{std::move(*content), {}};
    auto parsed = parse_bundle(found.content, count);
    if (!parsed) {
        return std::unexpected(damage::length);
    }
    found.entries = std::move(*parsed);
    return found;
}

std::vector<std::uint8_t> log_reader::raw_entries(std::uint64_t index) {
    const unsigned count = width(0, index);
    return count == 0
               ? std::vector<std::uint8_t>()
               : read(entries_folder, index, count, most_bundle_octets).value_or(bundle{}.content);
}

std::optional<digest> log_reader::node(unsigned level, std::uint64_t index) {
    const unsigned tile_level = level / tile_height;
    const unsigned within = level % tile_height;
    const std::uint64_t first = index << within; // among the hashes of the tile's level
    if (tile_level >= most_levels) {
        return std::nullopt;
    }
    kept& cache = kept_[tile_level];
    if (cache.hashes.empty() || cache.index != first / tile_width) {
        cache = {first / tile_width, tile(tile_level, first / tile_width).value_or(proof_path{})};
    }
    const std::size_t at = first % tile_width;
    const std::size_t count = std::size_t{1} << within;
    if (at + count > cache.hashes.size()) {
        return std::nullopt;
    }
    return root_of(std::span(cache.hashes).subspan(at, count));
}

std::expected<inclusion_proof, damage> prove_inclusion(log_reader& log, std::uint64_t index,
                                                       const std::string& note) {
    const auto found = log.entries(index / tile_width);
    if (!found) {
        return std::unexpected(found.error());
    }
    const base::octets entry = found->entries[index % tile_width];
    auto path = inclusion_path(
        index, log.size(), [&](unsigned level, std::uint64_t at) { return log.node(level, at); });
    if (!path) {
        return std::unexpected(damage::missing);
    }
    return inclusion_proof{index, {entry.begin(), entry.end()}, std::move(*path), note};
}

std::expected<consistency_proof, damage> prove_consistency(log_reader& log, std::uint64_t old_size,
                                                           const std::string& note) {
    auto path = consistency_path(old_size, log.size(), [&](unsigned level, std::uint64_t at) {
        return log.node(level, at);
    });
    if (!path) {
        return std::unexpected(damage::missing);
    }
    return consistency_proof{old_size, std::move(*path), note};
}

} // namespace landfall::delivery::ledger
