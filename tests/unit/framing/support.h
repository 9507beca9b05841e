// SPDX-License-Identifier: MIT
// Octets from hexadecimal text, and the properties that every parser of octets must have.
#pragma once

#include "base/bytes.h"

#include <cctype>
#include <string_view>

namespace landfall::framing {

using octet_vector = std::vector<std::uint8_t>;

inline octet_vector from_hex(std::string_view text) {
    octet_vector octets;
    unsigned digits = 0;
    unsigned value = 0;
    for (const char c : text) {
        if (c == ' ') {
            continue;
        }
        const unsigned digit = c <= '9' ? static_cast<unsigned>(c - '0')
                                        : static_cast<unsigned>(std::tolower(c) - 'a') + 10;
        value = value << 4U | digit;
        if (++digits % 2 == 0) {
            octets.push_back(static_cast<std::uint8_t>(value));
        }
    }
    return octets;
}

/// Calls `visit` with every shorter beginning of `octets`, in a buffer of exactly that size.
template <class Visit>
void for_each_truncation(const octet_vector& octets, Visit visit) {
    for (std::size_t size = 0; size < octets.size(); ++size) {
        const octet_vector part(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
        visit(part);
    }
}

/// Calls `visit` with `octets` after each of the first `bits` bits was flipped.
template <class Visit>
void for_each_flip(const octet_vector& octets, std::size_t bits, Visit visit) {
    for (std::size_t bit = 0; bit < bits; ++bit) {
        octet_vector flipped = octets;
        flipped.at(bit / 8) ^= static_cast<std::uint8_t>(0x80U >> bit % 8);
        visit(flipped);
    }
}

/// 0, 1, 2, … modulo 251, from `first`.
inline octet_vector counting_octets(std::size_t size, std::size_t first = 0) {
    octet_vector octets(size);
    for (std::size_t i = 0; i < size; ++i) {
        octets[i] = static_cast<std::uint8_t>((first + i) % 251);
    }
    return octets;
}

} // namespace landfall::framing
