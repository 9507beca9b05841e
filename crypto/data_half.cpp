// SPDX-License-Identifier: MIT
#include "crypto/data_half.h"

#include "crypto/inner_packet.h"
#include "crypto/little_endian.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace landfall::crypto {
namespace {

constexpr std::uint32_t data_word = static_cast<std::uint32_t>(message_type::data);

/// Zeros to a multiple of 16, but not beyond the inner MTU (5.4.6).
std::size_t padded(std::size_t length, std::size_t inner_mtu) noexcept {
    return std::min((length + padding_octets - 1) / padding_octets * padding_octets,
                    std::max(length, inner_mtu));
}

decrypt_status classify(const incoming& message) noexcept {
    if (message.length < 4) {
        return decrypt_status::bad_message;
    }
    // The type and three reserved octets.
    switch (get_u32(message.datagram)) {
    case static_cast<std::uint32_t>(message_type::initiation):
        return message.length == initiation::octets ? decrypt_status::handshake
                                                    : decrypt_status::bad_message;
    case static_cast<std::uint32_t>(message_type::response):
        return message.length == response::octets ? decrypt_status::handshake
                                                  : decrypt_status::bad_message;
    case static_cast<std::uint32_t>(message_type::cookie):
        return message.length == cookie_reply::octets ? decrypt_status::handshake
                                                      : decrypt_status::bad_message;
    case data_word:
        return message.length >= data_message::least_octets ? decrypt_status::packet
                                                            : decrypt_status::bad_message;
    default:
        return decrypt_status::bad_message;
    }
}

} // namespace

data_half::data_half(shared_state& shared)
    : shared_(shared),
      slot_mask_(static_cast<std::uint32_t>(std::bit_ceil(shared.sessions.size()) - 1)),
      peers_(shared.numbers.peer.size()), live_(slot_mask_ + 1),
      allowed_(std::make_unique<allowed_ips>()) {}

// ---- what the control half says

void data_half::take_orders(std::int64_t now_ns) noexcept {
    // Every order leaves room for what obeying it has to tell, so that no notice is ever lost:
    // there are at most as many sessions to retire or confirm as there are slots.
    order what;
    while (shared_.notices.capacity() - shared_.notices.size() > 4 * live_.size() &&
           shared_.orders.pop(what)) {
        obey(what, now_ns);
    }
}

void data_half::obey(order& what, std::int64_t now_ns) noexcept {
    if (what.what == order::kind::set_allowed_ips) {
        std::swap(allowed_, what.allowed);
        last_peer_ = no_peer;
        shared_.notices.push(
            {.what = notice::kind::allowed_retired, .allowed = std::move(what.allowed)});
        return;
    }
    peer_state& state = peers_[what.peer];
    switch (what.what) {
    case order::kind::add_peer:
        state = {};
        state.present = true;
        break;
    case order::kind::remove_peer:
        forget_sessions(state);
        state = {};
        shared_.numbers.peer[what.peer].unanswered_since_ns.set(0);
        shared_.notices.push({.what = notice::kind::peer_removed, .peer = what.peer});
        break;
    case order::kind::install_current:
    case order::kind::install_next:
        install(what, now_ns);
        break;
    case order::kind::forget_sessions:
        forget_sessions(state);
        break;
    case order::kind::set_endpoint:
        state.endpoint = what.endpoint;
        state.has_endpoint = true;
        state.roamed = false;
        break;
    case order::kind::set_keepalive:
        state.keepalive_now |= state.keepalive_s == 0 && what.keepalive_s != 0;
        state.keepalive_s = what.keepalive_s;
        break;
    case order::kind::forgive_unanswered:
        shared_.numbers.peer[what.peer].unanswered_since_ns.set(0);
        break;
    case order::kind::set_allowed_ips:
        break;
    }
}

