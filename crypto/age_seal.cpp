// SPDX-License-Identifier: MIT
#include "crypto/age.h"
#include "crypto/age_kdf.h"

#include <sodium.h>

#include <algorithm>
#include <cassert>

namespace landfall::crypto {
namespace {

constexpr std::string_view last_mark = "---";
constexpr std::size_t mac_line_octets = 3 + 1 + 43 + 1;

} // namespace

age_sealer::age_sealer(std::vector<public_key> recipients, randomness random)
    : recipients_(std::move(recipients)), random_(std::move(random)), keys_(1) {
    assert(!recipients_.empty() && recipients_.size() <= most_age_recipients);
}

bool age_sealer::begin() {
    keys& own = keys_[0];
    waiting_ = 0;
    chunks_ = 0;
    written_ = 0;
    stanzas_.clear();
    random_(own.file);
    if (!std::ranges::all_of(recipients_, [this](const public_key& one) { return wrap(one); })) {
        return false;
    }
    random_(nonce_);
    hkdf_sha256(own.payload, own.file, {nonce_}, "payload");
    return true;
}

bool age_sealer::wrap(const public_key& recipient) {
    const private_key ephemeral = [this] {
        private_key drawn;
        random_(drawn.bytes());
        return drawn;
    }();
    const public_key share = public_of(ephemeral);
    wiped<key_octets> shared;
    if (!shared_secret(shared, ephemeral.bytes(), recipient)) {
        return false;
    }
    wiped<32> key;
    age_wrap_key(key, shared, share.octet, recipient);
    std::array<std::uint8_t, age_wrapped_octets> body{};
    const std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> zero{};
    crypto_aead_chacha20poly1305_ietf_encrypt(body.data(), nullptr, keys_[0].file.data(),
                                              keys_[0].file.size(), nullptr, 0, nullptr,
                                              zero.data(), key.data());
    stanzas_.append("-> X25519 ").append(age_base64(share.octet)).append("\n");
    stanzas_.append(age_base64(body)).append("\n");
    return true;
}

void age_sealer::write(base::octets plain, std::vector<std::uint8_t>& payload) {
    keys& own = keys_[0];
    while (!plain.empty()) {
        // Only once there is more is a full chunk known not to be the last.
        if (waiting_ == age_chunk_octets) {
            seal_chunk(false, payload);
        }
        const std::size_t count = std::min(plain.size(), age_chunk_octets - waiting_);
        std::copy_n(plain.begin(), count,
                    own.chunk.begin() + static_cast<std::ptrdiff_t>(waiting_));
        waiting_ += count;
        written_ += count;
        plain = plain.subspan(count);
    }
}

void age_sealer::finish(std::vector<std::uint8_t>& payload) {
    seal_chunk(true, payload);
    wipe(&keys_[0].payload, sizeof keys_[0].payload);
}

void age_sealer::seal_chunk(bool last, std::vector<std::uint8_t>& payload) {
    keys& own = keys_[0];
    if (chunks_ == 0) {
        payload.insert(payload.end(), nonce_.begin(), nonce_.end());
    }
    const std::size_t at = payload.size();
    payload.resize(at + waiting_ + age_tag_octets);
    const auto nonce = age_chunk_nonce(chunks_, last);
    crypto_aead_chacha20poly1305_ietf_encrypt(payload.data() + at, nullptr, own.chunk.data(),
                                              waiting_, nullptr, 0, nullptr, nonce.data(),
                                              own.payload.data());
    wipe(own.chunk.data(), waiting_);
    waiting_ = 0;
    ++chunks_;
}

std::string age_sealer::header(std::string_view stanzas) {
    std::string text(age_version_line);
    text.append(stanzas_).append(stanzas).append(last_mark);
    std::array<std::uint8_t, 32> mac{};
    age_header_mac(mac, keys_[0].file, text);
    return text.append(" ").append(age_base64(mac)).append("\n");
}

std::size_t age_sealer::header_octets(std::size_t stanzas) const noexcept {
    return age_version_line.size() + stanzas_.size() + stanzas + mac_line_octets;
}

} // namespace landfall::crypto
