// SPDX-License-Identifier: MIT
// Signature and public key files as minisign reads them (its "ED" form, over BLAKE2b-512), and the
// public key as openssl reads it.
#pragma once

#include "crypto/ed25519.h"

#include <expected>
#include <string>
#include <string_view>

namespace landfall::delivery::ledger {

enum class minisign_error : std::uint8_t {
    form,    ///< not the lines that there should be
    base64,  ///< of the key or a signature: its characters, or its length
    key,     ///< another key's signature, or another algorithm
    content, ///< the signature is not one of this content
    comment, ///< the trusted comment is not the one that was signed
};
[[nodiscard]] const char* name(minisign_error error) noexcept;

/// `comment`: one line that the signature covers as well.
[[nodiscard]] std::string minisign_signature(const crypto::signing_key& key, base::octets content,
                                             std::string_view comment);
[[nodiscard]] std::expected<void, minisign_error>
check_minisign(std::string_view signature, base::octets content, const crypto::ed25519_public& key);

/// What `minisign -p` takes.
[[nodiscard]] std::string minisign_key(const crypto::ed25519_public& key);
/// Of any key file of minisign; with its first line or without.
[[nodiscard]] std::expected<crypto::ed25519_public, minisign_error>
parse_minisign_key(std::string_view text);

/// A SubjectPublicKeyInfo (RFC 8410) in PEM: what `openssl pkeyutl -pubin -inkey` takes.
[[nodiscard]] std::string pem_key(const crypto::ed25519_public& key);

} // namespace landfall::delivery::ledger
