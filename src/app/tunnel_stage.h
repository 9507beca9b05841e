// SPDX-License-Identifier: MIT
// The tunnel's part of an io lcore: inner packets from the modems encrypted and sent, datagrams
// from peers decrypted, handshakes passed to the control thread and its messages sent. With the
// control thread's part of that.
#pragma once

#include "base/counter.h"
#include "base/fixed_queue.h"
#include "base/spsc_ring.h"
#include "crypto/tunnel.h"
#include "dataplane/io_loop.h"
#include "dataplane/packet.h"
#include "dataplane/ring.h"
#include "dataplane/stack.h"

#include <array>
#include <memory>
#include <vector>

namespace landfall::app {

/// Added to a peer's index in a packet's word: the route names the peer, whatever its allowed IPs.
inline constexpr std::uint32_t any_destination = 0x1'0000;

/// Added where the host's own IP sent the packet: few of these wait for a session.
inline constexpr std::uint32_t of_host = 0x2'0000;

/// A handshake message, to the control thread or from it.
struct handshake_message {
    static constexpr std::size_t most_octets = crypto::initiation::octets;

    base::udp_endpoint peer;
    std::uint16_t size = 0;
    std::array<std::uint8_t, most_octets> octets{};
};

/// What became of an authentic inner packet that a peer sent.
enum class inner_result : std::uint8_t {
    echo_answered,
    for_host,   ///< to the gateway, handed to the host's own IP
    not_for_us, ///< to an address that is not the gateway's own
    not_echo,   ///< to the gateway, but no echo request, and the host's own IP is kept out
    bad_packet, ///< fragments and malformed ones
};
inline constexpr std::size_t inner_results = 5;
[[nodiscard]] const char* name(inner_result result) noexcept;

/// Why a packet or message was dropped, besides what the tunnel says of packets.
enum class stage_drop : std::uint8_t {
    handshake_failed,   ///< packets that waited for a session which the peer did not make
    message_queue_full, ///< handshake messages to be sent that the lcore was too slow for
    no_packet,          ///< handshake messages to be sent for which no packet was free
};
inline constexpr std::size_t stage_drops = 3;
[[nodiscard]] const char* name(stage_drop why) noexcept;

/// Gets the inner packets to an address of ours that are no echo requests; views. May be none.
struct inner_sink {
    void (*take)(void* context, base::octets packet) noexcept = nullptr;
    void* context = nullptr;
};

struct tunnel_stage_config {
    std::size_t peers = 64;                 ///< the tunnel's most
    std::size_t staged_packets = 1024;      ///< for each peer without a session, the newest
    std::size_t staged_total = 2048;        ///< for all of them; who has most gives way
    std::size_t staged_of_host = 64;        ///< of those of each peer, the host's own
    std::vector<base::ip_prefix> addresses; ///< the gateway's own in the tunnel
    std::vector<dataplane::packet_ring*> inputs{};
    inner_sink sink{};
    dataplane::packet_ring* host = nullptr; ///< to the host's own IP; may be none
};

class tunnel_stage {
  public:
    /// What a handshake message or keepalive takes of a packet of the pool.
    static constexpr std::size_t message_octets = handshake_message::most_octets;

    /// What is pointed to outlives the stage. Handshake messages and keepalives come from
    /// `messages`: a pool that nothing else empties.
    tunnel_stage(tunnel_stage_config config, crypto::tunnel& tunnel, dataplane::stack& stack,
                 dataplane::packet_pool& messages);
    ~tunnel_stage();
    tunnel_stage(const tunnel_stage&) = delete;
    tunnel_stage& operator=(const tunnel_stage&) = delete;

    // The lcore's.
    [[nodiscard]] dataplane::flow_sink sink() noexcept;
    [[nodiscard]] dataplane::lcore_step as_step() noexcept;
    void receive(dataplane::packet_burst& burst, dataplane::time_ns now) noexcept;
    std::size_t poll(dataplane::time_ns now) noexcept;

    // The control thread's.
    /// Handshake messages that came, and timers.
    void run_handshakes(const crypto::instant& at);
    /// Whether more came meanwhile: then the control thread is not to sleep.
    [[nodiscard]] bool handshakes_wait() const noexcept { return received_.size() > 0; }
    /// What is to be sent for that, to the lcore.
    void send_handshakes();

