// SPDX-License-Identifier: MIT
#include "crypto/ed25519.h"

#include <sodium.h>

namespace landfall::crypto {

static_assert(crypto_sign_SECRETKEYBYTES == 64 && crypto_sign_SEEDBYTES == 32);

signing_key::signing_key(const secret<32>& seed) {
    crypto_sign_seed_keypair(public_.data(), secret_.bytes().data(), seed.bytes().data());
}

ed25519_signature signing_key::sign(base::octets message) const noexcept {
    ed25519_signature made{};
    crypto_sign_detached(made.data(), nullptr, message.data(), message.size(),
                         secret_.bytes().data());
    return made;
}

bool verify(const ed25519_public& key, base::octets message,
            const ed25519_signature& signature) noexcept {
    return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                       key.data()) == 0;
}

std::array<std::uint8_t, 64> blake2b512(base::octets data) noexcept {
    std::array<std::uint8_t, 64> digest{};
    crypto_generichash(digest.data(), digest.size(), data.data(), data.size(), nullptr, 0);
    return digest;
}

} // namespace landfall::crypto
