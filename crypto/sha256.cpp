// SPDX-License-Identifier: MIT
#include "crypto/sha256.h"

#include <sodium.h>

namespace landfall::crypto {

static_assert(std::tuple_size_v<sha256_digest> == crypto_hash_sha256_BYTES);

sha256_digest sha256(std::initializer_list<base::octets> parts) noexcept {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (const base::octets part : parts) {
        crypto_hash_sha256_update(&state, part.data(), part.size());
    }
    sha256_digest digest{};
    crypto_hash_sha256_final(&state, digest.data());
    return digest;
}

std::string sha256_text(std::string_view data) {
    const sha256_digest digest =
        sha256({base::octets(reinterpret_cast<const std::uint8_t*>(data.data()), data.size())});
    std::string text(2 * digest.size() + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
    text.pop_back();
    return text;
}

} // namespace landfall::crypto
