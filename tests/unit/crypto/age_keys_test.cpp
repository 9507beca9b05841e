// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "crypto/age_keys.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

using namespace landfall;
using namespace landfall::crypto;

namespace {

// C2SP age.md, "The X25519 recipient type": the identity is 32 times 0x42.
constexpr std::string_view identity =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
constexpr std::string_view recipient =
    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

} // namespace

TEST_CASE("crypto/age_keys: the published pair is read, and belongs together") {
    const auto opened = parse_age_identity(identity);
    const auto sealed = parse_age_recipient(recipient);
    REQUIRE(opened);
    REQUIRE(sealed);
    CHECK(std::ranges::all_of(opened->bytes(), [](std::uint8_t one) { return one == 0x42; }));
    CHECK(public_of(*opened) == *sealed);
    CHECK(age_recipient_text(*sealed) == recipient);
}

TEST_CASE("crypto/age_keys: what is written is read again") {
    base::random_source random(3);
    for (int i = 0; i < 200; ++i) {
        public_key key;
        for (std::uint8_t& octet : key.octet) {
            octet = static_cast<std::uint8_t>(random.bits());
        }
        const auto read = parse_age_recipient(age_recipient_text(key));
        REQUIRE(read);
        CHECK(*read == key);
    }
}

TEST_CASE("crypto/age_keys: every other length, every flipped bit and the other case are refused") {
    for (const std::string_view text : {recipient, identity}) {
        const auto refused = [&](std::string_view changed) {
            return !parse_age_recipient(changed) && !parse_age_identity(changed);
        };
        for (std::size_t length = 0; length < text.size(); ++length) {
            CHECK(refused(text.substr(0, length)));
        }
        CHECK(refused(std::string(text) + "q"));
        for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
            std::string changed(text);
            changed[bit / 8] =
                static_cast<char>(static_cast<unsigned char>(changed[bit / 8]) ^ 1U << bit % 8);
            CHECK_MESSAGE(refused(changed), changed);
        }
        std::string other(text);
        for (char& letter : other) {
            letter = static_cast<char>(letter >= 'a'   ? letter - 'a' + 'A'
                                       : letter >= 'A' ? letter - 'A' + 'a'
                                                       : letter);
        }
        CHECK(refused(other));
    }
}

TEST_CASE("crypto/age_keys: every reason is told") {
    const auto error_of = [](std::string_view text) { return parse_age_recipient(text).error(); };
    std::string changed(recipient);
    CHECK(error_of("age1") == age_key_error::length);
    changed[0] = 'b';
    CHECK(error_of(changed) == age_key_error::prefix);
    changed = recipient;
    changed[9] = 'b';
    CHECK(error_of(changed) == age_key_error::character);
    changed[9] = 'q';
    CHECK(error_of(changed) == age_key_error::checksum);
    // Zero and one are of low order (RFC 7748, 7).
    public_key weak;
    CHECK(error_of(age_recipient_text(weak)) == age_key_error::weak);
    weak.octet[0] = 1;
    CHECK(error_of(age_recipient_text(weak)) == age_key_error::weak);
    for (std::size_t i = 0; i < age_key_error_count; ++i) {
        CHECK(name(static_cast<age_key_error>(i)) != nullptr);
    }
}
