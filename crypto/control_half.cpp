// SPDX-License-Identifier: MIT
// Peers and timers; handshakes are in control_messages.cpp.
#include "crypto/control_half.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace landfall::crypto {
namespace {

constexpr std::size_t most_sources = 1024; ///< whose handshakes are counted under load
constexpr std::int64_t poll_interval_ns = 10 * millisecond_ns;

} // namespace

const char* name(change_error error) noexcept {
    switch (error) {
    case change_error::too_many_peers:
        return "too_many_peers";
    case change_error::weak_key:
        return "weak_key";
    }
    return nullptr;
}

control_half::control_half(control_config config, shared_state& shared)
    : config_(std::move(config)), shared_(shared), newest_timestamp_(config_.last_timestamp),
      jar_(config_.random), limit_(most_sources), peers_(shared.numbers.peer.size()),
      secrets_(peers_.size()), slots_(shared.sessions.size()),
      slot_mask_(static_cast<std::uint32_t>(std::bit_ceil(slots_.size()) - 1)) {
    shared_.numbers.listen_port.set(config_.listen_port);
    assert(config_.reserved.size() <= peers_.size());
    for (std::size_t i = 0; i < config_.reserved.size(); ++i) {
        peers_[i].reserved = true;
        peers_[i].key = config_.reserved[i];
    }
}

// ---- changes

std::expected<void, change_error> control_half::change(tunnel_change what, const instant& at) {
    take_notices(at);
    bool good = true;
    if (what.key) {
        good = set_key(std::move(*what.key));
    }
    if (what.listen_port.value_or(0) != 0) {
        shared_.numbers.listen_port.set(*what.listen_port);
    }
    firewall_mark_ = what.firewall_mark.value_or(firewall_mark_);
    if (what.replace_peers) {
        replace_peers(what.peers);
    }
    std::expected<void, change_error> done;
    if (!good) {
        done = std::unexpected(change_error::weak_key);
    }
    for (std::size_t i = 0; done && i < what.peers.size(); ++i) {
        done = change_peer(what.peers[i]);
    }
    publish_allowed();
    push_orders();
    return done;
}

/// False where a peer's key turns out to be of low order; that peer goes.
bool control_half::set_key(private_key key) {
    if (has_key_ && key == self_.secret) {
        return true; // `wg syncconf` says again what is: sessions stay
    }
    has_key_ = !key.zero();
    self_ = identity::of(std::move(key));
    own_macs_ = mac_keys::of(self_.key);
    shared_.own_macs.set(own_macs_);
    bool good = true;
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        peer_state& state = peers_[i];
        if (!state.present) {
            continue;
        }
        const bool usable =
            !has_key_ || shared_secret(secrets_[i].static_static, self_.secret.bytes(), state.key);
        good = good && usable;
        if (!usable || (has_key_ && state.key == self_.key)) {
            remove_peer(static_cast<std::uint16_t>(i));
        } else {
            forget(state, static_cast<std::uint16_t>(i));
        }
    }
    return good;
}

std::expected<void, change_error> control_half::change_peer(peer_change& what) {
    if (has_key_ && what.key == self_.key) {
        return {};
    }
    std::optional<std::uint16_t> peer = find(what.key);
    if (what.remove || (!peer && what.update_only)) {
        if (peer && what.remove) {
            remove_peer(*peer);
        }
        return {};
    }
    if (!peer) {
        wiped<key_octets> shared;
        // Any private key shows a public key of low order.
        if (!shared_secret(shared, self_.secret.bytes(), what.key)) {
            return std::unexpected(change_error::weak_key);
        }
        peer = add_peer(what.key);
        if (!peer) {
            return std::unexpected(change_error::too_many_peers);
        }
        std::copy(shared.begin(), shared.end(), secrets_[*peer].static_static.begin());
    }
    peer_state& state = peers_[*peer];
    if (what.preshared) {
        state.preshared = std::move(*what.preshared);
    }
    if (what.endpoint) {
        state.endpoint = what.endpoint;
        give({.what = order::kind::set_endpoint, .peer = *peer, .endpoint = *what.endpoint});
    }
    if (what.keepalive_s) {
        state.keepalive_s = *what.keepalive_s;
        give({.what = order::kind::set_keepalive, .peer = *peer, .keepalive_s = *what.keepalive_s});
    }
    if (what.replace_allowed_ips) {
        state.allowed.clear();
        allowed_changed_ = true;
    }
    for (const base::ip_prefix& prefix : what.allowed_ips) {
        take_allowed(*peer, prefix.network());
    }
    return {};
}

