// SPDX-License-Identifier: MIT
#include "crypto/keys.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace landfall::crypto {
namespace {

using key_text = wiped<key_text_characters + 1>;

void encode(base::octets octets, key_text& out) noexcept {
    sodium_bin2base64(reinterpret_cast<char*>(out.data()), out.size(), octets.data(), octets.size(),
                      sodium_base64_VARIANT_ORIGINAL);
}

std::string encode(base::octets octets) {
    key_text text;
    encode(octets, text);
    return {text.begin(), text.begin() + key_text_characters};
}

/// `text` has the right length.
bool decode(std::string_view text, std::span<std::uint8_t, key_octets> out) noexcept {
    std::size_t length = 0;
    if (sodium_base642bin(out.data(), out.size(), text.data(), text.size(), nullptr, &length,
                          nullptr, sodium_base64_VARIANT_ORIGINAL) != 0 ||
        length != out.size()) {
        return false;
    }
    // libsodium 1.0.18 takes octets from 0x80 up for letters: only what is written so again is
    // good.
    key_text again;
    encode(out, again);
    return same(base::octets(again).first(key_text_characters),
                {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::unexpected<base::failure> refuse(const std::string& path, const std::string& what, int code) {
    return std::unexpected(base::failure{"key file '" + path + "': " + what, code});
}

std::unexpected<base::failure> refuse_errno(const std::string& path) {
    const int code = errno == EACCES || errno == EPERM ? base::exit_code::no_permission
                                                       : base::exit_code::bad_configuration;
    return refuse(path, std::strerror(errno), code);
}

struct descriptor {
    int number;
    ~descriptor() {
        if (number >= 0) {
            ::close(number);
        }
    }
};

} // namespace

const char* name(key_error error) noexcept {
    switch (error) {
    case key_error::length:
        return "length";
    case key_error::character:
        return "character";
    case key_error::zero:
        return "zero";
    }
    return nullptr;
}

std::expected<public_key, key_error> parse_public_key(std::string_view text) noexcept {
    public_key key;
    if (text.size() != key_text_characters) {
        return std::unexpected(key_error::length);
    }
    if (!decode(text, key.octet)) {
        return std::unexpected(key_error::character);
    }
    if (all_zero(key.octet)) {
        return std::unexpected(key_error::zero);
    }
    return key;
}

std::expected<secret<key_octets>, key_error> parse_secret_key(std::string_view text) {
    secret<key_octets> key;
    if (text.size() != key_text_characters) {
        return std::unexpected(key_error::length);
    }
    if (!decode(text, key.bytes())) {
        return std::unexpected(key_error::character);
    }
    return key;
}

std::string to_text(const public_key& key) {
    return encode(key.octet);
}

std::string secret_text(const secret<key_octets>& key) {
    return encode(key.bytes());
}

private_key generate_private_key(const randomness& random) {
    private_key key;
    random(key.bytes());
    key.bytes()[0] &= 0xF8U;
    key.bytes()[31] = static_cast<std::uint8_t>((key.bytes()[31] & 0x7FU) | 0x40U);
    return key;
}

preshared_key generate_preshared_key(const randomness& random) {
    preshared_key key;
    random(key.bytes());
    return key;
}

bool is_clamped(const private_key& key) noexcept {
    const auto octets = key.bytes();
    return (octets.front() & 0x07U) == 0 && (octets.back() & 0xC0U) == 0x40;
}

public_key public_of(const private_key& key) noexcept {
    public_key made;
    crypto_scalarmult_base(made.octet.data(), key.bytes().data());
    return made;
}

bool shared_secret(std::span<std::uint8_t, key_octets> out,
                   std::span<const std::uint8_t, key_octets> ours,
                   const public_key& theirs) noexcept {
    return crypto_scalarmult(out.data(), ours.data(), theirs.octet.data()) == 0 && !all_zero(out);
}

base::result<key_file> read_key_file(const std::string& path) {
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
    struct stat about{};
    if (file.number < 0 || ::fstat(file.number, &about) != 0) {
        return refuse_errno(path);
    }
    // A key, and a few blanks; one more octet tells that there is more.
    wiped<key_text_characters + 20> text;
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t got = ::read(file.number, text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return refuse_errno(path);
        }
        if (got == 0) {
            break;
        }
        length += static_cast<std::size_t>(got);
    }
    const std::size_t whole = length;
    while (length > 0 && std::strchr(" \t\r\n", text[length - 1]) != nullptr &&
           text[length - 1] != 0) {
        --length;
    }
    std::array<char, key_text_characters> characters{};
    std::memcpy(characters.data(), text.data(), characters.size());
    auto key = length == key_text_characters && whole < text.size()
                   ? parse_secret_key({characters.data(), characters.size()})
                   : std::unexpected(key_error::length);
    wipe(characters.data(), characters.size());
    if (!key) {
        return refuse(path,
                      key.error() == key_error::length
                          ? "holds no key: 44 characters of base64 on one line are expected"
                          : "holds no key: these 44 characters are not base64 of 32 octets",
                      base::exit_code::bad_configuration);
    }
    std::string warning;
    if ((about.st_mode & S_IRWXO) != 0) {
        warning = "key file '" + path + "': others may read or change it; `chmod 600` it";
    }
    return key_file{std::move(*key), std::move(warning)};
}

} // namespace landfall::crypto
