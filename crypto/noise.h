// SPDX-License-Identifier: MIT
// The handshake, Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (5.4): its cryptography alone. Who answers
// whom, when, and with which macs is `control_half`.
#pragma once

#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/tai64n.h"
#include "crypto/wireguard.h"

#include <array>
#include <cstdint>
#include <span>

namespace landfall::crypto {

/// Who we are.
struct identity {
    private_key secret;
    public_key key;

    [[nodiscard]] static identity of(private_key secret);
};

/// Of a handshake under way; kept in locked memory or wiped.
struct transcript {
    digest chain{};
    digest hash{};
};

/// What the initiator keeps until the response.
struct initiator_state {
    transcript so_far;
    std::array<std::uint8_t, key_octets> ephemeral{};
};

struct session_keys {
    wiped<key_octets> send;
    wiped<key_octets> receive;
};

/// What both sides know of each other, besides the identity.
struct partner {
    public_key key;
    std::span<const std::uint8_t, key_octets> static_static; ///< X25519 of both static keys
    std::span<const std::uint8_t, key_octets> preshared;     ///< zeros: none
};

using initiation_span = std::span<std::uint8_t, initiation::octets>;
using const_initiation = std::span<const std::uint8_t, initiation::octets>;
using response_span = std::span<std::uint8_t, response::octets>;
using const_response = std::span<const std::uint8_t, response::octets>;

/// Writes all but the macs. `state.ephemeral` is the fresh private key. False when the partner's
/// key is of low order.
[[nodiscard]] bool write_initiation(initiator_state& state, const identity& self,
                                    const partner& other, const tai64n& time,
                                    initiation_span message) noexcept;

/// The responder's view of an initiation, from octets to an answer.
class answer {
  public:
    answer() = default;
    answer(const answer&) = delete;
    answer& operator=(const answer&) = delete;
    ~answer() { wipe(this, sizeof *this); }

    /// Opens the initiator's static key. False where a tag or a key is wrong.
    [[nodiscard]] bool open_static(const identity& self, const_initiation message) noexcept;
    [[nodiscard]] const public_key& initiator() const noexcept { return initiator_; }
    /// Opens the time stamp, which proves that the initiator holds that key.
    [[nodiscard]] bool open_timestamp(std::span<const std::uint8_t, key_octets> static_static,
                                      const_initiation message, tai64n& time) noexcept;
    /// Writes all but the sender's index and the macs, which the empty field does not cover.
    /// `ephemeral` is the fresh private key.
    [[nodiscard]] bool write_response(const partner& other,
                                      std::span<const std::uint8_t, key_octets> ephemeral,
                                      response_span message, session_keys& keys) noexcept;

  private:
    transcript so_far_;
    public_key initiator_;
    public_key ephemeral_;
    std::array<std::uint8_t, index_octets> index_{};
};

/// False where the response is not one to this state; the state stays as it was.
[[nodiscard]] bool read_response(const initiator_state& state, const identity& self,
                                 const partner& other, const_response message,
                                 session_keys& keys) noexcept;

} // namespace landfall::crypto
