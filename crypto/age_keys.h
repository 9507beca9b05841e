// SPDX-License-Identifier: MIT
// Keys of age v1 (C2SP age.md): X25519 in Bech32 (BIP 173), `age1...` and `AGE-SECRET-KEY-1...`.
#pragma once

#include "crypto/keys.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace landfall::crypto {

inline constexpr std::size_t age_recipient_characters = 62;
inline constexpr std::size_t age_identity_characters = 74;

/// Why a text is no key of age. Each is a metric label.
enum class age_key_error : std::uint8_t {
    length,    ///< not as long as an X25519 key; post-quantum keys and others are not taken
    prefix,    ///< does not begin with "age1", or "AGE-SECRET-KEY-1"
    character, ///< not of Bech32's alphabet, or of the other case
    checksum,
    padding, ///< the bits after the key are not 0
    weak,    ///< a recipient of low order: anyone could open what is sealed for it
};
inline constexpr std::size_t age_key_error_count = 6;
[[nodiscard]] const char* name(age_key_error error) noexcept;

/// For whom files are sealed: lower case, as `age-keygen` prints it.
[[nodiscard]] std::expected<public_key, age_key_error>
parse_age_recipient(std::string_view text) noexcept;
[[nodiscard]] std::string age_recipient_text(const public_key& key);

/// With which files are opened: upper case.
[[nodiscard]] std::expected<private_key, age_key_error> parse_age_identity(std::string_view text);

} // namespace landfall::crypto
