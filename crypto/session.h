// SPDX-License-Identifier: MIT
// What the two halves of a tunnel share: sessions in locked memory, and messages in rings. At any
// time a session slot is one half's alone; messages hand it over.
#pragma once

#include "base/ip.h"
#include "base/published.h"
#include "base/spsc_ring.h"
#include "crypto/allowed_ips.h"
#include "crypto/cookie.h"
#include "crypto/numbers.h"
#include "crypto/replay_window.h"
#include "crypto/seal.h"
#include "crypto/secret.h"

#include <array>
#include <cstdint>
#include <memory>

namespace landfall::crypto {

inline constexpr std::uint16_t no_slot = 0xFFFF;
/// Previous, current, next; one of a handshake; the others on their way between the halves.
inline constexpr std::size_t slots_per_peer = 8;
inline constexpr std::size_t most_peers = 128;

struct session {
    std::array<std::uint8_t, key_octets> send_key{};
    std::array<std::uint8_t, key_octets> receive_key{};
    std::uint32_t local_index = 0; ///< its low bits are the slot
    std::uint32_t remote_index = 0;
    std::uint16_t peer = no_peer;
    bool initiator = false;
    bool rekey_wanted = false; ///< on receipt, once
    std::int64_t made_ns = 0;
    std::uint64_t send_counter = 0;
    replay_window received;
};

/// Control half to data half.
struct order {
    enum class kind : std::uint8_t {
        add_peer,
        remove_peer,     ///< answered by `peer_removed`
        install_current, ///< we were the initiator
        install_next,    ///< we were the responder: to be confirmed by a data message
        forget_sessions, ///< of a peer
        set_endpoint,
        set_keepalive,
        forgive_unanswered, ///< the wait for an answer begins anew
        set_allowed_ips,
    };
    kind what = kind::add_peer;
    std::uint16_t peer = no_peer;
    std::uint16_t slot = no_slot;
    std::uint16_t keepalive_s = 0;
    base::udp_endpoint endpoint{};
    std::unique_ptr<const allowed_ips> allowed{};
};

/// Data half to control half.
struct notice {
    enum class kind : std::uint8_t {
        slot_retired,    ///< wiped, to be used again
        confirmed,       ///< a session of which we were the responder is in use
        roamed,          ///< the peer is elsewhere
        peer_removed,    ///< its index may be used again
        allowed_retired, ///< a table to be freed
    };
    kind what = kind::slot_retired;
    std::uint16_t peer = no_peer;
    std::uint16_t slot = no_slot;
    base::udp_endpoint endpoint{};
    std::unique_ptr<const allowed_ips> allowed{};
};

struct shared_state {
    shared_state(std::size_t peers, std::size_t inner_mtu_octets, sealing how)
        : inner_mtu(inner_mtu_octets), mode(how), sessions(peers * slots_per_peer), numbers(peers),
          orders(4 * sessions.size()), notices(8 * sessions.size()) {}

    std::size_t inner_mtu;
    sealing mode;
    locked_array<session> sessions;
    tunnel_numbers numbers;
    base::published<mac_keys> own_macs; ///< that handshakes to us are made with
    base::spsc_ring<order> orders;
    base::spsc_ring<notice> notices;
};

} // namespace landfall::crypto