void data_half::install(const order& what, std::int64_t now_ns) noexcept {
    peer_state& state = peers_[what.peer];
    session& made = shared_.sessions[what.slot];
    live_[what.slot] = {made.local_index, true};
    if (what.what == order::kind::install_current) {
        // What was to be confirmed may have been confirmed by now, to the peer's knowledge.
        retire(state.previous);
        if (state.next != no_slot) {
            state.previous = std::exchange(state.next, no_slot);
            retire(state.current);
        } else {
            state.previous = state.current;
        }
        state.current = what.slot;
        state.keepalive_now = true; // it confirms the session to the responder
        shared_.numbers.peer[what.peer].session_made_ns.set(made.made_ns);
    } else {
        retire(state.next);
        retire(state.previous);
        state.next = what.slot;
    }
    state.endpoint = what.endpoint;
    state.has_endpoint = true;
    state.roamed = false;
    state.last_ns = now_ns;
    shared_.numbers.peer[what.peer].unanswered_since_ns.set(0);
}

void data_half::retire(std::uint16_t& slot) noexcept {
    if (slot == no_slot) {
        return;
    }
    session& old = shared_.sessions[slot];
    wipe(&old, sizeof old);
    live_[slot].live = false;
    shared_.notices.push({.what = notice::kind::slot_retired, .slot = slot});
    slot = no_slot;
}

void data_half::forget_sessions(peer_state& state) noexcept {
    retire(state.previous);
    if (state.current != no_slot) {
        shared_.numbers.peer[shared_.sessions[state.current].peer].session_made_ns.set(0);
    }
    retire(state.current);
    retire(state.next);
}

void data_half::tell_roaming() noexcept {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        // Leaves room for what must not be lost.
        if (peers_[i].roamed && shared_.notices.size() < 2 * live_.size()) {
            peers_[i].roamed = !shared_.notices.push({.what = notice::kind::roamed,
                                                      .peer = static_cast<std::uint16_t>(i),
                                                      .endpoint = peers_[i].endpoint});
        }
    }
}

std::span<std::uint16_t> data_half::poll(std::int64_t now_ns,
                                         std::span<std::uint16_t> keepalives) noexcept {
    take_orders(now_ns);
    std::size_t due = 0;
    if (now_ns - checked_ns_ < millisecond_ns && checked_ns_ != 0) {
        return keepalives.first(0);
    }
    checked_ns_ = now_ns;
    tell_roaming();
    for (std::size_t i = 0; i < peers_.size() && due < keepalives.size(); ++i) {
        const peer_state& state = peers_[i];
        const bool owing =
            state.owing_since_ns != 0 && now_ns - state.owing_since_ns >= keepalive_ns;
        const bool persistent =
            state.keepalive_s != 0 && now_ns - state.last_ns >= state.keepalive_s * second_ns;
        if (state.present && (state.keepalive_now || owing || persistent)) {
            keepalives[due++] = static_cast<std::uint16_t>(i);
        }
    }
    if (due == keepalives.size()) {
        checked_ns_ = 0; // there may be more
    }
    return keepalives.first(due);
}

std::uint16_t data_half::peer_of(const base::ip_address& inner) noexcept {
    if (last_peer_ == no_peer || inner != last_address_) {
        last_peer_ = allowed_->find(inner);
        last_address_ = inner;
    }
    return last_peer_;
}

bool data_half::ready(std::uint16_t peer, std::int64_t now_ns) const noexcept {
    if (peer >= peers_.size() || peers_[peer].current == no_slot) {
        return false;
    }
    const session& with = shared_.sessions[peers_[peer].current];
    return now_ns - with.made_ns < reject_after_ns && with.send_counter < reject_after_messages;
}

// ---- sending

void data_half::encrypt(std::span<outgoing> batch, std::int64_t now_ns) noexcept {
    take_orders(now_ns);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (i + 1 < batch.size() && batch[i + 1].packet != nullptr) {
            __builtin_prefetch(batch[i + 1].packet - scratch_headroom, 1);
            __builtin_prefetch(batch[i + 1].packet, 1);
        }
        outgoing& packet = batch[i];
        packet.status = encrypt_one(packet, now_ns);
        packet_numbers& numbers = present(packet.peer) ? shared_.numbers.peer[packet.peer].packets
                                                       : shared_.numbers.packets;
        numbers.encrypted[static_cast<std::size_t>(packet.status)].add();
    }
}

