// SPDX-License-Identifier: MIT
#include "app/tunnel_stage.h"

#include "dataplane/icmp.h"

#include <algorithm>
#include <utility>

namespace landfall::app {
namespace {

using crypto::encrypt_status;
using dataplane::packet;
using dataplane::packet_burst;
using dataplane::time_ns;

constexpr time_ns longest_wait_ns = 90 * dataplane::second_ns; // as long as a handshake is tried
constexpr time_ns release_interval_ns = dataplane::second_ns / 1000;
constexpr std::size_t release_packets = 8;

constexpr std::size_t index(auto value) noexcept {
    return static_cast<std::size_t>(value);
}

void swap_addresses(std::span<std::uint8_t> ip, bool v6) noexcept {
    const std::size_t octets = v6 ? 16 : 4;
    const std::size_t source_at = v6 ? 8 : 12;
    const auto source = ip.subspan(source_at, octets);
    std::swap_ranges(source.begin(), source.end(), ip.subspan(source_at + octets).begin());
}

} // namespace

const char* name(inner_result result) noexcept {
    static constexpr std::array names{"echo_answered", "for_host", "not_for_us", "not_echo",
                                      "bad_packet"};
    static_assert(names.size() == inner_results);
    return names[index(result)];
}

const char* name(stage_drop why) noexcept {
    static constexpr std::array names{"handshake_failed", "message_queue_full", "no_packet"};
    static_assert(names.size() == stage_drops);
    return names[index(why)];
}

tunnel_stage::tunnel_stage(tunnel_stage_config config, crypto::tunnel& tunnel,
                           dataplane::stack& stack, dataplane::packet_pool& messages)
    : config_(std::move(config)), tunnel_(tunnel), stack_(stack), messages_(messages),
      listen_port_(tunnel.control().listen_port()) {
    waiting_.reserve(config_.peers);
    for (std::size_t i = 0; i < config_.peers; ++i) {
        waiting_.push_back({.packets = base::fixed_queue<rte_mbuf*>(config_.staged_packets)});
    }
}

tunnel_stage::~tunnel_stage() {
    for (waiting& one : waiting_) {
        while (!one.packets.empty()) {
            unstage(one).free();
        }
    }
}

dataplane::flow_sink tunnel_stage::sink() noexcept {
    return {[](void* self, packet_burst& burst, time_ns now) noexcept {
                static_cast<tunnel_stage*>(self)->receive(burst, now);
            },
            this};
}

dataplane::lcore_step tunnel_stage::as_step() noexcept {
    return {[](void* self, time_ns now) noexcept {
                return static_cast<tunnel_stage*>(self)->poll(now);
            },
            this};
}

void tunnel_stage::run_handshakes(const crypto::instant& at) {
    const auto send = [&](const base::udp_endpoint& to, base::octets octets) {
        handshake_message& message = outbox_.emplace_back();
        message.peer = to;
        message.size = static_cast<std::uint16_t>(octets.size());
        std::copy(octets.begin(), octets.end(), message.octets.begin());
    };
    const std::size_t queued = received_.size();
    const bool loaded = queued >= received_.capacity() / 8;
    handshake_message message;
    for (std::size_t i = 0; i < queued && received_.pop(message); ++i) {
        tunnel_.control().receive(message.peer, base::octets(message.octets).first(message.size),
                                  at, loaded, send);
    }
    static_cast<void>(tunnel_.control().poll(at, send));
}

void tunnel_stage::send_handshakes() {
    for (const handshake_message& message : outbox_) {
        if (!to_send_.push(message)) { // the protocol tries again
            counter_of(stage_drop::message_queue_full).add();
        }
    }
    outbox_.clear();
}

void tunnel_stage::receive(packet_burst& burst, time_ns now) noexcept {
    std::array<crypto::incoming, dataplane::burst_packets> batch;
    for (std::size_t i = 0; i < burst.size(); ++i) {
        const auto data = burst[i].data();
        batch[i].datagram = data.data();
        batch[i].length = static_cast<std::uint32_t>(data.size());
        batch[i].source = burst[i].source();
    }
    tunnel_.data().decrypt(std::span(batch).first(burst.size()), now);
    inner_packets inner;
    for (std::size_t i = 0; i < burst.size(); ++i) {
        if (batch[i].status == crypto::decrypt_status::packet) {
            take_inner(burst.take(i), batch[i], inner);
        } else if (batch[i].status == crypto::decrypt_status::handshake) {
            handshake_message message{.peer = batch[i].source,
                                      .size = static_cast<std::uint16_t>(batch[i].length)};
            std::copy_n(batch[i].datagram, batch[i].length, message.octets.begin());
            if (!received_.push(message)) {
                handshakes_dropped_.add();
            }
        }
    }
    submit(inner.replies, now);
    flush(now);
    if (config_.host != nullptr) {
        config_.host->enqueue(inner.for_host);
    }
}

void tunnel_stage::take_inner(packet one, const crypto::incoming& in, inner_packets& to) noexcept {
    one.trim_front(static_cast<std::size_t>(in.packet - one.data().data()));
    one.trim_back(one.data().size() - in.packet_length);
    const inner_result result = judge(one.data());
    inner_[index(result)].add();
    // Either burst is as large as the one that came in.
    if (result == inner_result::echo_answered) {
        one.set_word(in.peer);
        static_cast<void>(to.replies.push(one));
    } else if (result == inner_result::for_host) {
        static_cast<void>(to.for_host.push(one));
    } else {
        if (result == inner_result::not_echo && config_.sink.take != nullptr) {
            config_.sink.take(config_.sink.context, one.data());
        }
        one.free();
    }
}

/// An echo request becomes its answer.
inner_result tunnel_stage::judge(std::span<std::uint8_t> data) const noexcept {
    const bool v6 = data[0] >> 4U == 6;
    const auto ip = v6 ? dataplane::parse_ipv6(data) : dataplane::parse_ipv4(data);
    if (!ip) {
        return inner_result::bad_packet;
    }
    const bool ours =
        std::any_of(config_.addresses.begin(), config_.addresses.end(),
                    [&](const base::ip_prefix& own) { return own.address == ip->destination; });
    if (!ours) {
        return inner_result::not_for_us;
    }
    const std::uint8_t icmp = v6 ? dataplane::ip_protocol::icmpv6 : dataplane::ip_protocol::icmp;
    const auto message = data.subspan(ip->octets, ip->total - ip->octets);
    if (ip->protocol != icmp || !dataplane::check_icmp(message, *ip) ||
        !dataplane::turn_echo(message, v6)) {
        return config_.host != nullptr ? inner_result::for_host : inner_result::not_echo;
    }
    swap_addresses(data, v6);
    return inner_result::echo_answered;
}

std::size_t tunnel_stage::poll(time_ns now) noexcept {
    std::size_t done = send_keepalives(now);
    done += send_messages(now);
    done += send_staged(now);
    for (dataplane::packet_ring* input : config_.inputs) {
        packet_burst burst;
        done += input->dequeue(burst);
        submit(burst, now);
    }
    flush(now);
    return done;
}

std::size_t tunnel_stage::send_messages(time_ns now) noexcept {
    std::size_t sent = 0;
    for (handshake_message message; sent < dataplane::burst_packets && to_send_.pop(message);
         ++sent) {
        packet_burst fresh;
        if (!messages_.allocate(fresh, 1)) {
            counter_of(stage_drop::no_packet).add();
            continue;
        }
        const packet one = fresh.take(0);
        const auto room = one.append(message.size);
        std::copy_n(message.octets.begin(), message.size, room.begin());
        emit(one, message.peer, now);
    }
    return sent;
}

std::size_t tunnel_stage::send_keepalives(time_ns now) noexcept {
    std::array<std::uint16_t, dataplane::burst_packets> peers{};
    const auto due = tunnel_.data().poll(now, peers);
    if (due.empty()) {
        return 0;
    }
    packet_burst burst;
    if (!messages_.allocate(burst, due.size())) {
        return 0; // they are told again
    }
    for (std::size_t i = 0; i < due.size(); ++i) {
        burst[i].set_word(due[i]);
    }
    encrypt(burst, now);
    return due.size();
}

std::size_t tunnel_stage::send_staged(time_ns now) noexcept {
    std::size_t done = 0;
    for (std::size_t i = 0; staged_total_ > 0 && i < waiting_.size(); ++i) {
        waiting& one = waiting_[i];
        const auto peer = static_cast<std::uint16_t>(i);
        if (one.packets.empty()) {
            continue;
        }
        if (!tunnel_.data().present(peer)) {
            purge(one, counter_of(encrypt_status::no_route));
        } else if (failures(peer) != one.failures) {
            purge(one, counter_of(stage_drop::handshake_failed));
        } else if (tunnel_.data().ready(peer, now)) {
            done += release(one, now);
        } else if (now - one.since >= longest_wait_ns) { // as for a peer that never called
            purge(one, counter_of(stage_drop::handshake_failed));
        }
    }
    staged_count_.set(staged_total_);
    return done;
}

/// Not all at once: a stock peer's socket holds a hundred packets or two. As many as came since, so
/// that the others become fewer whatever comes.
std::size_t tunnel_stage::release(waiting& from, time_ns now) noexcept {
    if (now < from.release) {
        return 0;
    }
    if (from.release == 0) {
        from.came = 0;
    }
    from.release = now + release_interval_ns;
    const std::size_t most =
        std::min(from.packets.size(), release_packets + std::exchange(from.came, 0));
    packet_burst burst;
    for (std::size_t i = 0; i < most; ++i) {
        static_cast<void>(burst.push(unstage(from)));
        if (burst.room() == 0) {
            encrypt(burst, now);
        }
    }
    encrypt(burst, now);
    return most;
}

void tunnel_stage::submit(packet_burst& burst, time_ns now) noexcept {
    packet_burst ready;
    for (std::size_t i = 0; i < burst.size(); ++i) {
        const packet one = burst.take(i);
        const auto peer = static_cast<std::uint16_t>(one.word());
        if (peer < waiting_.size() && !waiting_[peer].packets.empty()) {
            tunnel_.data().want_handshake(peer);
            stage(one, peer, now); // in order, behind those that wait
        } else {
            static_cast<void>(ready.push(one));
        }
    }
    burst.clear();
    encrypt(ready, now);
}

void tunnel_stage::encrypt(packet_burst& burst, time_ns now) noexcept {
    std::array<crypto::outgoing, dataplane::burst_packets> batch;
    for (std::size_t i = 0; i < burst.size(); ++i) {
        const auto data = burst[i].data();
        batch[i] = {.packet = data.data(),
                    .length = static_cast<std::uint32_t>(data.size()),
                    .headroom = static_cast<std::uint32_t>(burst[i].headroom()),
                    .tailroom = static_cast<std::uint32_t>(burst[i].tailroom()),
                    .peer = static_cast<std::uint16_t>(burst[i].word()),
                    .any_destination = (burst[i].word() & any_destination) != 0};
    }
    tunnel_.data().encrypt(std::span(batch).first(burst.size()), now);
    for (std::size_t i = 0; i < burst.size(); ++i) {
        const crypto::outgoing& result = batch[i];
        const packet one = burst.take(i);
        switch (result.status) {
        case encrypt_status::sent:
            static_cast<void>(one.prepend(crypto::data_message::packet_at));
            static_cast<void>(one.append(result.datagram_length - one.data().size()));
            emit(one, result.endpoint, now);
            break;
        case encrypt_status::no_session:
        case encrypt_status::no_endpoint:
            stage(one, result.peer, now);
            break;
        case encrypt_status::no_route:
        case encrypt_status::bad_destination:
        case encrypt_status::bad_packet:
        case encrypt_status::too_long:
        case encrypt_status::no_room:
            drop(one, counter_of(result.status));
            break;
        }
    }
    burst.clear();
}

void tunnel_stage::stage(packet one, std::uint16_t peer, time_ns now) noexcept {
    if (one.data().empty()) { // a keepalive; it is told again
        one.free();
        return;
    }
    waiting& to = waiting_[peer];
    const bool hosts = (one.word() & of_host) != 0;
    if (hosts && to.of_host == config_.staged_of_host) {
        drop(one, counter_of(encrypt_status::no_session)); // it sends it again, or does without
        return;
    }
    if (to.packets.full()) {
        drop(unstage(to), counter_of(encrypt_status::no_session));
    } else if (staged_total_ >= config_.staged_total) {
        const auto fullest = std::max_element(
            waiting_.begin(), waiting_.end(),
            [](const waiting& a, const waiting& b) { return a.packets.size() < b.packets.size(); });
        drop(unstage(*fullest), counter_of(encrypt_status::no_session));
    }
    if (to.packets.empty()) {
        to.failures = failures(peer);
        to.since = now;
        to.release = 0;
    }
    ++to.came;
    to.packets.push_back(one.get());
    to.of_host += hosts ? 1U : 0U;
    staged_count_.set(++staged_total_);
}

packet tunnel_stage::unstage(waiting& from) noexcept {
    const packet oldest(from.packets.front());
    from.packets.pop_front();
    from.of_host -= (oldest.word() & of_host) != 0 ? 1U : 0U;
    --staged_total_;
    return oldest;
}

void tunnel_stage::purge(waiting& from, base::counter& why) noexcept {
    while (!from.packets.empty()) {
        drop(unstage(from), why);
    }
}

void tunnel_stage::drop(packet one, base::counter& why) noexcept {
    why.add();
    one.free();
}

void tunnel_stage::emit(packet one, const base::udp_endpoint& to, time_ns now) noexcept {
    if (!out_.empty() && (out_to_ != to || out_.room() == 0)) {
        flush(now);
    }
    out_to_ = to;
    static_cast<void>(out_.push(one)); // there is room
}

void tunnel_stage::flush(time_ns now) noexcept {
    if (!out_.empty()) {
        stack_.send(out_, listen_port_, out_to_, now);
    }
}

} // namespace landfall::app
