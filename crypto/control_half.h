// SPDX-License-Identifier: MIT
// The tunnel's half that makes sessions (5.4, 6): handshakes as either side, timers, peers. One
// thread, never that of packets; no I/O, no clock, no randomness of its own.
#pragma once

#include "base/function_ref.h"
#include "crypto/cookie.h"
#include "crypto/noise.h"
#include "crypto/session.h"

#include <cstdint>
#include <deque>
#include <expected>
#include <optional>
#include <span>
#include <vector>

namespace landfall::crypto {

/// The two clocks of one instant.
struct instant {
    std::int64_t now_ns = 0;  ///< monotonic, greater than 0; the data half gets the same
    std::int64_t unix_ns = 0; ///< may be wrong, and may step
};

struct control_config {
    randomness random; ///< `fill_random`
    tai64n
        last_timestamp{}; ///< newest one sent in earlier runs: see `control_half::newest_timestamp`
    std::uint16_t listen_port = 0;
    /// Of the peers that something outside is bound to: the first has the index 0, and so on,
    /// whether there is such a peer or not. No other peer ever gets these indices.
    std::vector<public_key> reserved{};
    /// Handshake messages a second, with a good mac1, from which we are under load by our own
    /// measure.
    std::uint32_t load_messages_per_second = 500;
};

/// Of a peer, to be changed; what is absent stays as it is.
struct peer_change {
    public_key key;
    bool remove = false;
    bool update_only = false;         ///< a peer that is not there is not added
    bool replace_allowed_ips = false; ///< those there are go, before `allowed_ips` come
    std::optional<preshared_key> preshared{};
    std::optional<base::udp_endpoint> endpoint{};
    std::optional<std::uint16_t> keepalive_s{}; ///< persistent; 0: none
    std::vector<base::ip_prefix> allowed_ips{}; ///< taken from whoever has them
};

/// Of everything, to be changed at once.
struct tunnel_change {
    std::optional<private_key> key{};           ///< zeros: none
    std::optional<std::uint16_t> listen_port{}; ///< 0: any, so that it stays as it is
    std::optional<std::uint32_t> firewall_mark{};
    /// Those there are go. One that is named again keeps its sessions and where it is, no more.
    bool replace_peers = false;
    std::vector<peer_change> peers{};
};

enum class change_error : std::uint8_t {
    too_many_peers, ///< or those removed have not left the data half yet: try again
    weak_key,       ///< a public key of low order
};
[[nodiscard]] const char* name(change_error error) noexcept;

/// Of a peer, since it was added; of one with a reserved index, since the start.
struct peer_counts {
    std::uint64_t received_packets = 0; ///< authentic, keepalives included
    std::uint64_t received_octets = 0;  ///< handshakes included
    std::uint64_t sent_packets = 0;
    std::uint64_t sent_octets = 0;
    std::uint64_t handshakes_started = 0;
    std::uint64_t handshakes_completed = 0;
    std::uint64_t handshakes_failed = 0;
};

/// A peer as it is.
struct peer_view {
    std::uint16_t index = no_peer;
    const public_key& key;
    const preshared_key& preshared;
    const std::optional<base::udp_endpoint>& endpoint;
    std::uint16_t keepalive_s = 0;
    std::span<const base::ip_prefix> allowed_ips;
    std::int64_t last_handshake_unix_ns = 0; ///< 0: never
    peer_counts counts;
};

class control_half {
  public:
    /// Sends a datagram's payload; the octets are the control half's.
    using sender = base::function_ref<void(const base::udp_endpoint&, base::octets)>;

    control_half(control_config config, shared_state& shared);
    control_half(const control_half&) = delete;
    control_half& operator=(const control_half&) = delete;

    /// Peers whose own key is ours are passed over. What came before an error stays. A new private
    /// key ends all sessions.
    [[nodiscard]] std::expected<void, change_error> change(tunnel_change what, const instant& at);

    /// A message that the data half called `handshake`. `under_load`: the caller's queue of them is
    /// filling (an eighth, say); it lasts for a second.
    handshake_status receive(const base::udp_endpoint& source, base::octets message,
                             const instant& at, bool under_load, sender send);
    /// Timers, and what the data half has to say. Returns when to call again at the latest: at most
    /// 10 ms from now while there are peers.
    std::int64_t poll(const instant& at, sender send);

    [[nodiscard]] std::optional<std::uint16_t> find(const public_key& key) const noexcept;
    void for_each_peer(base::function_ref<void(const peer_view&)> use) const;
    [[nodiscard]] const identity& self() const noexcept { return self_; }
    [[nodiscard]] bool has_key() const noexcept { return has_key_; }
    [[nodiscard]] std::uint32_t firewall_mark() const noexcept { return firewall_mark_; }
    [[nodiscard]] std::uint16_t listen_port() const noexcept {
        return shared_.numbers.listen_port.value();
    }
    /// To be kept across restarts, so that a clock that went back does not lock us out: a peer
    /// takes no time stamp twice. It is set before the message that carries it goes to the sender.
    [[nodiscard]] const tai64n& newest_timestamp() const noexcept { return newest_timestamp_; }

