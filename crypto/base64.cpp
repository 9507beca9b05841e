// SPDX-License-Identifier: MIT
#include "crypto/base64.h"

#include <sodium.h>

namespace landfall::crypto {

std::string base64(base::octets data) {
    std::string text(sodium_base64_encoded_len(data.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), data.data(), data.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.pop_back(); // libsodium ends it with a zero
    return text;
}

std::optional<std::vector<std::uint8_t>> parse_base64(std::string_view text) {
    std::vector<std::uint8_t> data(text.size() / 4 * 3);
    std::size_t length = 0;
    if (text.size() % 4 != 0 ||
        (!text.empty() &&
         sodium_base642bin(data.data(), data.size(), text.data(), text.size(), nullptr, &length,
                           nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)) {
        return std::nullopt;
    }
    data.resize(length);
    // libsodium 1.0.18 takes octets from 0x80 up for letters: only what is written so again is
    // good.
    return base64(data) == text ? std::optional(std::move(data)) : std::nullopt;
}

} // namespace landfall::crypto
