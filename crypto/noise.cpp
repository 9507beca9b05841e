// SPDX-License-Identifier: MIT
#include "crypto/noise.h"

#include <sodium.h>

#include <algorithm>
#include <string_view>

namespace landfall::crypto {
namespace {

constexpr std::string_view construction = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
constexpr std::string_view identifier = "WireGuard v1 zx2c4 Jason@zx2c4.com";
// Each key encrypts once: the counter is 0.
constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> nonce{};

base::octets octets_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

transcript begun(const public_key& responder) noexcept {
    transcript made;
    hash(made.chain, {octets_of(construction)});
    hash(made.hash, {made.chain, octets_of(identifier)});
    hash(made.hash, {made.hash, responder.octet});
    return made;
}

void mix_hash(transcript& so_far, base::octets data) noexcept {
    hash(so_far.hash, {so_far.hash, data});
}

/// `e`: the ephemeral key goes into both.
void mix_ephemeral(transcript& so_far, const public_key& key) noexcept {
    kdf(so_far.chain, key.octet, {so_far.chain});
    mix_hash(so_far, key.octet);
}

/// A shared secret into the chain alone.
[[nodiscard]] bool mix_shared(transcript& so_far, std::span<const std::uint8_t, key_octets> ours,
                              const public_key& theirs) noexcept {
    wiped<key_octets> shared;
    const bool good = shared_secret(shared, ours, theirs);
    kdf(so_far.chain, shared, {so_far.chain});
    return good;
}

void seal(transcript& so_far, base::octets key, base::octets plain,
          std::span<std::uint8_t> out) noexcept {
    crypto_aead_chacha20poly1305_ietf_encrypt(out.data(), nullptr, plain.data(), plain.size(),
                                              so_far.hash.data(), so_far.hash.size(), nullptr,
                                              nonce.data(), key.data());
    mix_hash(so_far, out);
}

[[nodiscard]] bool open(transcript& so_far, base::octets key, base::octets sealed,
                        std::uint8_t* out) noexcept {
    const int failed = crypto_aead_chacha20poly1305_ietf_decrypt(
        out, nullptr, nullptr, sealed.data(), sealed.size(), so_far.hash.data(), so_far.hash.size(),
        nonce.data(), key.data());
    mix_hash(so_far, sealed);
    return failed == 0;
}

public_key key_at(base::octets message, std::size_t at) noexcept {
    public_key key;
    std::copy_n(message.begin() + static_cast<std::ptrdiff_t>(at), key.octet.size(),
                key.octet.begin());
    return key;
}

void put(std::span<std::uint8_t> message, std::size_t at, base::octets data) noexcept {
    std::copy(data.begin(), data.end(), message.begin() + static_cast<std::ptrdiff_t>(at));
}

public_key public_of_octets(std::span<const std::uint8_t, key_octets> secret) noexcept {
    public_key key;
    crypto_scalarmult_base(key.octet.data(), secret.data());
    return key;
}

/// `psk`: the pre-shared key goes into both; what is left is the key of the empty field.
void mix_preshared(transcript& so_far, base::octets preshared,
                   std::span<std::uint8_t, key_octets> key) noexcept {
    wiped<32> tau;
    kdf(so_far.chain, preshared, {so_far.chain, tau, key});
    mix_hash(so_far, tau);
}

} // namespace

identity identity::of(private_key secret) {
    const public_key key = public_of(secret);
    return {std::move(secret), key};
}

bool write_initiation(initiator_state& state, const identity& self, const partner& other,
                      const tai64n& time, initiation_span message) noexcept {
    transcript& so_far = state.so_far;
    so_far = begun(other.key);
    const public_key ephemeral = public_of_octets(state.ephemeral);
    put(message, initiation::ephemeral_at, ephemeral.octet);
    mix_ephemeral(so_far, ephemeral);
    wiped<key_octets> shared;
    wiped<key_octets> key;
    if (!shared_secret(shared, state.ephemeral, other.key)) {
        return false;
    }
    kdf(so_far.chain, shared, {so_far.chain, key});
    seal(so_far, key, self.key.octet,
         message.subspan(initiation::static_at, key_octets + tag_octets));
    kdf(so_far.chain, other.static_static, {so_far.chain, key});
    seal(so_far, key, time.octet,
         message.subspan(initiation::timestamp_at, timestamp_octets + tag_octets));
    return true;
}

bool answer::open_static(const identity& self, const_initiation message) noexcept {
    so_far_ = begun(self.key);
    std::copy_n(message.begin() + initiation::sender_at, index_.size(), index_.begin());
    ephemeral_ = key_at(message, initiation::ephemeral_at);
    mix_ephemeral(so_far_, ephemeral_);
    wiped<key_octets> shared;
    wiped<key_octets> key;
    if (!shared_secret(shared, self.secret.bytes(), ephemeral_)) {
        return false;
    }
    kdf(so_far_.chain, shared, {so_far_.chain, key});
    return open(so_far_, key, message.subspan(initiation::static_at, key_octets + tag_octets),
                initiator_.octet.data());
}

bool answer::open_timestamp(std::span<const std::uint8_t, key_octets> static_static,
                            const_initiation message, tai64n& time) noexcept {
    wiped<key_octets> key;
    kdf(so_far_.chain, static_static, {so_far_.chain, key});
    return open(so_far_, key,
                message.subspan(initiation::timestamp_at, timestamp_octets + tag_octets),
                time.octet.data());
}

bool answer::write_response(const partner& other,
                            std::span<const std::uint8_t, key_octets> ephemeral,
                            response_span message, session_keys& keys) noexcept {
    const public_key ours = public_of_octets(ephemeral);
    put(message, response::receiver_at, index_);
    put(message, response::ephemeral_at, ours.octet);
    mix_ephemeral(so_far_, ours);
    const bool good =
        mix_shared(so_far_, ephemeral, ephemeral_) && mix_shared(so_far_, ephemeral, other.key);
    wiped<key_octets> key;
    mix_preshared(so_far_, other.preshared, key);
    seal(so_far_, key, {}, message.subspan(response::empty_at, tag_octets));
    kdf(so_far_.chain, {}, {keys.receive, keys.send});
    return good;
}

bool read_response(const initiator_state& state, const identity& self, const partner& other,
                   const_response message, session_keys& keys) noexcept {
    transcript so_far = state.so_far;
    const public_key ephemeral = key_at(message, response::ephemeral_at);
    mix_ephemeral(so_far, ephemeral);
    wiped<key_octets> key;
    bool good = mix_shared(so_far, state.ephemeral, ephemeral) &&
                mix_shared(so_far, self.secret.bytes(), ephemeral);
    mix_preshared(so_far, other.preshared, key);
    std::uint8_t nothing = 0;
    good = good && open(so_far, key, message.subspan(response::empty_at, tag_octets), &nothing);
    if (good) {
        kdf(so_far.chain, {}, {keys.send, keys.receive});
    }
    wipe(&so_far, sizeof so_far);
    return good;
}

} // namespace landfall::crypto
