// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "crypto/age.h"
#include "crypto/age_keys.h"
#include "crypto/start.h"

#include <doctest/doctest.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace landfall;
using namespace landfall::crypto;

namespace {

using octet_vector = std::vector<std::uint8_t>;

/// Deterministic, and never the same twice.
randomness seeded(std::uint64_t seed) {
    return [source = std::make_shared<base::random_source>(seed)](std::span<std::uint8_t> out) {
        for (std::uint8_t& octet : out) {
            octet = static_cast<std::uint8_t>(source->bits());
        }
    };
}

octet_vector random_octets(std::size_t size, std::uint64_t seed) {
    octet_vector made(size);
    seeded(seed)(made);
    return made;
}

/// The file with `plain` written in pieces.
octet_vector seal(age_sealer& sealer, base::octets plain, std::size_t piece,
                  std::string_view stanzas = {}) {
    REQUIRE(sealer.begin());
    octet_vector payload;
    for (std::size_t at = 0; at < plain.size(); at += piece) {
        sealer.write(plain.subspan(at, std::min(piece, plain.size() - at)), payload);
    }
    CHECK(sealer.payload_octets(0) == age_payload_octets(plain.size()));
    sealer.finish(payload);
    CHECK(payload.size() == age_payload_octets(plain.size()));
    const std::string header = sealer.header(stanzas);
    CHECK(header.size() == sealer.header_octets(stanzas.size()));
    octet_vector file(header.begin(), header.end());
    file.insert(file.end(), payload.begin(), payload.end());
    return file;
}

std::vector<private_key> identities(std::size_t count, std::uint64_t seed) {
    const randomness random = seeded(seed);
    std::vector<private_key> made;
    for (std::size_t i = 0; i < count; ++i) {
        made.push_back(generate_private_key(random));
    }
    return made;
}

std::vector<public_key> recipients(std::span<const private_key> keys) {
    std::vector<public_key> made;
    for (const private_key& one : keys) {
        made.push_back(public_of(one));
    }
    return made;
}

constexpr std::array<std::size_t, 13> edges{0,      1,      65519,  65520,  65535,  65536, 65537,
                                            131071, 131072, 131073, 196607, 196608, 196609};

octet_vector octets_of(std::string_view text) {
    return {text.begin(), text.end()};
}

// C2SP CCTV: all of it sealed with the file key "YELLOW SUBMARINE".
constexpr std::string_view cctv_identity =
    "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";
constexpr std::string_view cctv_older_identity =
    "AGE-SECRET-KEY-1XMWWC06LY3EE5RYTXM9MFLAZ2U56JJJ36S0MYPDRWSVLUL66MV4QX3S7F6";

randomness cctv_randomness() {
    return [position = std::size_t{0}](std::span<std::uint8_t> out) mutable {
        if (position == 0) { // the file key
            std::ranges::copy(std::string_view("YELLOW SUBMARINE"), out.begin());
            position = 16;
            return;
        }
        octet_vector stream(position - 16 + out.size());
        const std::array<std::uint8_t, crypto_stream_chacha20_ietf_NONCEBYTES> nonce{};
        crypto_stream_chacha20_ietf(
            stream.data(), stream.size(), nonce.data(),
            reinterpret_cast<const unsigned char*>("TEST RANDOMNESS TEST RANDOMNESS!"));
        std::copy_n(stream.begin() + static_cast<std::ptrdiff_t>(position - 16), out.size(),
                    out.begin());
        position += out.size();
    };
}

std::vector<private_key> identity_of(std::string_view text) {
    auto key = parse_age_identity(text);
    REQUIRE(key);
    std::vector<private_key> made;
    made.push_back(std::move(*key));
    return made;
}

struct stock_folder {
    stock_folder()
        : path(std::filesystem::temp_directory_path() /
               ("landfall-age-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(path);
    }
    ~stock_folder() { std::filesystem::remove_all(path); }
    stock_folder(const stock_folder&) = delete;
    stock_folder& operator=(const stock_folder&) = delete;

    void write(const std::string& name, base::octets content) const {
        std::ofstream file(path / name, std::ios::binary);
        file.write(reinterpret_cast<const char*>(content.data()),
                   static_cast<std::streamsize>(content.size()));
    }
    [[nodiscard]] octet_vector read(const std::string& name) const {
        std::ifstream file(path / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    [[nodiscard]] int run(const std::string& command) const {
        return std::system(("cd " + path.string() + " && " + command + " 2>/dev/null").c_str());
    }
    [[nodiscard]] std::string line(const std::string& name) const {
        std::ifstream file(path / name);
        for (std::string text; std::getline(file, text);) {
            if (!text.starts_with('#')) {
                return text;
            }
        }
        return {};
    }

    std::filesystem::path path;
};

bool has_stock_age() {
    const bool found =
        std::system("command -v age >/dev/null && command -v age-keygen >/dev/null") == 0;
    if (!found) {
        MESSAGE("skipped: age is not installed");
    }
    return found;
}

} // namespace

TEST_CASE("crypto/age: the published headers come out octet for octet") {
    struct {
        std::string_view identity;
        std::string_view header;
    } const published[] = {
        {cctv_identity, "age-encryption.org/v1\n"
                        "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
                        "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n"
                        "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n"},
        {cctv_older_identity, "age-encryption.org/v1\n"
                              "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
                              "EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n"
                              "--- Vn+54jqiiUCE+WZcEVY3f1sqHjlu/z1LCQ/T7Xm7qI0\n"},
    };
    for (const auto& [identity, header] : published) {
        const auto keys = identity_of(identity);
        age_sealer sealer(recipients(keys), cctv_randomness());
        REQUIRE(sealer.begin());
        CHECK(sealer.header() == header);
    }
    // Another stanza after that of the recipient.
    age_sealer sealer(recipients(identity_of(cctv_older_identity)), cctv_randomness());
    REQUIRE(sealer.begin());
    CHECK(sealer.header("-> empty\n\n")
              .ends_with("-> empty\n\n--- 697zSC9pa/ZLNIaXGtuwcUobmxv+Dpx48Hv0papk5c0\n"));
}

TEST_CASE("crypto/age: published files are refused for the right reason") {
    const auto error_of = [](std::string_view identity, std::string_view text) {
        const opened result = open_age(octets_of(text), identity_of(identity));
        CHECK(result.plain.empty());
        REQUIRE(!result.all);
        return result.all.error();
    };
    CHECK(error_of(cctv_identity,
                   "age-encryption.org/v1\n"
                   "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
                   "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n"
                   "--- WyJp9F/9FOZh7gJdheq2WIJcwHgYc8NIVh3ddwhrcNg\n") == age_error::nonce);
    CHECK(error_of(cctv_identity,
                   "age-encryption.org/v1\n"
                   "-> X25519 X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEdc\n"
                   "3E0NpFans/m0WLWF7+54ZBdNj3iqQqpraGDFiaRkvBA\n"
                   "--- sXw327YMT1/ULXe+ZyRMbMY0Z2jnWHGgI9j1we6yQ8A\n") == age_error::header);
    CHECK(error_of(cctv_identity,
                   "age-encryption.org/v1\n"
                   "-> x25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
                   "hjabGXwSLQ9c3S6Lw2i+S2Tu2fiwQHHslbBN6B41FLE\n"
                   "--- AYeVZK262kiO9KRKUZNEldKRzXDG1vPMXdWs2fF0iJY\n") == age_error::no_match);
    CHECK(error_of(cctv_older_identity,
                   "age-encryption.org/v1\n"
                   "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
                   "EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n"
                   "-> stanza\n"
                   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                   "--- GRjUy1ShNhFoV3cQikdtUZqDeDEZSrbtNXUgDtDbwC8\n") == age_error::header);
    // Good up to the payload: all characters that an argument may have.
    CHECK(error_of(cctv_older_identity,
                   "age-encryption.org/v1\n"
                   "-> !\"#$%&' ()*+,-./ 01234567 89:;<=>? @ABCDEFG HIJKLMNO\n\n"
                   "-> PQRSTUVW XYZ[\\]^_ `abcdefg hijklmno pqrstuvw xyz{|}~\n\n"
                   "-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n"
                   "EmECAEcKN+n/Vs9SbWiV+Hu0r+E8R77DdWYyd83nw7U\n"
                   "--- x538z9xJq9XEK1aTTTv80aWDVvVdROvaXn2tpqXPC8g\n") == age_error::nonce);
}

TEST_CASE("crypto/age: each recipient opens files of every size around a chunk's edge") {
    const auto keys = identities(3, 1);
    age_sealer sealer(recipients(keys), seeded(2));
    for (const std::size_t size : edges) {
        const octet_vector plain = random_octets(size, size);
        const octet_vector file = seal(sealer, plain, 1 + size / 7);
        for (const private_key& one : keys) {
            const opened result = open_age(file, {&one, 1});
            CHECK(result.all.has_value());
            CHECK(result.plain == plain);
        }
        const auto stranger = identities(1, 99);
        CHECK(open_age(file, stranger).all.error() == age_error::no_match);
    }
}

TEST_CASE("crypto/age: no two files have keys or nonces in common") {
    const auto keys = identities(1, 1);
    age_sealer sealer(recipients(keys), seeded(2));
    const octet_vector plain = random_octets(100, 1);
    const octet_vector one = seal(sealer, plain, 100);
    const octet_vector other = seal(sealer, plain, 100);
    CHECK(!std::equal(one.end() - 116, one.end(), other.end() - 116));
    CHECK(!std::equal(one.begin() + 32, one.begin() + 70, other.begin() + 32));
}

TEST_CASE("crypto/age: every truncation and every flipped bit is seen") {
    const auto keys = identities(1, 1);
    age_sealer sealer(recipients(keys), seeded(2));
    const octet_vector plain = random_octets(40, 1);
    const octet_vector file = seal(sealer, plain, 40, "-> landfall/segment a=b\n\n");
    REQUIRE(open_age(file, keys).all);
    for (std::size_t length = 0; length < file.size(); ++length) {
        const opened result = open_age(base::octets(file).first(length), keys);
        CHECK_MESSAGE(!result.all, length);
        CHECK(result.plain.empty());
    }
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
        octet_vector changed = file;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        CHECK_MESSAGE(!open_age(changed, keys).all, bit);
    }
    octet_vector longer = file;
    longer.push_back(0);
    CHECK(!open_age(longer, keys).all);
}

TEST_CASE(
    "crypto/age: a file cut at a chunk's edge gives its whole chunks, and is told to be cut") {
    const auto keys = identities(1, 1);
    age_sealer sealer(recipients(keys), seeded(2));
    const octet_vector plain = random_octets(3 * age_chunk_octets, 1);
    const octet_vector file = seal(sealer, plain, 4096);
    const std::size_t chunk = age_chunk_octets + age_tag_octets;
    const opened cut = open_age(base::octets(file).first(file.size() - chunk), keys);
    CHECK(cut.all.error() == age_error::cut);
    CHECK(cut.plain.size() == 2 * age_chunk_octets);
    CHECK(std::equal(cut.plain.begin(), cut.plain.end(), plain.begin()));
    octet_vector longer = file;
    longer.resize(file.size() + 20);
    CHECK(open_age(longer, keys).all.error() == age_error::trailing);
    octet_vector changed = file;
    changed[file.size() - chunk - 1] ^= 1U;
    const opened bad = open_age(changed, keys);
    CHECK(bad.all.error() == age_error::chunk);
    CHECK(bad.plain.size() == age_chunk_octets);
}

TEST_CASE("crypto/age: a recipient of low order is refused") {
    age_sealer sealer({public_key{}}, seeded(1));
    CHECK(!sealer.begin());
}

TEST_CASE("crypto/age: the stock tool opens what is sealed here, for each of its recipients") {
    if (!has_stock_age()) {
        return;
    }
    const stock_folder folder;
    std::vector<public_key> keys;
    for (const std::string name : {"k1", "k2"}) {
        REQUIRE(folder.run("age-keygen -o " + name + " && age-keygen -y " + name + " >" + name +
                           ".pub") == 0);
        const auto key = parse_age_recipient(folder.line(name + ".pub"));
        REQUIRE(key);
        keys.push_back(*key);
    }
    age_sealer sealer(keys, fill_random);
    for (const std::size_t size : edges) {
        const octet_vector plain = random_octets(size, size);
        folder.write("file", seal(sealer, plain, 5000, "-> landfall/segment first=1 of=a%20b\n\n"));
        for (const std::string name : {"k1", "k2"}) {
            REQUIRE(folder.run("age -d -i " + name + " -o plain file") == 0);
            CHECK(folder.read("plain") == plain);
        }
    }
    const octet_vector file = folder.read("file");
    folder.write("cut", base::octets(file).first(file.size() - 1));
    CHECK(folder.run("age -d -i k1 -o plain cut") != 0);
}

TEST_CASE("crypto/age: what the stock tool seals is opened here") {
    if (!has_stock_age()) {
        return;
    }
    const stock_folder folder;
    REQUIRE(folder.run("age-keygen -o k && age-keygen -y k >k.pub") == 0);
    const auto keys = identity_of(folder.line("k"));
    for (const std::size_t size : edges) {
        const octet_vector plain = random_octets(size, size);
        folder.write("plain", plain);
        REQUIRE(folder.run("age -R k.pub -o file plain") == 0);
        const opened result = open_age(folder.read("file"), keys);
        CHECK(result.all.has_value());
        CHECK(result.plain == plain);
        std::filesystem::remove(folder.path / "file");
    }
}

TEST_CASE("crypto/age: every error has a name") {
    for (std::size_t i = 0; i < age_error_count; ++i) {
        CHECK(name(static_cast<age_error>(i)) != nullptr);
    }
}
