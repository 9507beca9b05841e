// SPDX-License-Identifier: MIT
#include "crypto/hash.h"

#include "crypto/secret.h"

#include <blake2.h>

#include <algorithm>

namespace landfall::crypto {
namespace {

void update(blake2s_state& state, std::initializer_list<base::octets> parts) noexcept {
    for (const base::octets part : parts) {
        if (!part.empty()) {
            blake2s_update(&state, part.data(), part.size());
        }
    }
}

} // namespace

void hash(std::span<std::uint8_t, 32> out, std::initializer_list<base::octets> parts) noexcept {
    blake2s_state state{};
    blake2s_init(&state, out.size());
    update(state, parts);
    blake2s_final(&state, out.data(), out.size());
    wipe(&state, sizeof state);
}

void mac(std::span<std::uint8_t, mac_octets> out, base::octets key, base::octets data) noexcept {
    blake2s_state state{};
    blake2s_init_key(&state, out.size(), key.data(), key.size());
    update(state, {data});
    blake2s_final(&state, out.data(), out.size());
    wipe(&state, sizeof state);
}

void hmac(std::span<std::uint8_t, 32> out, base::octets key,
          std::initializer_list<base::octets> parts) noexcept {
    wiped<BLAKE2S_BLOCKBYTES> pad;
    if (key.size() > pad.size()) {
        hash(std::span(pad).first<32>(), {key});
    } else {
        std::copy(key.begin(), key.end(), pad.begin());
    }
    const auto flip = [&pad](std::uint8_t with) {
        for (std::uint8_t& octet : pad) {
            octet ^= with;
        }
    };
    wiped<32> inner;
    blake2s_state state{};
    flip(0x36);
    blake2s_init(&state, inner.size());
    update(state, {pad});
    update(state, parts);
    blake2s_final(&state, inner.data(), inner.size());
    wipe(&state, sizeof state);
    flip(0x36 ^ 0x5C);
    hash(out, {pad, inner});
}

void kdf(base::octets key, base::octets input,
         std::initializer_list<std::span<std::uint8_t, 32>> out) noexcept {
    wiped<32> extracted;
    wiped<32> last;
    hmac(extracted, key, {input});
    std::uint8_t number = 1;
    for (const auto& one : out) {
        const base::octets before =
            number == 1 ? base::octets{} : base::octets{last.data(), last.size()};
        hmac(last, extracted, {before, {&number, 1}});
        std::copy(last.begin(), last.end(), one.begin());
        ++number;
    }
}

} // namespace landfall::crypto
