// SPDX-License-Identifier: MIT
// Handshake messages, in and out.
#include "crypto/control_half.h"
#include "crypto/little_endian.h"

#include <algorithm>

namespace landfall::crypto {

// ---- slots

std::uint16_t control_half::take_slot(slot_state::use what, std::uint16_t peer) {
    // A peer has its share, so that none can take what another needs.
    const std::size_t first = std::size_t{peer} * slots_per_peer;
    for (std::size_t slot = first; slot < first + slots_per_peer; ++slot) {
        if (slots_[slot].what == slot_state::use::free) {
            std::array<std::uint8_t, index_octets> drawn{};
            config_.random(drawn);
            slots_[slot] = {what, peer,
                            (get_u32(drawn.data()) & ~slot_mask_) |
                                static_cast<std::uint32_t>(slot)};
            return static_cast<std::uint16_t>(slot);
        }
    }
    return no_slot;
}

void control_half::free_slot(std::uint16_t& slot) {
    if (slot != no_slot) {
        slots_[slot] = {};
    }
    slot = no_slot;
}

void control_half::install(std::uint16_t slot, const session_keys& keys, std::uint32_t remote_index,
                           bool initiator, const instant& at) {
    slot_state& use = slots_[slot];
    use.what = slot_state::use::session;
    session& made = shared_.sessions[slot];
    made = session{};
    std::copy(keys.send.begin(), keys.send.end(), made.send_key.begin());
    std::copy(keys.receive.begin(), keys.receive.end(), made.receive_key.begin());
    made.local_index = use.index;
    made.remote_index = remote_index;
    made.peer = use.peer;
    made.initiator = initiator;
    made.made_ns = at.now_ns;
    peers_[use.peer].derived_ns = at.now_ns;
    give({.what = initiator ? order::kind::install_current : order::kind::install_next,
          .peer = use.peer,
          .slot = slot,
          .endpoint = *peers_[use.peer].endpoint});
    push_orders(); // before the other side can send anything under these keys
}

// ---- out

bool control_half::begin_handshake(std::uint16_t peer, const instant& at, sender send) {
    peer_state& state = peers_[peer];
    if (state.attempt_ns || !state.endpoint || !has_key_) {
        return true;
    }
    if (state.initiated_ns && at.now_ns - *state.initiated_ns < rekey_timeout_ns) {
        return false;
    }
    state.attempt_ns = at.now_ns;
    initiate(peer, at, send);
    return true;
}

void control_half::initiate(std::uint16_t peer, const instant& at, sender send) {
    peer_state& state = peers_[peer];
    std::array<std::uint8_t, 2> drawn{};
    config_.random(drawn);
    state.jitter_ns = (drawn[0] | drawn[1] << 8) * rekey_jitter_ns / 0xFFFF;
    state.retry_ns = at.now_ns + rekey_timeout_ns + state.jitter_ns;
    free_slot(state.slot);
    state.slot = take_slot(slot_state::use::handshake, peer);
    if (state.slot == no_slot || !has_key_ || !state.endpoint) {
        return; // sessions are on their way back: the retry finds one
    }
    // 5.1: a clock that went back must not make us repeat a time stamp.
    newest_timestamp_ = std::max(tai64n::of(at.unix_ns), newest_timestamp_.next());
    initiator_state& begun = secrets_[peer].initiator;
    config_.random(begun.ephemeral);
    std::array<std::uint8_t, initiation::octets> message{};
    message[0] = static_cast<std::uint8_t>(message_type::initiation);
    put_u32(message.data() + initiation::sender_at, slots_[state.slot].index);
    if (!write_initiation(begun, self_, partner_of(peer), newest_timestamp_, message)) {
        return;
    }
    state.initiated_ns = at.now_ns;
    shared_.numbers.peer[peer].handshakes_started.add();
    transmit(peer, message, at, send);
}

void control_half::transmit(std::uint16_t peer, std::span<std::uint8_t> message, const instant& at,
                            sender send) {
    peer_state& state = peers_[peer];
    state.cookies.sign(state.macs, message, at.now_ns);
    shared_.numbers.peer[peer].handshake_sent_octets.add(message.size());
    send(*state.endpoint, message);
}

// ---- in

bool control_half::loaded(std::int64_t now_ns) const noexcept {
    return loaded_until_ns_ && now_ns < *loaded_until_ns_;
}

void control_half::measure_load(std::int64_t now_ns) noexcept {
    if (now_ns - load_second_ns_ >= second_ns) {
        load_second_ns_ = now_ns;
        load_messages_ = 0;
    }
    if (++load_messages_ > config_.load_messages_per_second) {
        loaded_until_ns_ = now_ns + second_ns;
    }
}

handshake_status control_half::receive(const base::udp_endpoint& source, base::octets message,
                                       const instant& at, bool under_load, sender send) {
    take_notices(at);
    if (under_load) {
        loaded_until_ns_ = at.now_ns + second_ns;
    }
    const handshake_status status = dispatch(source, message, at, send);
    push_orders();
    shared_.numbers.under_load.set(loaded(at.now_ns));
    shared_.numbers.handshakes[static_cast<std::size_t>(status)].add();
    return status;
}

handshake_status control_half::dispatch(const base::udp_endpoint& source, base::octets message,
                                        const instant& at, sender send) {
    const std::uint32_t type = message.size() < 4 ? 0 : get_u32(message.data());
    const bool initiates = type == static_cast<std::uint32_t>(message_type::initiation) &&
                           message.size() == initiation::octets;
    const bool responds = type == static_cast<std::uint32_t>(message_type::response) &&
                          message.size() == response::octets;
    if (type == static_cast<std::uint32_t>(message_type::cookie) &&
        message.size() == cookie_reply::octets) {
        return on_cookie(message.first<cookie_reply::octets>(), at);
    }
    if (!initiates && !responds) {
        return handshake_status::bad_message;
    }
    if (!has_key_) {
        return handshake_status::no_slot;
    }
    // 5.3: nothing that costs a key agreement before these.
    if (!mac1_is_good(own_macs_, message)) {
        return handshake_status::bad_mac1;
    }
    measure_load(at.now_ns);
    if (loaded(at.now_ns)) {
        if (!jar_.mac2_is_good(source, message, at.now_ns)) {
            std::array<std::uint8_t, cookie_reply::octets> reply{};
            jar_.reply(own_macs_, source, message, reply, at.now_ns);
            send(source, reply);
            return handshake_status::cookie_sent;
        }
        if (!limit_.allow(source.address, at.now_ns)) {
            return handshake_status::rate_limited;
        }
    }
    return initiates ? on_initiation(source, message.first<initiation::octets>(), at, send)
                     : on_response(source, message.first<response::octets>(), at);
}

handshake_status control_half::on_initiation(const base::udp_endpoint& source,
                                             const_initiation message, const instant& at,
                                             sender send) {
    answer reply;
    if (!reply.open_static(self_, message)) {
        return handshake_status::bad_seal;
    }
    const auto peer = find(reply.initiator());
    if (!peer) {
        return handshake_status::unknown_peer;
    }
    peer_state& state = peers_[*peer];
    tai64n time;
    if (!reply.open_timestamp(secrets_[*peer].static_static, message, time)) {
        return handshake_status::bad_seal;
    }
    if (time <= state.timestamp) {
        return handshake_status::replay;
    }
    if (state.answered_ns && at.now_ns - *state.answered_ns < initiation_spacing_ns) {
        return handshake_status::flood;
    }
    state.timestamp = time;
    state.answered_ns = at.now_ns;
    std::uint16_t slot = take_slot(slot_state::use::session, *peer);
    if (slot == no_slot) {
        return handshake_status::no_slot;
    }
    std::array<std::uint8_t, response::octets> out{};
    out[0] = static_cast<std::uint8_t>(message_type::response);
    put_u32(out.data() + response::sender_at, slots_[slot].index);
    wiped<key_octets> ephemeral;
    config_.random(ephemeral);
    session_keys keys;
    if (!reply.write_response(partner_of(*peer), ephemeral, out, keys)) {
        free_slot(slot);
        return handshake_status::bad_seal;
    }
    state.endpoint = source;
    shared_.numbers.peer[*peer].handshake_received_octets.add(message.size());
    install(slot, keys, get_u32(message.data() + initiation::sender_at), false, at);
    transmit(*peer, out, at, send);
    return handshake_status::answered;
}

handshake_status control_half::on_response(const base::udp_endpoint& source, const_response message,
                                           const instant& at) {
    const std::uint32_t index = get_u32(message.data() + response::receiver_at);
    const std::uint32_t slot = index & slot_mask_;
    if (slot >= slots_.size() || slots_[slot].index != index ||
        slots_[slot].what != slot_state::use::handshake) {
        return handshake_status::unknown_index;
    }
    const std::uint16_t peer = slots_[slot].peer;
    peer_state& state = peers_[peer];
    session_keys keys;
    if (!read_response(secrets_[peer].initiator, self_, partner_of(peer), message, keys)) {
        return handshake_status::bad_seal;
    }
    state.endpoint = source;
    state.slot = no_slot; // it is the session's now
    state.attempt_ns.reset();
    wipe(&secrets_[peer].initiator, sizeof(initiator_state));
    peer_numbers& numbers = shared_.numbers.peer[peer];
    numbers.handshake_received_octets.add(message.size());
    state.wanted_seen = numbers.handshakes_wanted.value(); // here it is
    numbers.handshakes_completed.add();
    numbers.last_handshake_unix_ns.set(at.unix_ns);
    install(static_cast<std::uint16_t>(slot), keys, get_u32(message.data() + response::sender_at),
            true, at);
    return handshake_status::completed;
}

handshake_status control_half::on_cookie(const_cookie_reply message, const instant& at) {
    const std::uint32_t index = get_u32(message.data() + cookie_reply::receiver_at);
    const std::uint32_t slot = index & slot_mask_;
    if (slot >= slots_.size() || slots_[slot].index != index ||
        slots_[slot].what == slot_state::use::free) {
        return handshake_status::unknown_index;
    }
    peer_state& state = peers_[slots_[slot].peer];
    if (!state.present || !state.cookies.take(state.macs, message, at.now_ns)) {
        return handshake_status::bad_seal;
    }
    return handshake_status::cookie_taken;
}

} // namespace landfall::crypto
