// SPDX-License-Identifier: MIT
// Keys and their text form, as `wg` reads and writes it: 44 characters of base64 (RFC 4648).
#pragma once

#include "base/error.h"
#include "crypto/secret.h"
#include "crypto/wireguard.h"

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace landfall::crypto {

/// Fills what it is given with octets that nobody can guess. Engines get it as an argument.
using randomness = std::function<void(std::span<std::uint8_t>)>;

/// X25519.
struct public_key {
    std::array<std::uint8_t, key_octets> octet{};

    auto operator<=>(const public_key&) const = default;
};
using private_key = secret<key_octets>;
using preshared_key = secret<key_octets>;

inline constexpr std::size_t key_text_characters = 44;

enum class key_error : std::uint8_t {
    length,    ///< not 44 characters
    character, ///< not base64, or not in its one canonical form
    zero,      ///< a public key of 32 zeros, which no private key has
};
[[nodiscard]] const char* name(key_error error) noexcept;

[[nodiscard]] std::expected<public_key, key_error> parse_public_key(std::string_view text) noexcept;
/// A private or a pre-shared key; zeros are allowed. In constant time for a given length.
[[nodiscard]] std::expected<secret<key_octets>, key_error> parse_secret_key(std::string_view text);
[[nodiscard]] std::string to_text(const public_key& key);
/// Only for a person who asked for it.
[[nodiscard]] std::string secret_text(const secret<key_octets>& key);

/// Clamped (RFC 7748, 5), as `wg genkey` does.
[[nodiscard]] private_key generate_private_key(const randomness& random);
[[nodiscard]] preshared_key generate_preshared_key(const randomness& random);
/// Whether the bits that X25519 sets are set, as generators do (RFC 7748, 5): of 32 other octets
/// one in 32 is so.
[[nodiscard]] bool is_clamped(const private_key& key) noexcept;
[[nodiscard]] public_key public_of(const private_key& key) noexcept;
/// False when the result is zero: `theirs` is of low order and must not be used.
[[nodiscard]] bool shared_secret(std::span<std::uint8_t, key_octets> out,
                                 std::span<const std::uint8_t, key_octets> ours,
                                 const public_key& theirs) noexcept;

struct key_file {
    secret<key_octets> key;
    std::string warning; ///< empty, or that others may read the file
};

/// A private or pre-shared key: one line; blanks after it are allowed. Errors name the file and
/// exit with 77 where a permission is missing, 78 otherwise.
[[nodiscard]] base::result<key_file> read_key_file(const std::string& path);

} // namespace landfall::crypto