std::optional<std::uint16_t> control_half::add_peer(const public_key& key) {
    // What the data half has yet to say of a reserved index is of the same peer.
    auto place = std::find_if(peers_.begin(), peers_.end(), [&](const peer_state& one) {
        return one.reserved && one.key == key;
    });
    if (place == peers_.end()) {
        place = std::find_if(peers_.begin(), peers_.end(), [](const peer_state& one) {
            return !one.present && !one.leaving && !one.reserved;
        });
    }
    if (place == peers_.end()) {
        return std::nullopt;
    }
    const auto peer = static_cast<std::uint16_t>(place - peers_.begin());
    const bool reserved = place->reserved;
    *place = peer_state{};
    place->present = true;
    place->reserved = reserved;
    place->key = key;
    place->macs = mac_keys::of(key);
    place->wanted_seen = shared_.numbers.peer[peer].handshakes_wanted.value();
    place->before = reserved ? peer_counts{} : counts(peer);
    shared_.numbers.peer[peer].last_handshake_unix_ns.set(0);
    give({.what = order::kind::add_peer, .peer = peer});
    return peer;
}

void control_half::remove_peer(std::uint16_t peer) {
    peer_state& state = peers_[peer];
    if (!state.present) {
        return;
    }
    end_attempt(state);
    wipe(&secrets_[peer], sizeof(peer_secrets));
    peer_state gone;
    gone.leaving = true;
    gone.reserved = state.reserved;
    gone.key = state.key;
    state = std::move(gone);
    allowed_changed_ = true;
    give({.what = order::kind::remove_peer, .peer = peer});
}

void control_half::replace_peers(std::span<const peer_change> by) {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        peer_state& state = peers_[i];
        const auto peer = static_cast<std::uint16_t>(i);
        const bool again = std::any_of(by.begin(), by.end(), [&](const peer_change& one) {
            return one.key == state.key && !one.remove && !one.update_only;
        });
        if (!again) {
            remove_peer(peer);
        } else if (state.present) {
            state.preshared = {};
            state.keepalive_s = 0;
            give({.what = order::kind::set_keepalive, .peer = peer});
            state.allowed.clear();
            allowed_changed_ = true;
        }
    }
}

void control_half::take_allowed(std::uint16_t peer, const base::ip_prefix& prefix) {
    for (peer_state& state : peers_) {
        std::erase(state.allowed, prefix);
    }
    peers_[peer].allowed.push_back(prefix);
    allowed_changed_ = true;
}

void control_half::publish_allowed() {
    if (!allowed_changed_) {
        return;
    }
    allowed_changed_ = false;
    std::vector<allowed_ip> entries;
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        for (const base::ip_prefix& prefix : peers_[i].allowed) {
            entries.push_back({prefix, static_cast<std::uint16_t>(i)});
        }
    }
    give({.what = order::kind::set_allowed_ips, .allowed = std::make_unique<allowed_ips>(entries)});
}

void control_half::give(order what) {
    orders_.push_back(std::move(what));
}

void control_half::push_orders() {
    while (!orders_.empty() && shared_.orders.push(std::move(orders_.front()))) {
        orders_.pop_front();
    }
}

// ---- what the data half says

void control_half::take_notices(const instant& at) {
    notice what;
    while (shared_.notices.pop(what)) {
        switch (what.what) {
        case notice::kind::slot_retired:
            slots_[what.slot] = {};
            break;
        case notice::kind::confirmed:
            if (peers_[what.peer].present) {
                // Their handshake serves as well as the one that we may be at.
                end_attempt(peers_[what.peer]);
                peer_numbers& numbers = shared_.numbers.peer[what.peer];
                peers_[what.peer].wanted_seen = numbers.handshakes_wanted.value();
                numbers.handshakes_completed.add();
                numbers.last_handshake_unix_ns.set(at.unix_ns);
            }
            break;
        case notice::kind::roamed:
            if (peers_[what.peer].present) {
                peers_[what.peer].endpoint = what.endpoint;
            }
            break;
        case notice::kind::peer_removed:
            peers_[what.peer].leaving = false;
            break;
        case notice::kind::allowed_retired:
            what.allowed.reset();
            break;
        }
    }
}

