// SPDX-License-Identifier: MIT
// What the tunnel tells any thread: what became of packets and messages, by peer.
#pragma once

#include "base/counter.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace landfall::crypto {

/// What became of a packet that was to be sent.
enum class encrypt_status : std::uint8_t {
    sent,            ///< encrypted; the datagram is the caller's to send
    no_session,      ///< untouched; a handshake was asked for: keep it and try again
    no_endpoint,     ///< untouched; nobody knows where the peer is
    no_route,        ///< there is no peer of this index, or none for this destination
    bad_destination, ///< not in the peer's allowed IPs
    bad_packet,      ///< neither IPv4 nor IPv6 of this length
    too_long,        ///< longer than the inner MTU
    no_room,         ///< too little room around it for header, padding and tag
};
inline constexpr std::size_t encrypt_statuses = 8;
[[nodiscard]] const char* name(encrypt_status status) noexcept;

/// What became of a datagram that came in.
enum class decrypt_status : std::uint8_t {
    packet,        ///< an inner packet, authentic, from an address that is the peer's
    keepalive,     ///< authentic and empty
    handshake,     ///< untouched; for the control half
    bad_message,   ///< no type and length of WireGuard's
    bad_mac1,      ///< a handshake of one who does not know our public key, or damaged
    unknown_index, ///< of no session of ours
    stale_key,     ///< of a session past its time
    bad_tag,       ///< forged or damaged
    replay,        ///< its counter came already, or is too old
    bad_packet,    ///< authentic, but neither IPv4 nor IPv6 of this length
    bad_source,    ///< authentic, but from an address that is not the peer's
};
inline constexpr std::size_t decrypt_statuses = 11;
[[nodiscard]] const char* name(decrypt_status status) noexcept;

/// What became of a handshake message that came in.
enum class handshake_status : std::uint8_t {
    answered,      ///< an initiation, and our response is on its way
    completed,     ///< a response: there is a session
    cookie_taken,  ///< a cookie reply, for the next attempt
    cookie_sent,   ///< under load: the sender has to show that it is where it says
    bad_message,   ///< no type and length of a handshake
    bad_mac1,      ///< from one who does not know our public key, or damaged
    rate_limited,  ///< under load: more than 20 a second from one address
    unknown_index, ///< answers no message of ours
    unknown_peer,  ///< a public key that is none of our peers'
    bad_seal,      ///< forged or damaged
    replay,        ///< its time stamp is not later than the last one
    flood,         ///< within 20 ms of the last one
    no_slot,       ///< no session free, or no key of our own
};
inline constexpr std::size_t handshake_statuses = 13;
[[nodiscard]] const char* name(handshake_status status) noexcept;

/// Of one peer index; counters go on when the index gets another peer. A packet or datagram that
/// belongs to no peer is in the tunnel's own.
struct alignas(64) packet_numbers {
    std::array<base::counter, encrypt_statuses> encrypted; ///< packets by status
    std::array<base::counter, decrypt_statuses> decrypted; ///< datagrams by status

    [[nodiscard]] const base::counter& count(encrypt_status status) const noexcept {
        return encrypted[static_cast<std::size_t>(status)];
    }
    [[nodiscard]] const base::counter& count(decrypt_status status) const noexcept {
        return decrypted[static_cast<std::size_t>(status)];
    }
};

struct peer_numbers {
    // Written by the data half.
    packet_numbers packets;
    base::counter keepalives_sent;                 ///< among those sent
    base::counter sent_octets;                     ///< of datagrams' payloads, data messages
    base::counter received_octets;                 ///< the same, authentic ones
    base::counter roamed;                          ///< changes of endpoint
    base::counter handshakes_wanted;               ///< how often traffic found that one is due
    base::gauge<std::int64_t> session_made_ns;     ///< monotonic, of the current session; 0: none
    base::gauge<std::int64_t> unanswered_since_ns; ///< first data sent without a word back; 0: none
    // Written by the control half.
    alignas(64) base::counter handshakes_started; ///< initiations sent, retries included
    base::counter handshakes_completed;           ///< sessions made, as either side
    base::counter handshakes_failed;              ///< given up after 90 s
    base::counter handshake_sent_octets;
    base::counter handshake_received_octets;
    base::gauge<std::int64_t> last_handshake_unix_ns; ///< 0: never
};

struct tunnel_numbers {
    explicit tunnel_numbers(std::size_t peers) : peer(peers) {}

    std::vector<peer_numbers> peer;                           ///< by index
    packet_numbers packets;                                   ///< those of no peer
    std::array<base::counter, handshake_statuses> handshakes; ///< messages by status
    base::gauge<bool> under_load;
    base::gauge<std::uint16_t> listen_port; ///< as configured, or as `wg set` changed it

    [[nodiscard]] const base::counter& count(handshake_status status) const noexcept {
        return handshakes[static_cast<std::size_t>(status)];
    }
};

} // namespace landfall::crypto
