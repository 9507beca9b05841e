// SPDX-License-Identifier: MIT
#include "crypto/age.h"
#include "crypto/age_kdf.h"

#include <sodium.h>

#include <algorithm>
#include <optional>

namespace landfall::crypto {
namespace {

constexpr std::size_t body_columns = 64;

using file_key = wiped<age_file_key_octets>;

/// Lines of a text, without their line feeds.
class line_reader {
  public:
    explicit line_reader(std::string_view text) noexcept : text_(text) {}

    /// Nothing where no line feed follows.
    std::optional<std::string_view> next() noexcept {
        const std::size_t end = text_.find('\n', at_);
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view line = text_.substr(at_, end - at_);
        at_ = end + 1;
        return line;
    }
    [[nodiscard]] std::size_t position() const noexcept { return at_; }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

/// argument *(SP argument), argument = 1*VCHAR
bool are_arguments(std::string_view text) noexcept {
    const bool printed = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
    return printed && !text.empty() && text.front() != ' ' && text.back() != ' ' &&
           text.find("  ") == std::string_view::npos;
}

/// A line of a body: canonical base64.
bool is_body_line(std::string_view line) noexcept {
    std::array<std::uint8_t, body_columns * 6 / 8> octets{};
    return line.size() <= body_columns && line.size() % 4 != 1 &&
           parse_age_base64(line, std::span(octets).first(line.size() * 6 / 8));
}

/// Everything up to the line that is shorter than the others; false where it is malformed.
bool read_body(line_reader& lines, std::string_view text, age_stanza& stanza) noexcept {
    const std::size_t begin = lines.position();
    for (auto line = lines.next(); line && is_body_line(*line); line = lines.next()) {
        if (line->size() < body_columns) {
            stanza.body = text.substr(begin, lines.position() - begin - 1);
            return true;
        }
    }
    return false;
}

enum class unwrapped : std::uint8_t { no, yes, malformed };

/// C2SP age.md, "X25519 recipient stanza".
unwrapped unwrap(const age_stanza& stanza, std::span<const private_key> identities, file_key& out) {
    constexpr std::string_view type = "X25519";
    const std::size_t blank = std::min(stanza.arguments.find(' '), stanza.arguments.size());
    if (stanza.arguments.substr(0, blank) != type) {
        return unwrapped::no;
    }
    public_key share;
    std::array<std::uint8_t, age_wrapped_octets> body{};
    if (blank == stanza.arguments.size() ||
        !parse_age_base64(stanza.arguments.substr(blank + 1), share.octet) ||
        !parse_age_base64(stanza.body, body)) {
        return unwrapped::malformed;
    }
    for (const private_key& identity : identities) {
        wiped<key_octets> shared;
        if (!shared_secret(shared, identity.bytes(), share)) {
            return unwrapped::malformed;
        }
        wiped<32> key;
        age_wrap_key(key, shared, share.octet, public_of(identity));
        const std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> zero{};
        if (crypto_aead_chacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, body.data(),
                                                      body.size(), nullptr, 0, zero.data(),
                                                      key.data()) == 0) {
            return unwrapped::yes;
        }
    }
    return unwrapped::no;
}

/// The first stanza that opens decides; one that is malformed spoils the file.
std::expected<void, age_error> find_key(const age_header& header,
                                        std::span<const private_key> identities, file_key& out) {
    for (const age_stanza& stanza : header.stanzas) {
        switch (unwrap(stanza, identities, out)) {
        case unwrapped::malformed:
            return std::unexpected(age_error::header);
        case unwrapped::yes: {
            std::array<std::uint8_t, 32> mac{};
            age_header_mac(mac, out, header.authenticated);
            return same(mac, header.mac) ? std::expected<void, age_error>{}
                                         : std::unexpected(age_error::mac);
        }
        case unwrapped::no:
            break;
        }
    }
    return std::unexpected(age_error::no_match);
}

std::expected<void, age_error> open_chunks(base::octets sealed, base::octets key,
                                           std::vector<std::uint8_t>& plain) {
    constexpr std::size_t whole = age_chunk_octets + age_tag_octets;
    for (std::uint64_t number = 0;; ++number) {
        const base::octets chunk = sealed.first(std::min(whole, sealed.size()));
        if (chunk.size() < age_tag_octets) {
            return std::unexpected(age_error::cut);
        }
        const std::size_t at = plain.size();
        plain.resize(at + chunk.size() - age_tag_octets);
        const auto open = [&](bool last) {
            const auto nonce = age_chunk_nonce(number, last);
            return crypto_aead_chacha20poly1305_ietf_decrypt(plain.data() + at, nullptr, nullptr,
                                                             chunk.data(), chunk.size(), nullptr, 0,
                                                             nonce.data(), key.data()) == 0;
        };
        sealed = sealed.subspan(chunk.size());
        const bool is_last = sealed.empty();
        if (is_last ? open(true) : open(false)) {
            if (is_last && number > 0 && plain.size() == at) {
                return std::unexpected(age_error::chunk); // only an empty file has an empty chunk
            }
            if (is_last) {
                return {};
            }
            continue;
        }
        const bool other = chunk.size() == whole && open(!is_last);
        if (!other || !is_last) {
            plain.resize(at);
        }
        return std::unexpected(!other    ? age_error::chunk
                               : is_last ? age_error::cut
                                         : age_error::trailing);
    }
}

} // namespace

const char* name(age_error error) noexcept {
    switch (error) {
    case age_error::version:
        return "version";
    case age_error::header:
        return "header";
    case age_error::no_match:
        return "no_match";
    case age_error::mac:
        return "mac";
    case age_error::nonce:
        return "nonce";
    case age_error::chunk:
        return "chunk";
    case age_error::cut:
        return "cut";
    case age_error::trailing:
        return "trailing";
    }
    return nullptr;
}

std::expected<age_header, age_error> parse_age_header(base::octets file) {
    const base::octets begin = file.first(std::min(file.size(), most_age_header_octets));
    const std::string_view text(reinterpret_cast<const char*>(begin.data()), begin.size());
    if (!text.starts_with(age_version_line)) {
        return std::unexpected(age_error::version);
    }
    line_reader lines(text);
    static_cast<void>(lines.next());
    age_header header;
    for (;;) {
        const std::size_t at = lines.position();
        const auto line = lines.next();
        if (line && line->starts_with("--- ") && !header.stanzas.empty() &&
            parse_age_base64(line->substr(4), header.mac)) {
            header.authenticated = text.substr(0, at + 3);
            header.octets = lines.position();
            return header;
        }
        age_stanza stanza;
        if (!line || !line->starts_with("-> ") || !are_arguments(line->substr(3)) ||
            header.stanzas.size() == most_age_stanzas || !read_body(lines, text, stanza)) {
            return std::unexpected(age_error::header);
        }
        stanza.arguments = line->substr(3);
        header.stanzas.push_back(stanza);
    }
}

opened open_age(base::octets file, std::span<const private_key> identities) {
    const auto header = parse_age_header(file);
    if (!header) {
        return {{}, std::unexpected(header.error())};
    }
    file_key key;
    if (const auto found = find_key(*header, identities, key); !found) {
        return {{}, found};
    }
    const base::octets payload = file.subspan(header->octets);
    if (payload.size() < age_nonce_octets) {
        return {{}, std::unexpected(age_error::nonce)};
    }
    wiped<32> payload_key;
    hkdf_sha256(payload_key, key, {payload.first(age_nonce_octets)}, "payload");
    opened result;
    result.plain.reserve(payload.size());
    result.all = open_chunks(payload.subspan(age_nonce_octets), payload_key, result.plain);
    return result;
}

} // namespace landfall::crypto