    // Anyone's.
    /// Packets that were not sent, by the last thing that the tunnel said of them; `no_session`:
    /// those that gave way to newer ones while they waited; `no_route`: those that waited for a
    /// peer which was removed, too.
    [[nodiscard]] std::uint64_t dropped(crypto::encrypt_status status) const noexcept {
        return dropped_[static_cast<std::size_t>(status)].value();
    }
    [[nodiscard]] std::uint64_t dropped(stage_drop why) const noexcept {
        return stage_dropped_[static_cast<std::size_t>(why)].value();
    }
    [[nodiscard]] std::uint64_t inner(inner_result result) const noexcept {
        return inner_[static_cast<std::size_t>(result)].value();
    }
    /// Handshake messages that the control thread was too slow for.
    [[nodiscard]] std::uint64_t handshakes_dropped() const noexcept {
        return handshakes_dropped_.value();
    }
    /// Packets that wait for a session.
    [[nodiscard]] std::uint64_t staged() const noexcept { return staged_count_.value(); }

  private:
    /// Packets without a session, oldest first.
    struct waiting {
        base::fixed_queue<rte_mbuf*> packets;
        std::size_t of_host = 0;
        std::uint64_t failures = 0; ///< the peer's `handshakes_failed` when the first began to wait
        dataplane::time_ns since = 0;   ///< when the first began to wait
        dataplane::time_ns release = 0; ///< when more may go; 0: none went yet
        std::size_t came = 0;           ///< since some went
    };

    struct inner_packets {
        dataplane::packet_burst replies;
        dataplane::packet_burst for_host;
    };
    void take_inner(dataplane::packet packet, const crypto::incoming& in,
                    inner_packets& to) noexcept;
    [[nodiscard]] inner_result judge(std::span<std::uint8_t> packet) const noexcept;
    std::size_t send_messages(dataplane::time_ns now) noexcept;
    std::size_t send_keepalives(dataplane::time_ns now) noexcept;
    std::size_t send_staged(dataplane::time_ns now) noexcept;
    void submit(dataplane::packet_burst& burst, dataplane::time_ns now) noexcept;
    void encrypt(dataplane::packet_burst& burst, dataplane::time_ns now) noexcept;
    void stage(dataplane::packet packet, std::uint16_t peer, dataplane::time_ns now) noexcept;
    std::size_t release(waiting& from, dataplane::time_ns now) noexcept;
    [[nodiscard]] dataplane::packet unstage(waiting& from) noexcept;
    void purge(waiting& from, base::counter& why) noexcept;
    void drop(dataplane::packet packet, base::counter& why) noexcept;
    [[nodiscard]] base::counter& counter_of(crypto::encrypt_status why) noexcept {
        return dropped_[static_cast<std::size_t>(why)];
    }
    [[nodiscard]] base::counter& counter_of(stage_drop why) noexcept {
        return stage_dropped_[static_cast<std::size_t>(why)];
    }
    [[nodiscard]] std::uint64_t failures(std::size_t peer) const noexcept {
        return tunnel_.numbers().peer[peer].handshakes_failed.value();
    }
    void emit(dataplane::packet packet, const base::udp_endpoint& to,
              dataplane::time_ns now) noexcept;
    void flush(dataplane::time_ns now) noexcept;

    tunnel_stage_config config_;
    crypto::tunnel& tunnel_;
    dataplane::stack& stack_;
    dataplane::packet_pool& messages_;
    std::uint16_t listen_port_;
    base::spsc_ring<handshake_message> received_{1024}; ///< from peers
    base::spsc_ring<handshake_message> to_send_{256};
    std::vector<handshake_message> outbox_; ///< the control thread's
    std::vector<waiting> waiting_;          ///< by peer
    std::size_t staged_total_ = 0;
    dataplane::packet_burst out_; ///< to `out_to_`
    base::udp_endpoint out_to_;
    base::gauge<std::uint64_t> staged_count_;
    std::array<base::counter, crypto::encrypt_statuses> dropped_;
    std::array<base::counter, stage_drops> stage_dropped_; ///< each of one thread
    std::array<base::counter, inner_results> inner_;
    base::counter handshakes_dropped_;
};

} // namespace landfall::app
