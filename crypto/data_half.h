// SPDX-License-Identifier: MIT
// The tunnel's half that sees every packet (5.4.6): encrypts and decrypts in place, in batches, on
// one thread, without a lock, an allocation or a system call.
#pragma once

#include "crypto/session.h"

#include <cstdint>
#include <span>
#include <vector>

namespace landfall::crypto {

/// An inner packet to be sent. The buffer is the caller's, before and after.
struct outgoing {
    std::uint8_t* packet = nullptr; ///< IPv4 or IPv6
    std::uint32_t length = 0;     ///< its total length; 0 is a keepalive, to the peer of that index
    std::uint32_t headroom = 0;   ///< octets before it that may be written: `scratch_headroom`
    std::uint32_t tailroom = 0;   ///< octets after it that may be written: `scratch_tailroom`
    std::uint16_t peer = no_peer; ///< index; `no_peer`: whose allowed IPs hold the destination
    bool any_destination = false; ///< the peer gets it wherever it goes: a copy, for one of several

    // Results. Of a packet that was not sent the octets are as they were.
    encrypt_status status = encrypt_status::no_route;
    std::uint8_t* datagram = nullptr; ///< UDP payload: 16 octets before `packet`
    std::uint32_t datagram_length = 0;
    base::udp_endpoint endpoint{}; ///< where to
};

/// A datagram that came in; its octets are overwritten.
struct incoming {
    std::uint8_t* datagram = nullptr; ///< UDP payload
    std::uint32_t length = 0;
    base::udp_endpoint source{};

    // Results.
    decrypt_status status = decrypt_status::bad_message;
    std::uint16_t peer = no_peer;   ///< known from `unknown_index` on
    std::uint8_t* packet = nullptr; ///< of `packet`: the inner packet, in the datagram
    std::uint32_t packet_length = 0;
};

class data_half {
  public:
    explicit data_half(shared_state& shared);

    /// Each result is in the packet itself. `now_ns` is of the clock of the control half.
    void encrypt(std::span<outgoing> batch, std::int64_t now_ns) noexcept;
    void decrypt(std::span<incoming> batch, std::int64_t now_ns) noexcept;

    /// Takes what the control half has to say; tells which peers a keepalive is due to, at most as
    /// many as there is room for. The caller encrypts an empty packet for each: one that it does
    /// not is told again. To be called at least every 10 ms.
    [[nodiscard]] std::span<std::uint16_t> poll(std::int64_t now_ns,
                                                std::span<std::uint16_t> keepalives) noexcept;

    /// Whose allowed IPs hold the address; `no_peer` where nobody's do.
    [[nodiscard]] std::uint16_t peer_of(const base::ip_address& inner) noexcept;
    /// Whether a packet to the peer can be sent now.
    [[nodiscard]] bool ready(std::uint16_t peer, std::int64_t now_ns) const noexcept;
    /// Whether there is such a peer.
    [[nodiscard]] bool present(std::uint16_t peer) const noexcept {
        return peer < peers_.size() && peers_[peer].present;
    }
    /// Packets wait for a session with this peer, which is there: a handshake is due.
    void want_handshake(std::uint16_t peer) noexcept {
        shared_.numbers.peer[peer].handshakes_wanted.add();
    }

  private:
    struct peer_state {
        bool present = false;
        bool has_endpoint = false;
        bool roamed = false;        ///< the control half is to be told
        bool keepalive_now = false; ///< a session, or persistent keepalives, have just begun
        std::uint16_t current = no_slot;
        std::uint16_t previous = no_slot;
        std::uint16_t next = no_slot;
        std::uint16_t keepalive_s = 0;
        base::udp_endpoint endpoint{};
        std::int64_t owing_since_ns = 0; ///< data received and nothing sent since; 0: none
        std::int64_t last_ns = 0;        ///< anything authentic, either way
    };
    struct live_slot {
        std::uint32_t index = 0;
        bool live = false;
    };

    void take_orders(std::int64_t now_ns) noexcept;
    void obey(order& what, std::int64_t now_ns) noexcept;
    void install(const order& what, std::int64_t now_ns) noexcept;
    void retire(std::uint16_t& slot) noexcept;
    void forget_sessions(peer_state& state) noexcept;
    void tell_roaming() noexcept;
    [[nodiscard]] session* sending_session(const peer_state& state, std::int64_t now_ns) noexcept;

    [[nodiscard]] encrypt_status encrypt_one(outgoing& packet, std::int64_t now_ns) noexcept;
    [[nodiscard]] encrypt_status route(outgoing& packet) noexcept;
    void after_sending(outgoing& packet, session& with, std::int64_t now_ns) noexcept;

    [[nodiscard]] decrypt_status decrypt_one(incoming& message, std::int64_t now_ns) noexcept;
    void after_receiving(const incoming& message, session& with, bool newest,
                         std::int64_t now_ns) noexcept;
    [[nodiscard]] decrypt_status release(incoming& message) noexcept;
    void confirm(std::uint16_t peer) noexcept;

    shared_state& shared_;
    std::uint32_t slot_mask_;
    std::vector<peer_state> peers_;
    std::vector<live_slot> live_; ///< by slot
    std::unique_ptr<const allowed_ips> allowed_;
    base::ip_address last_address_; ///< packets come in runs to one address
    std::uint16_t last_peer_ = no_peer;
    std::int64_t checked_ns_ = 0;
};

} // namespace landfall::crypto
