// SPDX-License-Identifier: MIT
// Hexadecimal text of test vectors.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace landfall::test {

/// "-" is nothing at all.
inline std::vector<std::uint8_t> from_hex(std::string_view text) {
    std::vector<std::uint8_t> octets;
    const auto digit = [](char c) -> unsigned {
        const auto at = std::string_view("0123456789abcdef").find(c);
        if (at == std::string_view::npos) {
            throw std::invalid_argument("no hexadecimal digit");
        }
        return static_cast<unsigned>(at);
    };
    for (std::size_t i = 0; text != "-" && i + 1 < text.size(); i += 2) {
        octets.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4U | digit(text[i + 1])));
    }
    return octets;
}

} // namespace landfall::test
