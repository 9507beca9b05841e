// SPDX-License-Identifier: MIT
// Sealing of data messages (5.4.6): ChaCha20-Poly1305 (RFC 8439) with a counter as its nonce and
// nothing but the packet to authenticate, in place.
#pragma once

#include "crypto/wireguard.h"

#include <cstdint>
#include <span>

namespace landfall::crypto {

/// How a packet is encrypted; what comes out is the same.
enum class sealing : std::uint8_t {
    plain,    ///< libsodium's AEAD call: the reference
    one_call, ///< one cipher call for the tag's key and the packet, one for the tag: faster
};

using const_key = std::span<const std::uint8_t, key_octets>;

/// What the one-call form enciphers, from 64 octets before the packet: the cipher's wide paths take
/// whole runs of blocks faster than their tails. `length` is a multiple of 16.
[[nodiscard]] constexpr std::size_t one_call_octets(std::size_t length) noexcept {
    constexpr std::size_t block = 64;
    constexpr std::size_t narrow = 256; // 4 blocks at a time
    constexpr std::size_t wide = 512;   // 8
    const std::size_t total = block + length;
    const std::size_t tail = total % wide;
    if (tail <= block) {
        return (total + block - 1) / block * block;
    }
    return total - tail + (tail <= narrow ? narrow : wide);
}

/// Octets after the packet that the one-call form writes to, tag included.
[[nodiscard]] constexpr std::size_t one_call_tailroom(std::size_t length) noexcept {
    const std::size_t beyond = one_call_octets(length) - scratch_headroom - length;
    return beyond > tag_octets ? beyond : tag_octets;
}

/// `length` octets at `packet` become as many of ciphertext and 16 of tag after them.
void seal_plain(const_key key, std::uint64_t counter, std::uint8_t* packet,
                std::size_t length) noexcept;

/// The same; `length` is a multiple of 16. Writes to 64 octets before the packet, and to
/// `one_call_tailroom(length)` after it; what it leaves there is of no use to anyone.
void seal_one_call(const_key key, std::uint64_t counter, std::uint8_t* packet,
                   std::size_t length) noexcept;

/// `length` octets of ciphertext with their tag at `packet` become `length` - 16 of plaintext.
/// False where the tag is wrong: then nothing was deciphered, and the octets may have been zeroed.
[[nodiscard]] bool open_sealed(const_key key, std::uint64_t counter, std::uint8_t* packet,
                               std::size_t length) noexcept;

} // namespace landfall::crypto
