// SPDX-License-Identifier: MIT
#include "crypto/hash.h"
#include "tests/support/hex.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

using namespace landfall;
using test::from_hex;

namespace {

std::vector<std::uint8_t> vector_of(std::span<const std::uint8_t> octets) {
    return {octets.begin(), octets.end()};
}

} // namespace

TEST_CASE("crypto/hash: BLAKE2s of abc is that of RFC 7693") {
    const std::string text = "abc";
    const std::vector<std::uint8_t> data(text.begin(), text.end());
    crypto::digest out{};
    crypto::hash(out, {data});
    const auto expected =
        from_hex("508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982");
    CHECK(vector_of(out) == expected);
    crypto::hash(out, {base::octets(data).first(1), {}, base::octets(data).subspan(1)});
    CHECK(vector_of(out) == expected);
}

TEST_CASE("crypto/hash: hashes, macs and HMACs are those of another library") {
    const char* root = std::getenv("LANDFALL_SOURCE");
    REQUIRE(root != nullptr);
    std::ifstream file(std::string(root) + "/tests/vectors/wireguard/blake2s.txt");
    int count = 0;
    for (std::string line; std::getline(file, line); ++count) {
        CAPTURE(line);
        std::istringstream words(line);
        std::string kind, key_text, data_text, expected;
        words >> kind >> key_text >> data_text >> expected;
        const auto key = from_hex(key_text);
        const auto data = from_hex(data_text);
        crypto::digest out{};
        std::array<std::uint8_t, 16> short_out{};
        if (kind == "hash") {
            crypto::hash(out, {data});
        } else if (kind == "hmac") {
            crypto::hmac(out, key, {data});
        } else {
            crypto::mac(short_out, key, data);
        }
        CHECK((kind == "mac" ? vector_of(short_out) : vector_of(out)) == from_hex(expected));
    }
    CHECK(count == 84);
}

TEST_CASE("crypto/hash: the KDF gives what wireguard-go's gives") {
    struct known {
        const char* key;
        const char* input;
        const char* out[3];
    };
    const known all[] = {
        {"746573742d6b6579",
         "746573742d696e707574",
         {"6f0e5ad38daba1bea8a0d213688736f19763239305e0f58aba697f9ffc41c633",
          "df1194df20802a4fe594cde27e92991c8cae66c366e8106aaa937a55fa371e8a",
          "fac6e2745a325f5dc5d11a5b165aad08b0ada28e7b4e666b7c077934a4d76c24"}},
        {"776972656775617264",
         "776972656775617264",
         {"491d43bbfdaa8750aaf535e334ecbfe5129967cd64635101c566d4caefda96e8",
          "1e71a379baefd8a79aa4662212fcafe19a23e2b609a3db7d6bcba8f560e3d25f",
          "31e1ae48bddfbe5de38f295e5452b1909a1b4e38e183926af3780b0c1e1f0160"}},
        {"-",
         "-",
         {"8387b46bf43eccfcf349552a095d8315c4055beb90208fb1be23b894bc2ed5d0",
          "58a0e5f6faefccf4807bff1f05fa8a9217945762040bcec2f4b4a62bdfe0e86e",
          "0ce6ea98ec548f8e281e93e32db65621c45eb18dc6f0a7ad94178610a2f7338e"}},
    };
    for (const known& one : all) {
        crypto::digest a{}, b{}, c{};
        crypto::kdf(from_hex(one.key), from_hex(one.input), {a, b, c});
        CHECK(vector_of(a) == from_hex(one.out[0]));
        CHECK(vector_of(b) == from_hex(one.out[1]));
        CHECK(vector_of(c) == from_hex(one.out[2]));
        crypto::digest d{}, e{};
        crypto::kdf(from_hex(one.key), from_hex(one.input), {d, e});
        CHECK((d == a && e == b));
    }
}

TEST_CASE("crypto/hash: the KDF may write over its own key") {
    crypto::digest chain{1, 2, 3}, expected{};
    const std::array<std::uint8_t, 5> input{9, 8, 7};
    crypto::kdf(chain, input, {expected});
    crypto::kdf(chain, input, {chain});
    CHECK(chain == expected);
}
