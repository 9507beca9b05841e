// SPDX-License-Identifier: MIT
#include "delivery/spool/text.h"

#include <charconv>

namespace landfall::delivery {
namespace {

constexpr std::string_view digits = "0123456789ABCDEF";

constexpr bool is_plain(char letter) noexcept {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' || letter == '-';
}

} // namespace

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t most) noexcept {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, value);
    const bool leading_zero = text.size() > 1 && text.front() == '0';
    if (error != std::errc{} || at != end || leading_zero || value > most) {
        return std::nullopt;
    }
    return value;
}

std::string escape(std::string_view text) {
    std::string made;
    for (const char letter : text) {
        if (is_plain(letter)) {
            made += letter;
        } else {
            const auto octet = static_cast<unsigned char>(letter);
            made += '%';
            made += digits[octet >> 4U];
            made += digits[octet & 15U];
        }
    }
    return made;
}

std::optional<std::string> unescape(std::string_view text, std::size_t most) {
    std::string made;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char letter = text[i];
        if (letter == '%') {
            const std::size_t high = text.size() - i > 2 ? digits.find(text[i + 1]) : digits.npos;
            const std::size_t low = high != digits.npos ? digits.find(text[i + 2]) : digits.npos;
            if (low == digits.npos) {
                return std::nullopt;
            }
            letter = static_cast<char>(high << 4U | low);
            if (is_plain(letter)) {
                return std::nullopt;
            }
            i += 2;
        } else if (!is_plain(letter)) {
            return std::nullopt;
        }
        made += letter;
    }
    return made.size() <= most ? std::optional(made) : std::nullopt;
}

} // namespace landfall::delivery
