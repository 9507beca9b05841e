// SPDX-License-Identifier: MIT
#include "crypto/sha256.h"

#define OPENSSL_SUPPRESS_DEPRECATED // its newer interface takes memory for each digest
#include <openssl/sha.h>

namespace landfall::crypto {

static_assert(std::tuple_size_v<sha256_digest> == SHA256_DIGEST_LENGTH);

// Of libcrypto, which makes use of the processor's instructions for it; libsodium does not.
sha256_digest sha256(std::initializer_list<base::octets> parts) noexcept {
    SHA256_CTX state;
    SHA256_Init(&state);
    for (const base::octets part : parts) {
        SHA256_Update(&state, part.data(), part.size());
    }
    sha256_digest digest{};
    SHA256_Final(digest.data(), &state);
    return digest;
}

std::string sha256_text(std::string_view data) {
    const sha256_digest digest =
        sha256({base::octets(reinterpret_cast<const std::uint8_t*>(data.data()), data.size())});
    return to_text(digest);
}

std::string to_text(const sha256_digest& digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t octet : digest) {
        text += digits[octet >> 4U];
        text += digits[octet & 15U];
    }
    return text;
}

std::optional<sha256_digest> parse_digest(std::string_view text) noexcept {
    sha256_digest value{};
    if (text.size() != 2 * value.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char letter = text[i];
        const bool letter_digit = letter >= 'a' && letter <= 'f';
        if (!letter_digit && (letter < '0' || letter > '9')) {
            return std::nullopt;
        }
        const int number = letter_digit ? letter - 'a' + 10 : letter - '0';
        value[i / 2] = static_cast<std::uint8_t>(value[i / 2] << 4U | number);
    }
    return value;
}

} // namespace landfall::crypto
