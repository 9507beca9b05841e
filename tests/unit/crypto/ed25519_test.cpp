// SPDX-License-Identifier: MIT
#include "crypto/base64.h"
#include "crypto/ed25519.h"
#include "crypto/sha256.h"
#include "tests/support/hex.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

using namespace landfall;

namespace {

std::string hex_of(base::octets data) {
    std::string text;
    for (const std::uint8_t octet : data) {
        text += "0123456789abcdef"[octet >> 4U];
        text += "0123456789abcdef"[octet & 15U];
    }
    return text;
}

} // namespace

TEST_CASE("crypto/ed25519: RFC 8032, 7.1, test 2") {
    const auto octets =
        test::from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    crypto::secret<32> seed;
    std::ranges::copy(octets, seed.bytes().begin());
    const crypto::signing_key key(seed);
    CHECK(hex_of(key.public_key()) ==
          "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
    const std::vector<std::uint8_t> message{0x72};
    auto signature = key.sign(message);
    CHECK(hex_of(signature) == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                               "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
    CHECK(crypto::verify(key.public_key(), message, signature));
    CHECK_FALSE(crypto::verify(key.public_key(), {}, signature));
    for (std::size_t bit = 0; bit < 512; ++bit) {
        signature[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK_FALSE(crypto::verify(key.public_key(), message, signature));
        signature[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    }
}

TEST_CASE("crypto/ed25519: BLAKE2b-512 and SHA-256 of \"abc\"") {
    const std::vector<std::uint8_t> abc{'a', 'b', 'c'};
    CHECK(hex_of(crypto::blake2b512(abc)) ==
          "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
          "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    const std::string sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    CHECK(hex_of(crypto::sha256({abc})) == sha);
    CHECK(hex_of(crypto::sha256({base::octets(abc).first(1), {}, base::octets(abc).last(2)})) ==
          sha);
    CHECK(crypto::sha256_text("abc") == sha);
}

TEST_CASE("crypto/base64: RFC 4648, 10, and nothing but its one form") {
    for (const auto& [plain, coded] : {std::pair{"", ""},
                                       {"f", "Zg=="},
                                       {"fo", "Zm8="},
                                       {"foo", "Zm9v"},
                                       {"foobar", "Zm9vYmFy"}}) {
        const std::string text(plain);
        const std::vector<std::uint8_t> octets(text.begin(), text.end());
        CHECK(crypto::base64(octets) == coded);
        CHECK(crypto::parse_base64(coded) == octets);
    }
    for (const char* bad : {"Zg", "Zg=", "Zh==", "Z===", "Zm9v ", "Zm9v\n", "Zm 9v", "Zm-v",
                            "====", "\xc3\xa9\xc3\xa9"}) {
        CHECK_FALSE(crypto::parse_base64(bad));
    }
}
