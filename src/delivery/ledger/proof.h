// SPDX-License-Identifier: MIT
// Proofs as files that need no log beside them: of inclusion (C2SP tlog-proof, with the entry as
// its extra data) and of consistency (the body of C2SP tlog-witness's add-checkpoint).
#pragma once

#include "delivery/ledger/note.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace landfall::delivery::ledger {

inline constexpr std::size_t most_proof_hashes = 64;
inline constexpr std::size_t most_proof_octets = 262'144;

enum class proof_error : std::uint8_t {
    form,      ///< neither of the two formats, or cut
    number,    ///< of the index or the older size
    hash,      ///< a line that is none
    too_long,  ///< more hashes than a tree has levels, or a file that cannot be one
    no_entry,  ///< the entry is not in it, or not base64
    not_in_it, ///< the hashes do not lead from the entry to the root
    older,     ///< they do not lead from the older tree to the newer one
};
[[nodiscard]] const char* name(proof_error error) noexcept;

struct inclusion_proof {
    std::uint64_t index = 0;
    std::vector<std::uint8_t> entry;
    proof_path path;
    std::string note; ///< the checkpoint, signed
};

struct consistency_proof {
    std::uint64_t old_size = 0;
    proof_path path;
    std::string note;
};

using proof = std::variant<inclusion_proof, consistency_proof>;

[[nodiscard]] std::string proof_text(const proof& what);
[[nodiscard]] std::expected<proof, proof_error> parse_proof(std::string_view text);

/// The entry is in the tree. The checkpoint's signature is for `open_checkpoint`.
[[nodiscard]] std::expected<void, proof_error> check_proof(const inclusion_proof& what,
                                                           const tree_head& tree) noexcept;
/// The tree begins with the older one, whose size is the proof's.
[[nodiscard]] std::expected<void, proof_error>
check_proof(const consistency_proof& what, const tree_head& tree, const tree_head& older) noexcept;

} // namespace landfall::delivery::ledger
