// SPDX-License-Identifier: MIT
#include "delivery/ledger/merkle.h"

#include <bit>
#include <cassert>

namespace landfall::delivery::ledger {
namespace {

/// Of leaves [begin, begin + count); `begin` is a multiple of the least power of two that is not
/// less than `count`.
std::optional<digest> range_root(std::uint64_t begin, std::uint64_t count, node_source nodes) {
    if (std::has_single_bit(count)) {
        const auto level = static_cast<unsigned>(std::countr_zero(count));
        return nodes(level, begin >> level);
    }
    const std::uint64_t left = std::bit_floor(count);
    const auto one = range_root(begin, left, nodes);
    const auto other = one ? range_root(begin + left, count - left, nodes) : std::nullopt;
    return other ? std::optional(node_hash(*one, *other)) : std::nullopt;
}

/// The largest power of two that is less than `count`, which is 2 or more.
std::uint64_t split(std::uint64_t count) noexcept {
    return std::bit_floor(count - 1);
}

/// Bits of `value` from the lowest up that are one: levels at which a node is a right child.
bool right_child(std::uint64_t node) noexcept {
    return (node & 1U) != 0;
}

} // namespace

digest leaf_hash(base::octets entry) noexcept {
    constexpr std::uint8_t prefix = 0;
    return crypto::sha256({base::octets(&prefix, 1), entry});
}

digest node_hash(const digest& left, const digest& right) noexcept {
    constexpr std::uint8_t prefix = 1;
    return crypto::sha256({base::octets(&prefix, 1), left, right});
}

digest empty_root() noexcept {
    return crypto::sha256({});
}

digest root_of(std::span<const digest> hashes) noexcept {
    assert(!hashes.empty());
    if (hashes.size() == 1) {
        return hashes.front();
    }
    const std::size_t left = split(hashes.size());
    return node_hash(root_of(hashes.first(left)), root_of(hashes.subspan(left)));
}

std::optional<digest> tree_root(std::uint64_t size, node_source nodes) {
    return size == 0 ? empty_root() : range_root(0, size, nodes);
}

std::optional<proof_path> inclusion_path(std::uint64_t index, std::uint64_t size,
                                         node_source nodes) {
    assert(index < size);
    proof_path path; // from the root down, turned round at the end
    std::uint64_t begin = 0;
    while (size > 1) {
        const std::uint64_t left = split(size);
        const bool in_left = index - begin < left;
        const auto other =
            in_left ? range_root(begin + left, size - left, nodes) : range_root(begin, left, nodes);
        if (!other) {
            return std::nullopt;
        }
        path.push_back(*other);
        begin += in_left ? 0 : left;
        size = in_left ? left : size - left;
    }
    return proof_path(path.rbegin(), path.rend());
}

std::optional<proof_path> consistency_path(std::uint64_t old_size, std::uint64_t size,
                                           node_source nodes) {
    assert(old_size <= size);
    proof_path path;
    if (old_size == 0 || old_size == size) {
        return path;
    }
    // SUBPROOF, from the root down; `begin` and `size` are the subtree's, `old_size` the older
    // tree's part of it.
    std::uint64_t begin = 0;
    while (old_size != size) {
        const std::uint64_t left = split(size);
        const bool in_left = old_size <= left;
        const auto other =
            in_left ? range_root(begin + left, size - left, nodes) : range_root(begin, left, nodes);
        if (!other) {
            return std::nullopt;
        }
        path.push_back(*other);
        begin += in_left ? 0 : left;
        size = in_left ? left : size - left;
        old_size -= in_left ? 0 : left;
    }
    // The older tree's own subtree is left out where it is the whole older tree.
    if (begin != 0) {
        const auto own = range_root(begin, size, nodes);
        if (!own) {
            return std::nullopt;
        }
        path.push_back(*own);
    }
    return proof_path(path.rbegin(), path.rend());
}

bool includes(const tree_head& tree, std::uint64_t index, const digest& leaf,
              std::span<const digest> path) noexcept {
    if (index >= tree.size) {
        return false;
    }
    // RFC 9162, 2.1.3.2: `node` is where the hash so far stands in its level, `last` the level's
    // last node.
    std::uint64_t node = index;
    std::uint64_t last = tree.size - 1;
    digest hash = leaf;
    for (const digest& other : path) {
        if (last == 0) {
            return false;
        }
        if (right_child(node) || node == last) {
            hash = node_hash(other, hash);
            while (!right_child(node) && node != 0) { // levels without a sibling
                node >>= 1U;
                last >>= 1U;
            }
        } else {
            hash = node_hash(hash, other);
        }
        node >>= 1U;
        last >>= 1U;
    }
    return last == 0 && hash == tree.root;
}

bool extends(const tree_head& tree, const tree_head& older, std::span<const digest> path) noexcept {
    if (older.size == 0 || older.size >= tree.size) {
        return path.empty() && older.size <= tree.size &&
               (older.size == 0 ? older.root == empty_root() : older.root == tree.root);
    }
    // RFC 9162, 2.1.4.2.
    std::uint64_t node = older.size - 1;
    std::uint64_t last = tree.size - 1;
    while (right_child(node)) {
        node >>= 1U;
        last >>= 1U;
    }
    const bool whole = std::has_single_bit(older.size);
    if (path.empty() && !whole) {
        return false;
    }
    digest old_hash = whole ? older.root : path.front();
    digest new_hash = old_hash;
    for (const digest& other : path.subspan(whole ? 0 : 1)) {
        if (last == 0) {
            return false;
        }
        if (right_child(node) || node == last) {
            old_hash = node_hash(other, old_hash);
            new_hash = node_hash(other, new_hash);
            while (!right_child(node) && node != 0) {
                node >>= 1U;
                last >>= 1U;
            }
        } else {
            new_hash = node_hash(new_hash, other);
        }
        node >>= 1U;
        last >>= 1U;
    }
    return last == 0 && old_hash == older.root && new_hash == tree.root;
}

} // namespace landfall::delivery::ledger
