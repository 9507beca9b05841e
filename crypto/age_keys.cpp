// SPDX-License-Identifier: MIT
#include "crypto/age_keys.h"

#include <algorithm>
#include <array>
#include <optional>

namespace landfall::crypto {
namespace {

constexpr std::string_view recipient_prefix = "age1";
constexpr std::string_view identity_prefix = "AGE-SECRET-KEY-1";
constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t data_symbols = 52; // 256 bits by five, four of padding
constexpr std::size_t check_symbols = 6;

using symbols = wiped<data_symbols + check_symbols>;

constexpr char lower(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

/// BIP 173, "Checksum".
class checksum {
  public:
    explicit checksum(std::string_view prefix) noexcept {
        const std::string_view human = prefix.substr(0, prefix.size() - 1); // without the "1"
        for (const char letter : human) {
            add(static_cast<std::uint8_t>(lower(letter)) >> 5U);
        }
        add(0);
        for (const char letter : human) {
            add(static_cast<std::uint8_t>(lower(letter)) & 31U);
        }
    }
    void add(std::uint32_t symbol) noexcept {
        constexpr std::array<std::uint32_t, 5> generator{0x3B6A57B2, 0x26508E6D, 0x1EA119FA,
                                                         0x3D4233DD, 0x2A1462B3};
        const std::uint32_t top = state_ >> 25U;
        state_ = (state_ & 0x1FFFFFFU) << 5U ^ symbol;
        for (unsigned i = 0; i < generator.size(); ++i) {
            state_ ^= (top >> i & 1U) != 0 ? generator[i] : 0;
        }
    }
    [[nodiscard]] std::uint32_t value() const noexcept { return state_; }

  private:
    std::uint32_t state_ = 1;
};

/// Why not, or nothing.
std::optional<age_key_error> decode(std::string_view text, std::string_view prefix,
                                    std::span<std::uint8_t, key_octets> out) noexcept {
    if (text.size() != prefix.size() + data_symbols + check_symbols) {
        return age_key_error::length;
    }
    if (!text.starts_with(prefix)) {
        return age_key_error::prefix;
    }
    const bool upper = prefix == identity_prefix;
    symbols symbol;
    checksum sum(prefix);
    for (std::size_t i = 0; i < symbol.size(); ++i) {
        const char letter = text[prefix.size() + i];
        const std::size_t at = alphabet.find(upper ? lower(letter) : letter);
        const bool other_case = upper && letter >= 'a' && letter <= 'z';
        if (at == std::string_view::npos || other_case) {
            return age_key_error::character;
        }
        symbol[i] = static_cast<std::uint8_t>(at);
        sum.add(symbol[i]);
    }
    if (sum.value() != 1) {
        return age_key_error::checksum;
    }
    std::uint32_t held = 0;
    unsigned bits = 0;
    std::size_t made = 0;
    for (std::size_t i = 0; i < data_symbols; ++i) {
        held = (held << 5U | symbol[i]) & 0xFFFU;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            out[made++] = static_cast<std::uint8_t>(held >> bits);
        }
    }
    return (held & 15U) == 0 ? std::nullopt : std::optional(age_key_error::padding);
}

} // namespace

const char* name(age_key_error error) noexcept {
    switch (error) {
    case age_key_error::length:
        return "length";
    case age_key_error::prefix:
        return "prefix";
    case age_key_error::character:
        return "character";
    case age_key_error::checksum:
        return "checksum";
    case age_key_error::padding:
        return "padding";
    case age_key_error::weak:
        return "weak";
    }
    return nullptr;
}

std::expected<public_key, age_key_error> parse_age_recipient(std::string_view text) noexcept {
    public_key key;
    if (const auto wrong = decode(text, recipient_prefix, key.octet)) {
        return std::unexpected(*wrong);
    }
    // Any private key gives zero with a key of low order, and only with one (RFC 7748, 6.1).
    const std::array<std::uint8_t, key_octets> any{8, 1};
    std::array<std::uint8_t, key_octets> shared;
    if (!shared_secret(shared, any, key)) {
        return std::unexpected(age_key_error::weak);
    }
    return key;
}

std::string age_recipient_text(const public_key& key) {
    std::string text(recipient_prefix);
    checksum sum(recipient_prefix);
    const auto put = [&text](std::uint32_t symbol) { text += alphabet[symbol & 31U]; };
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (std::size_t i = 0; i < data_symbols;) {
        if (bits < 5) {
            const std::size_t next = (i * 5 + 7) / 8;
            held = (held << 8U | (next < key.octet.size() ? key.octet[next] : 0U)) & 0xFFFFU;
            bits += 8;
        }
        bits -= 5;
        const std::uint32_t symbol = held >> bits & 31U;
        put(symbol);
        sum.add(symbol);
        ++i;
    }
    for (std::size_t i = 0; i < check_symbols; ++i) {
        sum.add(0);
    }
    const std::uint32_t check = sum.value() ^ 1U;
    for (unsigned i = 0; i < check_symbols; ++i) {
        put(check >> 5U * (check_symbols - 1 - i));
    }
    return text;
}

std::expected<private_key, age_key_error> parse_age_identity(std::string_view text) {
    private_key key;
    if (const auto wrong = decode(text, identity_prefix, key.bytes())) {
        return std::unexpected(*wrong);
    }
    return key;
}

} // namespace landfall::crypto
