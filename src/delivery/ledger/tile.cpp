// SPDX-License-Identifier: MIT
#include "delivery/ledger/tile.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace landfall::delivery::ledger {

std::string tile_folder(unsigned level) {
    return "tile/" + std::to_string(level) + "/";
}

std::string tile_name(std::uint64_t index, unsigned width) {
    assert(width >= 1 && width <= tile_width);
    constexpr std::uint64_t element = 1000;
    std::uint64_t unit = 1; // of the first element
    while (index / unit >= element) {
        unit *= element;
    }
    std::string path;
    for (; unit > 0; unit /= element) {
        path += unit > 1 ? "x" : "";
        path += std::to_string(element + index / unit % element).substr(1);
        path += unit > 1 ? "/" : "";
    }
    return width == tile_width ? path : path + ".p/" + std::to_string(width);
}

const char* name(tile_error error) noexcept {
    switch (error) {
    case tile_error::length:
        return "length";
    case tile_error::excess:
        return "excess";
    }
    return nullptr;
}

std::expected<std::vector<digest>, tile_error> parse_tile(base::octets data, unsigned width) {
    constexpr std::size_t hash_octets = std::tuple_size_v<digest>;
    if (data.size() < width * hash_octets) {
        return std::unexpected(tile_error::length);
    }
    if (data.size() != width * hash_octets && data.size() != tile_width * hash_octets) {
        return std::unexpected(tile_error::excess);
    }
    std::vector<digest> hashes;
    for (unsigned i = 0; i < width; ++i) {
        digest hash{};
        std::memcpy(hash.data(), data.data() + i * hash_octets, hash_octets);
        hashes.push_back(hash);
    }
    return hashes;
}

digest root_of_edge(std::span<const std::vector<digest>> levels) noexcept {
    // What the lower levels add up to is one more, smaller subtree at the right of a level's.
    std::optional<digest> below;
    for (const std::vector<digest>& level : levels) {
        std::vector<digest> hashes(level);
        if (below) {
            hashes.push_back(*below);
        }
        if (!hashes.empty()) {
            below = root_of(hashes);
        }
    }
    return below.value_or(empty_root());
}

std::vector<base::octets> entries_in_front(base::octets data) {
    std::vector<base::octets> entries;
    base::byte_reader reader(data);
    while (entries.size() < tile_width && reader.remaining() > 0) {
        const base::octets entry = reader.take(reader.u16());
        if (reader.failed()) {
            break;
        }
        entries.push_back(entry);
    }
    return entries;
}

std::expected<std::vector<base::octets>, tile_error> parse_bundle(base::octets data,
                                                                  unsigned width) {
    auto entries = entries_in_front(data);
    if (entries.size() < width) {
        return std::unexpected(tile_error::length);
    }
    const base::octets last = entries.back();
    if (last.data() + last.size() != data.data() + data.size() ||
        (entries.size() != width && entries.size() != tile_width)) {
        return std::unexpected(tile_error::excess);
    }
    entries.resize(width);
    return entries;
}

} // namespace landfall::delivery::ledger