  private:
    struct peer_secrets {
        std::array<std::uint8_t, key_octets> static_static{};
        initiator_state initiator;
    };
    struct peer_state {
        bool present = false;
        bool leaving = false;  ///< the data half has yet to let go of the index
        bool reserved = false; ///< the index is the key's
        public_key key;
        preshared_key preshared;
        mac_keys macs;
        std::optional<base::udp_endpoint> endpoint;
        std::uint16_t keepalive_s = 0;
        std::vector<base::ip_prefix> allowed;
        cookie_holder cookies;
        // As the initiator.
        std::uint16_t slot = no_slot;
        std::optional<std::int64_t> attempt_ns; ///< since when an answer is sought
        std::optional<std::int64_t> initiated_ns;
        std::int64_t retry_ns = 0;
        std::int64_t jitter_ns = 0;
        std::uint64_t wanted_seen = 0;
        std::int64_t forgiven_ns = 0; ///< the `unanswered_since_ns` that was acted upon
        // As the responder.
        tai64n timestamp; ///< newest one answered
        std::optional<std::int64_t> answered_ns;
        std::optional<std::int64_t> derived_ns; ///< of the newest keys
        peer_counts before;                     ///< of the index, when the peer was added
    };
    /// A session slot while it is ours, and whose it is afterwards.
    struct slot_state {
        enum class use : std::uint8_t { free, handshake, session };
        use what = use::free;
        std::uint16_t peer = no_peer;
        std::uint32_t index = 0;
    };

    // control_half.cpp: peers, timers
    [[nodiscard]] bool set_key(private_key key);
    [[nodiscard]] std::expected<void, change_error> change_peer(peer_change& what);
    [[nodiscard]] std::optional<std::uint16_t> add_peer(const public_key& key);
    void remove_peer(std::uint16_t peer);
    void replace_peers(std::span<const peer_change> by);
    void take_allowed(std::uint16_t peer, const base::ip_prefix& prefix);
    void publish_allowed();
    void give(order what);
    void push_orders();
    void take_notices(const instant& at);
    void forget(peer_state& state, std::uint16_t peer);
    void end_attempt(peer_state& state);
    void run_timers(std::uint16_t peer, const instant& at, sender send);
    [[nodiscard]] partner partner_of(std::uint16_t peer) noexcept;
    [[nodiscard]] peer_counts counts(std::uint16_t peer) const noexcept;

    // control_messages.cpp: handshakes
    [[nodiscard]] std::uint16_t take_slot(slot_state::use what, std::uint16_t peer);
    void free_slot(std::uint16_t& slot);
    /// False where it has to wait: the last initiation was less than 5 s ago.
    [[nodiscard]] bool begin_handshake(std::uint16_t peer, const instant& at, sender send);
    void initiate(std::uint16_t peer, const instant& at, sender send);
    void transmit(std::uint16_t peer, std::span<std::uint8_t> message, const instant& at,
                  sender send);
    [[nodiscard]] bool loaded(std::int64_t now_ns) const noexcept;
    void measure_load(std::int64_t now_ns) noexcept;
    [[nodiscard]] handshake_status dispatch(const base::udp_endpoint& source, base::octets message,
                                            const instant& at, sender send);
    [[nodiscard]] handshake_status on_initiation(const base::udp_endpoint& source,
                                                 const_initiation message, const instant& at,
                                                 sender send);
    [[nodiscard]] handshake_status on_response(const base::udp_endpoint& source,
                                               const_response message, const instant& at);
    [[nodiscard]] handshake_status on_cookie(const_cookie_reply message, const instant& at);
    void install(std::uint16_t slot, const session_keys& keys, std::uint32_t remote_index,
                 bool initiator, const instant& at);

    control_config config_;
    shared_state& shared_;
    identity self_;
    mac_keys own_macs_;
    bool has_key_ = false;
    std::uint32_t firewall_mark_ = 0;
    tai64n newest_timestamp_;
    cookie_jar jar_;
    handshake_limit limit_;
    std::vector<peer_state> peers_;
    locked_array<peer_secrets> secrets_; ///< by peer
    std::vector<slot_state> slots_;
    std::uint32_t slot_mask_;
    std::deque<order> orders_; ///< those for which the ring has no room yet
    bool allowed_changed_ = false;
    std::int64_t load_second_ns_ = 0; ///< when the second that is counted began
    std::uint32_t load_messages_ = 0;
    std::optional<std::int64_t> loaded_until_ns_;
};

} // namespace landfall::crypto