encrypt_status data_half::route(outgoing& packet) noexcept {
    if (packet.length > shared_.inner_mtu) {
        return encrypt_status::too_long;
    }
    const auto inner = read_inner({packet.packet, packet.length});
    if (!inner || inner->length != packet.length) {
        return encrypt_status::bad_packet;
    }
    bool allowed = true;
    if (packet.peer == no_peer || !packet.any_destination) {
        const std::uint16_t owner = peer_of(inner->destination);
        packet.peer = packet.peer == no_peer ? owner : packet.peer;
        allowed = packet.peer == owner;
    }
    if (!present(packet.peer)) {
        return encrypt_status::no_route;
    }
    return allowed ? encrypt_status::sent : encrypt_status::bad_destination;
}

session* data_half::sending_session(const peer_state& state, std::int64_t now_ns) noexcept {
    if (state.current == no_slot) {
        return nullptr;
    }
    session& with = shared_.sessions[state.current];
    const bool spent =
        now_ns - with.made_ns >= reject_after_ns || with.send_counter >= reject_after_messages;
    return spent ? nullptr : &with;
}

encrypt_status data_half::encrypt_one(outgoing& packet, std::int64_t now_ns) noexcept {
    const bool keepalive = packet.length == 0;
    if (keepalive && (!present(packet.peer))) {
        return encrypt_status::no_route;
    }
    if (const auto routed = keepalive ? encrypt_status::sent : route(packet);
        routed != encrypt_status::sent) {
        return routed;
    }
    const std::size_t length = keepalive ? 0 : padded(packet.length, shared_.inner_mtu);
    const std::size_t padding = length - packet.length;
    if (packet.headroom < least_headroom || packet.tailroom < padding + tag_octets) {
        return encrypt_status::no_room;
    }
    peer_state& state = peers_[packet.peer];
    if (keepalive) { // tried: not due again at once, whatever comes of it
        state.keepalive_now = false;
        state.owing_since_ns = 0;
        state.last_ns = now_ns;
    }
    session* with = sending_session(state, now_ns);
    if (with == nullptr) {
        want_handshake(packet.peer);
        return encrypt_status::no_session;
    }
    if (!state.has_endpoint) {
        return encrypt_status::no_endpoint;
    }
    // A counter is taken once, and never given back.
    const std::uint64_t counter = with->send_counter++;
    std::memset(packet.packet + packet.length, 0, padding);
    if (shared_.mode == sealing::one_call && length != 0 && length % padding_octets == 0 &&
        packet.headroom >= scratch_headroom &&
        packet.tailroom >= padding + one_call_tailroom(length)) {
        seal_one_call(with->send_key, counter, packet.packet, length);
    } else {
        seal_plain(with->send_key, counter, packet.packet, length);
    }
    packet.datagram = packet.packet - data_message::packet_at;
    packet.datagram_length = static_cast<std::uint32_t>(message_overhead + length);
    put_u32(packet.datagram, data_word);
    put_u32(packet.datagram + data_message::receiver_at, with->remote_index);
    put_u64(packet.datagram + data_message::counter_at, counter);
    packet.endpoint = state.endpoint;
    after_sending(packet, *with, now_ns);
    return encrypt_status::sent;
}

void data_half::after_sending(outgoing& packet, session& with, std::int64_t now_ns) noexcept {
    peer_state& state = peers_[packet.peer];
    peer_numbers& numbers = shared_.numbers.peer[packet.peer];
    state.owing_since_ns = 0;
    state.keepalive_now = false;
    state.last_ns = now_ns;
    numbers.sent_octets.add(packet.datagram_length);
    if (packet.length == 0) {
        numbers.keepalives_sent.add();
    } else if (numbers.unanswered_since_ns.value() == 0) {
        numbers.unanswered_since_ns.set(now_ns);
    }
    // 6.2: of both sides the initiator renews the keys, lest both do it at once.
    if ((with.initiator && now_ns - with.made_ns >= rekey_after_ns) ||
        with.send_counter > rekey_after_messages) {
        want_handshake(packet.peer);
    }
}

// ---- receiving

void data_half::decrypt(std::span<incoming> batch, std::int64_t now_ns) noexcept {
    take_orders(now_ns);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (i + 1 < batch.size() && batch[i + 1].datagram != nullptr) {
            __builtin_prefetch(batch[i + 1].datagram, 1);
        }
        incoming& message = batch[i];
        message.peer = no_peer;
        message.packet = nullptr;
        message.packet_length = 0;
        message.status = decrypt_one(message, now_ns);
        packet_numbers& numbers = message.peer == no_peer
                                      ? shared_.numbers.packets
                                      : shared_.numbers.peer[message.peer].packets;
        numbers.decrypted[static_cast<std::size_t>(message.status)].add();
    }
}