// ---- timers (6)

std::int64_t control_half::poll(const instant& at, sender send) {
    take_notices(at);
    bool any = !orders_.empty();
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (peers_[i].present) {
            run_timers(static_cast<std::uint16_t>(i), at, send);
            any = true;
        }
    }
    publish_allowed();
    push_orders();
    shared_.numbers.under_load.set(loaded(at.now_ns));
    return at.now_ns + (any ? poll_interval_ns : second_ns);
}

void control_half::run_timers(std::uint16_t peer, const instant& at, sender send) {
    peer_state& state = peers_[peer];
    peer_numbers& numbers = shared_.numbers.peer[peer];
    if (state.attempt_ns && at.now_ns >= state.retry_ns) {
        if (at.now_ns - *state.attempt_ns >= rekey_attempt_ns) {
            end_attempt(state);
            numbers.handshakes_failed.add();
            state.wanted_seen = numbers.handshakes_wanted.value(); // only new traffic counts
        } else {
            initiate(peer, at, send);
        }
    }
    if (const std::uint64_t wanted = numbers.handshakes_wanted.value();
        wanted != state.wanted_seen) {
        if (begin_handshake(peer, at, send)) {
            state.wanted_seen = wanted;
        }
    }
    // 6.4: counted from the first packet that was not answered.
    if (const std::int64_t since = numbers.unanswered_since_ns.value();
        since != 0 && since != state.forgiven_ns &&
        at.now_ns - since >= unanswered_ns + state.jitter_ns) {
        static_cast<void>(begin_handshake(peer, at, send));
        state.forgiven_ns = since; // once, however long the data half takes to hear of it
        give({.what = order::kind::forgive_unanswered, .peer = peer});
    }
    // 6.3: keys and what is left of handshakes go.
    if (state.derived_ns && at.now_ns - *state.derived_ns >= wipe_after_ns) {
        state.derived_ns.reset();
        forget(state, peer);
    }
}

void control_half::forget(peer_state& state, std::uint16_t peer) {
    end_attempt(state);
    wipe(&secrets_[peer].initiator, sizeof(initiator_state));
    give({.what = order::kind::forget_sessions, .peer = peer});
}

void control_half::end_attempt(peer_state& state) {
    state.attempt_ns.reset();
    if (state.slot != no_slot) {
        wipe(&secrets_[slots_[state.slot].peer].initiator, sizeof(initiator_state));
    }
    free_slot(state.slot);
}

// ---- views

partner control_half::partner_of(std::uint16_t peer) noexcept {
    return {peers_[peer].key, secrets_[peer].static_static, peers_[peer].preshared.bytes()};
}

std::optional<std::uint16_t> control_half::find(const public_key& key) const noexcept {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (peers_[i].present && peers_[i].key == key) {
            return static_cast<std::uint16_t>(i);
        }
    }
    return std::nullopt;
}

peer_counts control_half::counts(std::uint16_t peer) const noexcept {
    const peer_numbers& now = shared_.numbers.peer[peer];
    const peer_counts& before = peers_[peer].before;
    const auto since = [](std::uint64_t then, const auto&... counters) {
        return (counters.value() + ...) - then;
    };
    const packet_numbers& packets = now.packets;
    return {since(before.received_packets, packets.count(decrypt_status::packet),
                  packets.count(decrypt_status::keepalive)),
            since(before.received_octets, now.received_octets, now.handshake_received_octets),
            since(before.sent_packets, packets.count(encrypt_status::sent)),
            since(before.sent_octets, now.sent_octets, now.handshake_sent_octets),
            since(before.handshakes_started, now.handshakes_started),
            since(before.handshakes_completed, now.handshakes_completed),
            since(before.handshakes_failed, now.handshakes_failed)};
}

void control_half::for_each_peer(base::function_ref<void(const peer_view&)> use) const {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        const peer_state& state = peers_[i];
        const auto peer = static_cast<std::uint16_t>(i);
        if (state.present) {
            use({peer, state.key, state.preshared, state.endpoint, state.keepalive_s, state.allowed,
                 shared_.numbers.peer[i].last_handshake_unix_ns.value(), counts(peer)});
        }
    }
}

} // namespace landfall::crypto
