// SPDX-License-Identifier: MIT
#include "delivery/ledger/note.h"

#include "delivery/ledger/lines.h"

#include <array>

namespace landfall::delivery::ledger {
namespace {

constexpr std::string_view dash = "\u2014 "; // before each signature
constexpr std::uint8_t ed25519_type = 0x01;
constexpr std::size_t id_octets = 4;
constexpr std::size_t id_digits = 2 * id_octets;

/// Octets of the character in front; 0 where it is not UTF-8 (RFC 3629, 4) or a control character
/// other than a newline.
std::size_t character_octets(std::string_view text) noexcept {
    const auto octet = [&](std::size_t at) {
        return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
    };
    const auto follows = [&](std::size_t at, unsigned low = 0x80, unsigned high = 0xBF) {
        return octet(at) >= low && octet(at) <= high;
    };
    const unsigned first = octet(0);
    if (first < 0x80) {
        return first >= 0x20 || first == '\n' ? 1 : 0;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return follows(1) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
        const unsigned high = first == 0xED ? 0x9F : 0xBF; // no surrogates
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned low = first == 0xF0 ? 0x90 : 0x80;
        const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

bool all_characters(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = character_octets(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::uint32_t big_endian(base::octets four) noexcept {
    return base::byte_reader(four).u32();
}

std::array<std::uint8_t, id_octets> id_of(std::uint32_t id) noexcept {
    return {static_cast<std::uint8_t>(id >> 24U), static_cast<std::uint8_t>(id >> 16U),
            static_cast<std::uint8_t>(id >> 8U), static_cast<std::uint8_t>(id)};
}

std::expected<note_signature, note_error> parse_signature(std::string_view line) {
    if (!line.starts_with(dash)) {
        return std::unexpected(note_error::signature);
    }
    line.remove_prefix(dash.size());
    const std::size_t space = line.find(' ');
    const auto octets = space == std::string_view::npos
                            ? std::nullopt
                            : crypto::parse_base64(line.substr(space + 1));
    if (!octets || octets->size() <= id_octets || !is_key_name(line.substr(0, space))) {
        return std::unexpected(note_error::signature);
    }
    return note_signature{line.substr(0, space),
                          big_endian(base::octets(*octets).first(id_octets)),
                          {octets->begin() + id_octets, octets->end()}};
}

std::string id_text(std::uint32_t id) {
    std::string text;
    for (unsigned digit = id_digits; digit-- > 0;) {
        text += "0123456789abcdef"[id >> (4 * digit) & 0xFU];
    }
    return text;
}

} // namespace

const char* name(note_error error) noexcept {
    switch (error) {
    case note_error::too_long:
        return "too_long";
    case note_error::characters:
        return "characters";
    case note_error::form:
        return "form";
    case note_error::signature:
        return "signature";
    case note_error::unknown_key:
        return "unknown_key";
    case note_error::bad_signature:
        return "bad_signature";
    case note_error::origin:
        return "origin";
    case note_error::size:
        return "size";
    case note_error::root:
        return "root";
    case note_error::extension:
        return "extension";
    case note_error::key:
        return "key";
    }
    return nullptr;
}

std::expected<signed_note, note_error> parse_note(std::string_view note) {
    if (note.size() > most_note_octets) {
        return std::unexpected(note_error::too_long);
    }
    if (!all_characters(note)) {
        return std::unexpected(note_error::characters);
    }
    const std::size_t blank = note.rfind("\n\n"); // the last one parts text and signatures
    if (blank == std::string_view::npos || blank + 2 == note.size() || note.back() != '\n') {
        return std::unexpected(note_error::form);
    }
    signed_note parsed{note.substr(0, blank + 1), {}};
    std::string_view rest = note.substr(blank + 2);
    while (const auto line = take_line(rest)) {
        auto signature = parse_signature(*line);
        if (!signature || parsed.signatures.size() == most_note_signatures) {
            return std::unexpected(note_error::signature);
        }
        parsed.signatures.push_back(std::move(*signature));
    }
    return parsed;
}

bool is_key_name(std::string_view name) noexcept {
    // Blanks beyond ASCII (Unicode White_Space): U+0085, U+00A0, and three octets from E1, E2, E3.
    const auto has = [&](std::string_view what) {
        return name.find(what) != std::string_view::npos;
    };
    for (const std::string_view blank :
         {"\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
          "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F",
          "\u3000"}) {
        if (has(blank)) {
            return false;
        }
    }
    return !name.empty() && !has(" ") && !has("+") && !has("\n") && all_characters(name);
}

std::uint32_t key_id(std::string_view name, const crypto::ed25519_public& key) noexcept {
    constexpr std::array<std::uint8_t, 2> between{'\n', ed25519_type};
    const digest hash = crypto::sha256({octets_of(name), between, key});
    return big_endian(base::octets(hash).first(id_octets));
}

std::string verifier_text(const note_key& key) {
    std::vector<std::uint8_t> octets{ed25519_type};
    octets.insert(octets.end(), key.octets.begin(), key.octets.end());
    return key.name + "+" + id_text(key_id(key.name, key.octets)) + "+" + crypto::base64(octets);
}

std::expected<note_key, note_error> parse_verifier(std::string_view text) {
    const std::size_t first = text.find('+');
    const std::size_t second = first == std::string_view::npos ? first : text.find('+', first + 1);
    if (second == std::string_view::npos || !is_key_name(text.substr(0, first))) {
        return std::unexpected(note_error::key);
    }
    note_key key{std::string(text.substr(0, first)), {}};
    const auto octets = crypto::parse_base64(text.substr(second + 1));
    if (!octets || octets->size() != key.octets.size() + 1 || octets->front() != ed25519_type) {
        return std::unexpected(note_error::key);
    }
    std::ranges::copy(octets->begin() + 1, octets->end(), key.octets.begin());
    if (text.substr(first + 1, second - first - 1) != id_text(key_id(key.name, key.octets))) {
        return std::unexpected(note_error::key);
    }
    return key;
}

std::expected<checkpoint, note_error> parse_checkpoint(std::string_view text) {
    const auto origin = take_line(text);
    if (!origin || origin->empty()) {
        return std::unexpected(note_error::origin);
    }
    const auto size_line = take_line(text);
    const auto size = size_line ? parse_decimal(*size_line) : std::nullopt;
    if (!size) {
        return std::unexpected(note_error::size);
    }
    const auto root_line = take_line(text);
    const auto root = root_line ? parse_digest(*root_line) : std::nullopt;
    if (!root || (*size == 0 && *root != empty_root())) {
        return std::unexpected(note_error::root);
    }
    while (!text.empty()) {
        const auto extension = take_line(text);
        if (!extension || extension->empty()) {
            return std::unexpected(note_error::extension);
        }
    }
    return checkpoint{std::string(*origin), {*size, *root}};
}

std::string sign_note(std::string_view text, std::string_view key_name,
                      const crypto::signing_key& key) {
    const auto id = id_of(key_id(key_name, key.public_key()));
    const auto signature = key.sign(octets_of(text));
    std::vector<std::uint8_t> octets(id.begin(), id.end());
    octets.insert(octets.end(), signature.begin(), signature.end());
    return std::string(text) + "\n" + std::string(dash) + std::string(key_name) + " " +
           crypto::base64(octets) + "\n";
}

std::string sign_checkpoint(const checkpoint& state, std::string_view key_name,
                            const crypto::signing_key& key) {
    return sign_note(state.origin + "\n" + std::to_string(state.tree.size) + "\n" +
                         crypto::base64(state.tree.root) + "\n",
                     key_name, key);
}

std::expected<void, note_error> check_note(const signed_note& note, const note_key& key) noexcept {
    for (const note_signature& line : note.signatures) {
        if ((!key.name.empty() && line.key_name != key.name) ||
            line.key_id != key_id(line.key_name, key.octets)) {
            continue;
        }
        crypto::ed25519_signature signature{};
        if (line.octets.size() != signature.size()) {
            return std::unexpected(note_error::bad_signature);
        }
        std::ranges::copy(line.octets, signature.begin());
        if (!crypto::verify(key.octets, octets_of(note.text), signature)) {
            return std::unexpected(note_error::bad_signature);
        }
        return {};
    }
    return std::unexpected(note_error::unknown_key);
}

std::expected<checkpoint, note_error> open_checkpoint(std::string_view note, const note_key& key) {
    const auto parsed = parse_note(note);
    if (!parsed) {
        return std::unexpected(parsed.error());
    }
    if (const auto good = check_note(*parsed, key); !good) {
        return std::unexpected(good.error());
    }
    return parse_checkpoint(parsed->text);
}

} // namespace landfall::delivery::ledger
