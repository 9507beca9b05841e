// SPDX-License-Identifier: MIT
#include "delivery/ledger/merkle.h"
#include "delivery/ledger/tile.h"
#include "tests/support/hex.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

using namespace landfall;
using namespace landfall::delivery::ledger;

namespace {

digest digest_of(const std::string& hex) {
    digest hash{};
    std::ranges::copy(test::from_hex(hex), hash.begin());
    return hash;
}

/// RFC 6962, 2.1, word for word: of leaves [begin, end).
digest plain_root(const std::vector<digest>& leaves, std::size_t begin, std::size_t end) {
    if (end == begin) {
        return empty_root();
    }
    if (end - begin == 1) {
        return leaves[begin];
    }
    std::size_t k = 1;
    while (2 * k < end - begin) {
        k *= 2;
    }
    return node_hash(plain_root(leaves, begin, begin + k), plain_root(leaves, begin + k, end));
}

auto nodes_of(const std::vector<digest>& leaves) {
    return [&leaves](unsigned level, std::uint64_t index) -> std::optional<digest> {
        const std::uint64_t begin = index << level;
        const std::uint64_t end = (index + 1) << level;
        return end <= leaves.size() ? std::optional(plain_root(leaves, begin, end)) : std::nullopt;
    };
}

std::vector<digest> some_leaves(std::size_t count) {
    std::vector<digest> leaves;
    for (std::size_t i = 0; i < count; ++i) {
        const auto text = std::to_string(i);
        leaves.push_back(
            leaf_hash({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
    }
    return leaves;
}

/// Every proof that differs from a good one in a bit, a hash more, or a hash less.
template <class Check>
void spoil(const proof_path& path, Check holds) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        proof_path other = path;
        other[i][i % 32] ^= static_cast<std::uint8_t>(1U << i % 8);
        CHECK_FALSE(holds(other));
        other = path;
        other.erase(other.begin() + static_cast<std::ptrdiff_t>(i));
        CHECK_FALSE(holds(other));
    }
    for (std::size_t i = 0; i <= path.size(); ++i) {
        proof_path other = path;
        other.insert(other.begin() + static_cast<std::ptrdiff_t>(i), empty_root());
        CHECK_FALSE(holds(other));
    }
}

} // namespace

TEST_CASE("ledger/merkle: the reference vectors of Certificate Transparency") {
    std::ifstream file(std::string(std::getenv("LANDFALL_SOURCE")) +
                       "/tests/vectors/ledger/rfc6962.txt");
    std::vector<digest> leaves;
    std::vector<digest> roots;
    unsigned proofs = 0;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string what;
        std::string hex;
        std::uint64_t one = 0;
        std::uint64_t other = 0;
        words >> what;
        if (what == "leaf") {
            words >> hex;
            leaves.push_back(leaf_hash(test::from_hex(hex)));
        } else if (what == "root") {
            words >> one >> hex;
            REQUIRE(one == roots.size());
            roots.push_back(digest_of(hex));
            CHECK(tree_root(one, nodes_of(leaves)) == roots.back());
        } else if (what == "inclusion" || what == "consistency") {
            words >> one >> other;
            proof_path path;
            while (words >> hex) {
                path.push_back(digest_of(hex));
            }
            ++proofs;
            if (what == "inclusion") {
                CHECK(inclusion_path(one, other, nodes_of(leaves)) == path);
                CHECK(includes({other, roots[other]}, one, leaves[one], path));
            } else {
                CHECK(consistency_path(one, other, nodes_of(leaves)) == path);
                CHECK(extends({other, roots[other]}, {one, roots[one]}, path));
            }
        }
    }
    CHECK(leaves.size() == 8);
    CHECK(roots.size() == 9);
    CHECK(proofs == 10);
}

TEST_CASE("ledger/merkle: every inclusion proof of small trees holds, and nothing near it does") {
    const auto leaves = some_leaves(40);
    for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
        const tree_head tree{size, plain_root(leaves, 0, size)};
        REQUIRE(tree_root(size, nodes_of(leaves)) == tree.root);
        for (std::uint64_t index = 0; index < size; ++index) {
            const auto path = inclusion_path(index, size, nodes_of(leaves));
            REQUIRE(path);
            REQUIRE(includes(tree, index, leaves[index], *path));
            for (std::uint64_t wrong = 0; wrong <= size; ++wrong) {
                CHECK(includes(tree, wrong, leaves[index], *path) == (wrong == index));
            }
            CHECK_FALSE(includes(tree, index, empty_root(), *path));
            if (size % 7 == 0) {
                spoil(*path, [&](const proof_path& other) {
                    return includes(tree, index, leaves[index], other);
                });
            }
        }
    }
}

TEST_CASE("ledger/merkle: every consistency proof of small trees holds, and nothing near it does") {
    const auto leaves = some_leaves(40);
    for (std::uint64_t size = 0; size <= leaves.size(); ++size) {
        const tree_head tree{size, plain_root(leaves, 0, size)};
        for (std::uint64_t old_size = 0; old_size <= size; ++old_size) {
            const tree_head older{old_size, plain_root(leaves, 0, old_size)};
            const auto path = consistency_path(old_size, size, nodes_of(leaves));
            REQUIRE(path);
            REQUIRE(extends(tree, older, *path));
            CHECK_FALSE(extends(tree, {old_size, leaf_hash({})}, *path));
            if (old_size != 0) {
                CHECK_FALSE(extends({size, leaf_hash({})}, older, *path));
            }
            if (old_size != size) {
                CHECK_FALSE(extends(older, tree, *path));
            }
            if (size % 9 == 0) {
                spoil(*path, [&](const proof_path& other) { return extends(tree, older, other); });
            }
        }
    }
}

