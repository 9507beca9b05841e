// SPDX-License-Identifier: MIT
// The Merkle tree of RFC 6962, 2.1: hashes, roots, proofs of inclusion and of consistency.
#pragma once

#include "base/bytes.h"
#include "base/function_ref.h"
#include "crypto/sha256.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace landfall::delivery::ledger {

using digest = crypto::sha256_digest;
using proof_path = std::vector<digest>;

[[nodiscard]] digest leaf_hash(base::octets entry) noexcept;
[[nodiscard]] digest node_hash(const digest& left, const digest& right) noexcept;
[[nodiscard]] digest empty_root() noexcept;
/// Of one or more hashes, taken for the leaves.
[[nodiscard]] digest root_of(std::span<const digest> hashes) noexcept;

/// The hash of the complete subtree over leaves [index << level, (index + 1) << level), or nothing
/// where it cannot be had.
using node_source = base::function_ref<std::optional<digest>(unsigned level, std::uint64_t index)>;

/// Of the tree's first `size` leaves.
[[nodiscard]] std::optional<digest> tree_root(std::uint64_t size, node_source nodes);
/// PATH(index, D[size]), 2.1.1. `index` < `size`.
[[nodiscard]] std::optional<proof_path> inclusion_path(std::uint64_t index, std::uint64_t size,
                                                       node_source nodes);
/// PROOF(old_size, D[size]), 2.1.2. Empty where `old_size` is 0 or `size`.
[[nodiscard]] std::optional<proof_path> consistency_path(std::uint64_t old_size, std::uint64_t size,
                                                         node_source nodes);

struct tree_head {
    std::uint64_t size = 0;
    digest root{};

    bool operator==(const tree_head&) const = default;
};

/// Is the leaf, by its hash, number `index` of the tree?
[[nodiscard]] bool includes(const tree_head& tree, std::uint64_t index, const digest& leaf,
                            std::span<const digest> path) noexcept;
/// Does the tree begin with all of the older one? The empty tree begins every other.
[[nodiscard]] bool extends(const tree_head& tree, const tree_head& older,
                           std::span<const digest> path) noexcept;

} // namespace landfall::delivery::ledger
