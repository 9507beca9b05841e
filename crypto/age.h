// SPDX-License-Identifier: MIT
// The age v1 file format (C2SP age.md): what is sealed for X25519 recipients, any of whom opens it.
//
//   header   "age-encryption.org/v1", a stanza for each recipient, others, "--- " and a MAC
//   payload  a nonce of 16 octets, then chunks of 65,536 octets and a tag each; the last is marked
//
// The stock `age` reads what is written here. Not written: armor, passphrases, post-quantum keys.
#pragma once

#include "base/bytes.h"
#include "crypto/keys.h"
#include "crypto/secret.h"

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::crypto {

inline constexpr std::size_t age_nonce_octets = 16;
inline constexpr std::size_t age_chunk_octets = 65536;
inline constexpr std::size_t age_tag_octets = 16;
inline constexpr std::size_t most_age_recipients = 16;
/// Of a header that is read, with all its stanzas.
inline constexpr std::size_t most_age_header_octets = 65536;
inline constexpr std::size_t most_age_stanzas = 128;

/// Octets of a payload of `plain` octets.
[[nodiscard]] constexpr std::uint64_t age_payload_octets(std::uint64_t plain) noexcept {
    const std::uint64_t chunks = plain == 0 ? 1 : (plain + age_chunk_octets - 1) / age_chunk_octets;
    return age_nonce_octets + plain + chunks * age_tag_octets;
}

/// Writes one file after the other, each under keys of its own. Keys and plain text are wiped.
class age_sealer {
  public:
    /// One to `most_age_recipients` keys as `parse_age_recipient` gives them.
    age_sealer(std::vector<public_key> recipients, randomness random);

    /// A new file. Draws 16 octets of file key, 32 for each recipient, 16 of nonce. What was begun
    /// before is given up. False where a recipient is of low order.
    [[nodiscard]] bool begin();
    /// Appends to the payload what chunks are whole and not the last.
    void write(base::octets plain, std::vector<std::uint8_t>& payload);
    /// Appends the last chunk.
    void finish(std::vector<std::uint8_t>& payload);
    /// After `begin`, at any time: the whole header. `stanzas` are more of them, well-formed, which
    /// readers pass over: "-> TYPE ARGUMENT...\nBODY\n" each.
    [[nodiscard]] std::string header(std::string_view stanzas = {});
    /// Octets of a header with `stanzas` octets of others.
    [[nodiscard]] std::size_t header_octets(std::size_t stanzas) const noexcept;
    /// Octets that the payload would have with `more` octets of plain text.
    [[nodiscard]] std::uint64_t payload_octets(std::size_t more) const noexcept {
        return age_payload_octets(written_ + more);
    }

  private:
    struct keys {
        std::array<std::uint8_t, 16> file;
        std::array<std::uint8_t, key_octets> payload;
        std::array<std::uint8_t, age_chunk_octets> chunk; ///< plain text that waits
    };

    [[nodiscard]] bool wrap(const public_key& recipient);
    void seal_chunk(bool last, std::vector<std::uint8_t>& payload);

    std::vector<public_key> recipients_;
    randomness random_;
    locked_array<keys> keys_;
    std::array<std::uint8_t, age_nonce_octets> nonce_{};
    std::string stanzas_;
    std::size_t waiting_ = 0; ///< octets of the chunk
    std::uint64_t chunks_ = 0;
    std::uint64_t written_ = 0; ///< octets of plain text
};

/// Why a file does not open. Each is a metric label.
enum class age_error : std::uint8_t {
    version,  ///< not an age v1 file
    header,   ///< malformed, too long, or too many stanzas
    no_match, ///< none of the identities is a recipient
    mac,      ///< the header was changed
    nonce,    ///< ends before the payload
    chunk,    ///< a chunk was changed
    cut,      ///< ends before the last chunk
    trailing, ///< goes on after the last chunk
};
inline constexpr std::size_t age_error_count = 8;
[[nodiscard]] const char* name(age_error error) noexcept;

struct age_stanza {
    std::string_view arguments; ///< what follows "-> "; the first of them is the type
    std::string_view body;      ///< base64, with the line feeds in it
};

struct age_header {
    std::vector<age_stanza> stanzas; ///< views into the file
    std::string_view authenticated;  ///< the MAC's text
    std::array<std::uint8_t, 32> mac{};
    std::size_t octets = 0; ///< where the payload begins
};

/// What can be read without a key; nothing of it is authenticated. Errors: version, header.
[[nodiscard]] std::expected<age_header, age_error> parse_age_header(base::octets file);

struct opened {
    std::vector<std::uint8_t> plain;    ///< of all chunks that are good, up to the first bad one
    std::expected<void, age_error> all; ///< whether that is the whole file
};
/// Opens a whole file. Whoever gets `plain` of a file that is not whole has to know what he does.
[[nodiscard]] opened open_age(base::octets file, std::span<const private_key> identities);

} // namespace landfall::crypto