TEST_CASE("ledger/merkle: a node that cannot be had leaves no proof, not a wrong one") {
    const auto leaves = some_leaves(23);
    std::mt19937 random(1);
    const auto all = nodes_of(leaves);
    for (int run = 0; run < 300; ++run) {
        bool missed = false;
        const auto some = [&](unsigned level, std::uint64_t index) {
            const bool miss = random() % 4 == 0;
            missed = missed || miss;
            return miss ? std::nullopt : all(level, index);
        };
        const auto path = inclusion_path(random() % 23, 23, some);
        CHECK(path.has_value() == !missed);
        missed = false;
        const auto other = consistency_path(random() % 24, 23, some);
        CHECK(other.has_value() == !missed);
    }
}

TEST_CASE("ledger/tile: the hashes at each level's end give the root") {
    std::mt19937 random(2);
    for (int run = 0; run < 33; ++run) {
        const std::size_t size = run < 30 ? 1 + random() % 600 : 65'000 + random() % 1'500;
        const auto leaves = some_leaves(size);
        std::vector<std::vector<digest>> edge(most_levels);
        std::vector<digest> level = leaves;
        for (unsigned n = 0; n < most_levels; ++n) {
            std::vector<digest> above;
            while (level.size() - above.size() * tile_width >= tile_width) {
                above.push_back(
                    root_of(std::span(level).subspan(above.size() * tile_width, tile_width)));
            }
            edge[n].assign(level.begin() + static_cast<std::ptrdiff_t>(above.size() * tile_width),
                           level.end());
            CHECK(edge[n].size() == partial_width(size, n));
            CHECK(above.size() == complete_tiles(size, n));
            level = above;
        }
        CHECK(root_of_edge(edge) == plain_root(leaves, 0, size));
    }
}

TEST_CASE("ledger/tile: paths are those of the specification's example") {
    CHECK(tile_folder(0) + tile_name(1'234'067, 256) == "tile/0/x001/x234/067");
    CHECK(entries_folder + tile_name(1'234'067, 8) ==
          std::string("tile/entries/x001/x234/067.p/8"));
    CHECK(tile_name(0, 256) == "000");
    CHECK(tile_name(999, 1) == "999.p/1");
    CHECK(tile_name(1000, 256) == "x001/000");
    // A tree of 70,000: 273 tiles and one of 112; one and one of 17; one of 1.
    CHECK(complete_tiles(70'000, 0) == 273);
    CHECK(partial_width(70'000, 0) == 112);
    CHECK(complete_tiles(70'000, 1) == 1);
    CHECK(partial_width(70'000, 1) == 17);
    CHECK(partial_width(70'000, 2) == 1);
    CHECK(complete_tiles(~std::uint64_t{0}, 7) == 0);
    CHECK(partial_width(~std::uint64_t{0}, 7) == 255);
}

TEST_CASE("ledger/tile: bundles and tiles are taken whole, and in nothing else") {
    const std::vector<std::uint8_t> three{0, 1, 'a', 0, 0, 0, 2, 'b', 'c'};
    const auto entries = parse_bundle(three, 3);
    REQUIRE(entries);
    CHECK((*entries)[0].size() == 1);
    CHECK((*entries)[1].empty());
    CHECK((*entries)[2].size() == 2);
    CHECK(parse_bundle(three, 2).error() == tile_error::excess);
    CHECK(parse_bundle(three, 4).error() == tile_error::length);
    for (std::size_t cut = 0; cut < three.size(); ++cut) {
        CHECK_FALSE(parse_bundle(base::octets(three).first(cut), 3));
        CHECK(entries_in_front(base::octets(three).first(cut)).size() == (cut < 3   ? 0
                                                                          : cut < 5 ? 1
                                                                                    : 2));
    }
    std::vector<std::uint8_t> longer = three;
    longer.push_back(0);
    CHECK(parse_bundle(longer, 3).error() == tile_error::excess);

    std::vector<std::uint8_t> whole(512, 0); // 256 entries of nothing
    CHECK(parse_bundle(whole, 256)->size() == 256);
    CHECK(parse_bundle(whole, 7)->size() == 7);
    whole.push_back(0);
    CHECK(parse_bundle(whole, 256).error() == tile_error::excess);

    const std::vector<std::uint8_t> hashes(256 * 32, 1);
    CHECK(parse_tile(hashes, 256)->size() == 256);
    CHECK(parse_tile(hashes, 17)->size() == 17);
    CHECK(parse_tile(base::octets(hashes).first(64), 2)->size() == 2);
    CHECK(parse_tile(base::octets(hashes).first(64), 1).error() == tile_error::excess);
    CHECK(parse_tile(base::octets(hashes).first(63), 2).error() == tile_error::length);
    CHECK(parse_tile(base::octets(hashes).first(65), 2).error() == tile_error::excess);
}
