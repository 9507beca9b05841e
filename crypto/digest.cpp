// SPDX-License-Identifier: MIT
#include "crypto/digest.h"

#include <sodium.h>

namespace landfall::crypto {

digest blake2b_256(std::initializer_list<base::octets> parts) noexcept {
    crypto_generichash_state state;
    digest made{};
    crypto_generichash_init(&state, nullptr, 0, made.size());
    for (const base::octets part : parts) {
        crypto_generichash_update(&state, part.data(), part.size());
    }
    crypto_generichash_final(&state, made.data(), made.size());
    return made;
}

std::string to_text(const digest& value) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t octet : value) {
        text += digits[octet >> 4U];
        text += digits[octet & 15U];
    }
    return text;
}

std::optional<digest> parse_digest(std::string_view text) noexcept {
    digest value{};
    if (text.size() != digest_characters) {
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
