// SPDX-License-Identifier: MIT
#include "crypto/age_kdf.h"

#include "crypto/secret.h"

#include <sodium.h>

#include <algorithm>

namespace landfall::crypto {
namespace {

base::octets octets_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void hmac_sha256(std::span<std::uint8_t, 32> out, base::octets key,
                 std::initializer_list<base::octets> parts) noexcept {
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.data(), key.size());
    for (const base::octets part : parts) {
        crypto_auth_hmacsha256_update(&state, part.data(), part.size());
    }
    crypto_auth_hmacsha256_final(&state, out.data());
    wipe(&state, sizeof state);
}

} // namespace

void hkdf_sha256(std::span<std::uint8_t, 32> out, base::octets key,
                 std::initializer_list<base::octets> salt, std::string_view info) noexcept {
    std::array<std::uint8_t, 64> joined{};
    std::size_t length = 0;
    for (const base::octets part : salt) {
        std::copy(part.begin(), part.end(), joined.begin() + static_cast<std::ptrdiff_t>(length));
        length += part.size();
    }
    wiped<32> extracted;
    // An HMAC's key is filled up with zeros: an empty salt is the one of zeros (RFC 5869, 2.2).
    hmac_sha256(extracted, base::octets(joined).first(length), {key});
    constexpr std::uint8_t first_block = 1;
    hmac_sha256(out, extracted, {octets_of(info), {&first_block, 1}});
}

void age_wrap_key(std::span<std::uint8_t, 32> out, base::octets shared, base::octets share,
                  const public_key& recipient) noexcept {
    hkdf_sha256(out, shared, {share, recipient.octet}, "age-encryption.org/v1/X25519");
}

void age_header_mac(std::span<std::uint8_t, 32> out, base::octets file_key,
                    std::string_view authenticated) noexcept {
    wiped<32> key;
    hkdf_sha256(key, file_key, {}, "header");
    hmac_sha256(out, key, {octets_of(authenticated)});
}

std::array<std::uint8_t, 12> age_chunk_nonce(std::uint64_t number, bool last) noexcept {
    std::array<std::uint8_t, 12> nonce{};
    for (unsigned i = 0; i < 8; ++i) {
        nonce[3 + i] = static_cast<std::uint8_t>(number >> 8U * (7 - i));
    }
    nonce[11] = last ? 1 : 0;
    return nonce;
}

std::string age_base64(base::octets data) {
    constexpr int variant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
    std::string text(sodium_base64_ENCODED_LEN(data.size(), variant), '\0');
    sodium_bin2base64(text.data(), text.size(), data.data(), data.size(), variant);
    text.pop_back();
    return text;
}

bool parse_age_base64(std::string_view text, std::span<std::uint8_t> out) noexcept {
    const auto value = [](char letter) -> std::optional<std::uint32_t> {
        constexpr std::string_view alphabet =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        const std::size_t at = alphabet.find(letter);
        return at < alphabet.size() ? std::optional(static_cast<std::uint32_t>(at)) : std::nullopt;
    };
    if (text.size() != (out.size() * 8 + 5) / 6) {
        return false;
    }
    std::uint32_t held = 0;
    unsigned bits = 0;
    std::size_t made = 0;
    for (const char letter : text) {
        const auto six = value(letter);
        if (!six) {
            return false;
        }
        held = (held << 6U | *six) & 0xFFFFU;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[made++] = static_cast<std::uint8_t>(held >> bits);
        }
    }
    return made == out.size() && (held & ((1U << bits) - 1)) == 0;
}

} // namespace landfall::crypto
