// SPDX-License-Identifier: MIT
#include "crypto/seal.h"

#include "crypto/little_endian.h"
#include "crypto/secret.h"

#include <sodium.h>

#include <array>
#include <cstring>

namespace landfall::crypto {
namespace {

using nonce = std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

nonce nonce_of(std::uint64_t counter) noexcept {
    nonce made{};
    put_u64(made.data() + 4, counter);
    return made;
}

} // namespace

void seal_plain(const_key key, std::uint64_t counter, std::uint8_t* packet,
                std::size_t length) noexcept {
    const nonce number = nonce_of(counter);
    crypto_aead_chacha20poly1305_ietf_encrypt(packet, nullptr, packet, length, nullptr, 0, nullptr,
                                              number.data(), key.data());
}

void seal_one_call(const_key key, std::uint64_t counter, std::uint8_t* packet,
                   std::size_t length) noexcept {
    const nonce number = nonce_of(counter);
    // Block 0 of the key stream is the tag's key (RFC 8439, 2.6), the packet begins with block 1.
    std::uint8_t* begin = packet - scratch_headroom;
    std::memset(begin, 0, scratch_headroom);
    crypto_stream_chacha20_ietf_xor_ic(begin, begin, one_call_octets(length), number.data(), 0,
                                       key.data());
    // RFC 8439, 2.8: ciphertext and both lengths; nothing to pad, as 16 divides it.
    put_u64(packet + length, 0);
    put_u64(packet + length + 8, length);
    std::array<std::uint8_t, tag_octets> tag;
    crypto_onetimeauth_poly1305(tag.data(), packet, length + tag_octets, begin);
    std::memcpy(packet + length, tag.data(), tag.size());
    wipe(begin, scratch_headroom);
}

bool open_sealed(const_key key, std::uint64_t counter, std::uint8_t* packet,
                 std::size_t length) noexcept {
    const nonce number = nonce_of(counter);
    return crypto_aead_chacha20poly1305_ietf_decrypt(packet, nullptr, nullptr, packet, length,
                                                     nullptr, 0, number.data(), key.data()) == 0;
}

} // namespace landfall::crypto
