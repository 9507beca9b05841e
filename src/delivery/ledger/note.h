// SPDX-License-Identifier: MIT
// Checkpoints (C2SP tlog-checkpoint) as signed notes (C2SP signed-note) with Ed25519.
#pragma once

#include "crypto/ed25519.h"
#include "delivery/ledger/merkle.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::delivery::ledger {

inline constexpr std::size_t most_note_octets = 65'536;
inline constexpr std::size_t most_note_signatures = 64;

enum class note_error : std::uint8_t {
    too_long,      ///< more than `most_note_octets`
    characters,    ///< not UTF-8, or control characters
    form,          ///< no text, blank line and signature lines
    signature,     ///< a line that is none, or too many
    unknown_key,   ///< no signature is of the key
    bad_signature, ///< it is, and is wrong
    origin,        ///< the first line is empty
    size,          ///< the second is no number
    root,          ///< the third is no hash
    extension,     ///< an empty line or none where there should be one
    key,           ///< of a key's text: its form, or an identifier that is not its own
};
[[nodiscard]] const char* name(note_error error) noexcept;

struct note_signature {
    std::string_view key_name;
    std::uint32_t key_id = 0;
    std::vector<std::uint8_t> octets;
};

/// Views of what was parsed.
struct signed_note {
    std::string_view text; ///< with its last newline
    std::vector<note_signature> signatures;
};

[[nodiscard]] std::expected<signed_note, note_error> parse_note(std::string_view note);

/// Who signs. A key that is known by its octets alone has no name and goes with every one.
struct note_key {
    std::string name;
    crypto::ed25519_public octets{};

    bool operator==(const note_key&) const = default;
};

/// A name without blanks, control characters, plus signs: what a signature line can carry.
[[nodiscard]] bool is_key_name(std::string_view name) noexcept;
[[nodiscard]] std::uint32_t key_id(std::string_view name,
                                   const crypto::ed25519_public& key) noexcept;
/// NAME+ID+KEY, as golang.org/x/mod/sumdb/note reads it.
[[nodiscard]] std::string verifier_text(const note_key& key);
[[nodiscard]] std::expected<note_key, note_error> parse_verifier(std::string_view text);

struct checkpoint {
    std::string origin;
    tree_head tree;

    bool operator==(const checkpoint&) const = default;
};

/// The text of a note, to its last newline. Extension lines are allowed and left out.
[[nodiscard]] std::expected<checkpoint, note_error> parse_checkpoint(std::string_view text);
/// A whole note.
[[nodiscard]] std::string sign_checkpoint(const checkpoint& state, std::string_view key_name,
                                          const crypto::signing_key& key);
/// A signed note with any text: `text` ends in a newline.
[[nodiscard]] std::string sign_note(std::string_view text, std::string_view key_name,
                                    const crypto::signing_key& key);
/// The signature is the key's, and right; others are ignored.
[[nodiscard]] std::expected<void, note_error> check_note(const signed_note& note,
                                                         const note_key& key) noexcept;
/// All of it: parsed, its signature checked.
[[nodiscard]] std::expected<checkpoint, note_error> open_checkpoint(std::string_view note,
                                                                    const note_key& key);

} // namespace landfall::delivery::ledger
