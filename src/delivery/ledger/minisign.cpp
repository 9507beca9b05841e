// SPDX-License-Identifier: MIT
#include "delivery/ledger/minisign.h"

#include "delivery/ledger/lines.h"

#include <array>
#include <vector>

namespace landfall::delivery::ledger {
namespace {

constexpr std::string_view untrusted = "untrusted comment: ";
constexpr std::string_view trusted = "trusted comment: ";
constexpr std::size_t mark_octets = 2;
constexpr std::size_t number_octets = 8;
constexpr std::array<std::uint8_t, mark_octets> key_mark{'E', 'd'};
constexpr std::array<std::uint8_t, mark_octets> signature_mark{'E', 'D'}; // of a digest

using octet_vector = std::vector<std::uint8_t>;

octet_vector joined(std::initializer_list<base::octets> parts) {
    octet_vector octets;
    for (const base::octets part : parts) {
        for (const std::uint8_t octet : part) {
            octets.push_back(octet);
        }
    }
    return octets;
}

/// minisign draws a key's number; ours is the key's own, so that it need not be kept.
octet_vector numbered(base::octets mark, const crypto::ed25519_public& key, base::octets what) {
    const digest hash = crypto::sha256({key});
    return joined({mark, base::octets(hash).first(number_octets), what});
}

/// The last 64 octets of a line's base64, which is of `size` octets.
std::optional<crypto::ed25519_signature> signature_of(const std::optional<octet_vector>& octets,
                                                      std::size_t size) {
    crypto::ed25519_signature signature{};
    if (!octets || octets->size() != size) {
        return std::nullopt;
    }
    std::ranges::copy(octets->end() - std::ssize(signature), octets->end(), signature.begin());
    return signature;
}

bool begins_with(base::octets data, base::octets mark) {
    return data.size() >= mark.size() && std::ranges::equal(data.first(mark.size()), mark);
}

} // namespace

const char* name(minisign_error error) noexcept {
    switch (error) {
    case minisign_error::form:
        return "form";
    case minisign_error::base64:
        return "base64";
    case minisign_error::key:
        return "key";
    case minisign_error::content:
        return "content";
    case minisign_error::comment:
        return "comment";
    }
    return nullptr;
}

std::string minisign_signature(const crypto::signing_key& key, base::octets content,
                               std::string_view comment) {
    const auto signature = key.sign(crypto::blake2b512(content));
    const auto global = key.sign(joined({signature, octets_of(comment)}));
    return std::string(untrusted) + "verify with the ledger's public key\n" +
           crypto::base64(numbered(signature_mark, key.public_key(), signature)) + "\n" +
           std::string(trusted) + std::string(comment) + "\n" + crypto::base64(global) + "\n";
}

std::expected<void, minisign_error> check_minisign(std::string_view signature, base::octets content,
                                                   const crypto::ed25519_public& key) {
    const auto untrusted_line = take_line(signature);
    const auto signature_line = take_line(signature);
    const auto comment_line = take_line(signature);
    const auto global_line = take_line(signature);
    if (!global_line || !signature.empty() || !untrusted_line->starts_with(untrusted) ||
        !comment_line->starts_with(trusted)) {
        return std::unexpected(minisign_error::form);
    }
    const auto octets = crypto::parse_base64(*signature_line);
    const auto own = signature_of(octets, mark_octets + number_octets + 64);
    const auto global = signature_of(crypto::parse_base64(*global_line), 64);
    if (!own || !global) {
        return std::unexpected(minisign_error::base64);
    }
    if (!begins_with(*octets, numbered(signature_mark, key, {}))) {
        return std::unexpected(minisign_error::key);
    }
    if (!crypto::verify(key, crypto::blake2b512(content), *own)) {
        return std::unexpected(minisign_error::content);
    }
    if (!crypto::verify(key, joined({*own, octets_of(comment_line->substr(trusted.size()))}),
                        *global)) {
        return std::unexpected(minisign_error::comment);
    }
    return {};
}

std::string minisign_key(const crypto::ed25519_public& key) {
    return std::string(untrusted) + "public key of a Landfall ledger\n" +
           crypto::base64(numbered(key_mark, key, key)) + "\n";
}

std::expected<crypto::ed25519_public, minisign_error> parse_minisign_key(std::string_view text) {
    if (text.starts_with(untrusted) && !take_line(text)) {
        return std::unexpected(minisign_error::form);
    }
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.size() + 1 < text.size()) {
        return std::unexpected(minisign_error::form);
    }
    crypto::ed25519_public key{};
    const auto octets = crypto::parse_base64(line);
    if (!octets || octets->size() != mark_octets + number_octets + key.size()) {
        return std::unexpected(minisign_error::base64);
    }
    if (!begins_with(*octets, key_mark)) {
        return std::unexpected(minisign_error::key);
    }
    std::ranges::copy(octets->end() - std::ssize(key), octets->end(), key.begin());
    return key;
}

std::string pem_key(const crypto::ed25519_public& key) {
    // SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING }
    constexpr std::array<std::uint8_t, 12> prefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                  0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    return "-----BEGIN PUBLIC KEY-----\n" + crypto::base64(joined({prefix, key})) +
           "\n-----END PUBLIC KEY-----\n";
}

} // namespace landfall::delivery::ledger