decrypt_status data_half::decrypt_one(incoming& message, std::int64_t now_ns) noexcept {
    const auto kind = classify(message);
    if (kind == decrypt_status::handshake) {
        // Here, so that a flood of what anyone can make costs the control half nothing (5.3).
        const bool has_mac1 = message.length != cookie_reply::octets;
        const base::octets octets(message.datagram, message.length);
        return !has_mac1 || mac1_is_good(shared_.own_macs.value(), octets)
                   ? kind
                   : decrypt_status::bad_mac1;
    }
    if (kind != decrypt_status::packet) {
        return kind;
    }
    const std::uint32_t index = get_u32(message.datagram + data_message::receiver_at);
    const std::uint32_t slot = index & slot_mask_;
    if (!live_[slot].live || live_[slot].index != index) {
        return decrypt_status::unknown_index;
    }
    session& with = shared_.sessions[slot];
    message.peer = with.peer;
    const std::uint64_t counter = get_u64(message.datagram + data_message::counter_at);
    if (now_ns - with.made_ns >= reject_after_ns || counter >= reject_after_messages) {
        return decrypt_status::stale_key;
    }
    std::uint8_t* packet = message.datagram + data_message::packet_at;
    const std::size_t sealed = message.length - data_message::packet_at;
    if (!open_sealed(with.receive_key, counter, packet, sealed)) {
        return decrypt_status::bad_tag;
    }
    // Only what is authentic may move the window.
    const bool newest = counter >= with.received.greatest();
    if (!with.received.take(counter)) {
        return decrypt_status::replay;
    }
    if (slot == peers_[with.peer].next) {
        confirm(with.peer);
    }
    message.packet = packet;
    message.packet_length = static_cast<std::uint32_t>(sealed - tag_octets);
    after_receiving(message, with, newest, now_ns);
    return release(message);
}

void data_half::confirm(std::uint16_t peer) noexcept {
    peer_state& state = peers_[peer];
    retire(state.previous);
    state.previous = state.current;
    state.current = std::exchange(state.next, no_slot);
    shared_.numbers.peer[peer].session_made_ns.set(shared_.sessions[state.current].made_ns);
    shared_.notices.push({.what = notice::kind::confirmed, .peer = peer, .slot = state.current});
}

void data_half::after_receiving(const incoming& message, session& with, bool newest,
                                std::int64_t now_ns) noexcept {
    peer_state& state = peers_[message.peer];
    peer_numbers& numbers = shared_.numbers.peer[message.peer];
    numbers.received_octets.add(message.length);
    numbers.unanswered_since_ns.set(0);
    state.last_ns = now_ns;
    if (message.packet_length != 0 && state.owing_since_ns == 0) {
        state.owing_since_ns = now_ns;
    }
    // 2.1: the peer is where its newest authentic message came from.
    if (newest && (message.source != state.endpoint || !state.has_endpoint)) {
        state.endpoint = message.source;
        state.has_endpoint = true;
        state.roamed = true;
        numbers.roamed.add();
    }
    // 6.2: an initiator that only listens renews the keys as well, once.
    if (with.initiator && !with.rekey_wanted && now_ns - with.made_ns >= rekey_on_receipt_ns) {
        with.rekey_wanted = true;
        want_handshake(message.peer);
    }
}

decrypt_status data_half::release(incoming& message) noexcept {
    const auto refuse = [&message](decrypt_status why) {
        message.packet = nullptr;
        message.packet_length = 0;
        return why;
    };
    if (message.packet_length == 0) {
        return refuse(decrypt_status::keepalive);
    }
    const auto inner = read_inner({message.packet, message.packet_length});
    if (!inner) {
        return refuse(decrypt_status::bad_packet);
    }
    if (allowed_->find(inner->source) != message.peer) {
        return refuse(decrypt_status::bad_source);
    }
    message.packet_length = static_cast<std::uint32_t>(inner->length);
    return decrypt_status::packet;
}

} // namespace landfall::crypto
