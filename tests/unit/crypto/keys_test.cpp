// SPDX-License-Identifier: MIT
#include "crypto/keys.h"
#include "crypto/start.h"
#include "tests/support/hex.h"
#include "tests/support/tunnel_world.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

using namespace landfall;
using namespace landfall::crypto;

namespace {

const std::string good = "d8d5BQCaaTkFcT8pSgpRbXJsPK6XC7GbVSDFBAEWXBc=";

struct folder {
    std::filesystem::path path;
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "landfall-keys-XXXXXX");
        path = ::mkdtemp(name.data());
    }
    ~folder() { std::filesystem::remove_all(path); }
    std::string write(const std::string& text, mode_t mode = 0600) const {
        const std::string name = path / "key";
        std::filesystem::remove(name);
        std::ofstream(name) << text;
        ::chmod(name.c_str(), mode);
        return name;
    }
};

} // namespace

TEST_CASE("crypto/keys: the text form goes both ways") {
    const auto random = test::seeded(7);
    for (int i = 0; i < 100; ++i) {
        const private_key key = generate_private_key(random);
        const std::string text = secret_text(key);
        CHECK(text.size() == key_text_characters);
        CHECK(parse_secret_key(text).value() == key);
        CHECK(parse_public_key(to_text(public_of(key))).value() == public_of(key));
    }
}

TEST_CASE("crypto/keys: every truncation and every other form is refused") {
    REQUIRE(parse_public_key(good));
    for (std::size_t length = 0; length < good.size(); ++length) {
        CHECK(parse_public_key(good.substr(0, length)).error() == key_error::length);
    }
    for (const std::string& wrong : {good + "=", good + "\n", " " + good}) {
        CHECK(parse_public_key(wrong).error() == key_error::length);
    }
    std::string changed = good;
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (const char wrong : {'-', '_', ' ', '\n', '\0', '!', '\x80', '='}) {
            changed[i] = wrong;
            CHECK((changed == good || parse_public_key(changed).error() == key_error::character));
        }
        changed[i] = good[i];
    }
    // The last character has two bits of nothing, which must be 0.
    for (const char last : {'d', 'e', 'f'}) {
        changed[42] = last;
        CHECK(parse_public_key(changed).error() == key_error::character);
    }
    changed = good;
    changed[43] = 'A'; // 33 octets
    CHECK(parse_public_key(changed).error() == key_error::character);
}

TEST_CASE("crypto/keys: a public key of zeros is none, a pre-shared one is") {
    const std::string zeros(43, 'A');
    CHECK(parse_public_key(zeros + "=").error() == key_error::zero);
    CHECK(parse_secret_key(zeros + "=").value().zero());
}

TEST_CASE("crypto/keys: a shared secret with a point of low order is refused") {
    const private_key key = generate_private_key(test::seeded(1));
    for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                              "0100000000000000000000000000000000000000000000000000000000000000",
                              "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                              "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                              "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
        CAPTURE(point);
        public_key low;
        const auto octets = test::from_hex(point);
        std::copy(octets.begin(), octets.end(), low.octet.begin());
        wiped<32> out;
        CHECK_FALSE(shared_secret(out, key.bytes(), low));
    }
}

TEST_CASE("crypto/keys: secrets are moved, compared and wiped") {
    static_assert(!std::is_copy_constructible_v<private_key>);
    static_assert(!std::is_copy_assignable_v<private_key>);
    private_key one = generate_private_key(test::seeded(1));
    const private_key same_one = private_key::copy_of(one.bytes());
    CHECK(one == same_one);
    const private_key moved = std::move(one);
    CHECK(moved == same_one);
    CHECK_FALSE(moved == generate_private_key(test::seeded(2)));
    CHECK(private_key().zero());
    std::array<std::uint8_t, 32> seen{};
    const std::uint8_t* where = nullptr;
    {
        auto* held = new wiped<32>; // NOLINT(*-owning-memory): its memory outlives its destruction
        held->fill(7);
        where = held->data();
        std::destroy_at(held);
        std::copy_n(where, 32, seen.begin());
        ::operator delete(held);
    }
    CHECK(all_zero(seen));
}

TEST_CASE("crypto/keys: a key file is one line; what follows may be blank") {
    const folder here;
    for (const char* end : {"", "\n", "\r\n", "  \n\n"}) {
        const auto file = read_key_file(here.write(good + end));
        REQUIRE(file);
        CHECK(secret_text(file->key) == good);
        CHECK(file->warning.empty());
    }
    for (const std::string& text :
         {std::string(), std::string("\n"), good + good, good + "\nx", " " + good, good.substr(1),
          std::string(500, '\n') + good, good + std::string(100, '\n'), std::string(44, '\0')}) {
        CAPTURE(text);
        const auto file = read_key_file(here.write(text));
        REQUIRE_FALSE(file);
        CHECK(file.error().code == base::exit_code::bad_configuration);
        CHECK(file.error().message.find((here.path / "key").string()) != std::string::npos);
        CHECK(file.error().message.find("holds no key") != std::string::npos);
        CHECK(file.error().message.find(good.substr(1, 20)) == std::string::npos);
    }
}

TEST_CASE("crypto/keys: a key file that is missing, a folder, or open to others is told of") {
    const folder here;
    const auto missing = read_key_file(here.path / "nothing");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == base::exit_code::bad_configuration);
    CHECK(missing.error().message.find("No such file") != std::string::npos);
    CHECK_FALSE(read_key_file(here.path));
    CHECK(read_key_file(here.write(good, 0644)).value().warning.find("chmod 600") !=
          std::string::npos);
    if (::geteuid() != 0) { // root reads everything
        const auto closed = read_key_file(here.write(good, 0000));
        REQUIRE_FALSE(closed);
        CHECK(closed.error().code == base::exit_code::no_permission);
    }
}
