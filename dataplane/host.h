// SPDX-License-Identifier: MIT
// What an IP host does on a link, over octets: sorts what it receives, answers ARP, neighbour
// discovery and echo, knows its next hops. No packets, no port, no clock.
#pragma once

#include "base/counter.h"
#include "dataplane/flow_table.h"
#include "dataplane/neighbour.h"

#include <array>
#include <span>
#include <vector>

namespace landfall::dataplane {

inline constexpr std::uint64_t echo_per_second = 1000;
inline constexpr std::uint64_t echo_burst = 100;
/// Room that an answer or a query may take: a tag, and a neighbour advertisement.
inline constexpr std::size_t query_octets = ethernet_octets + vlan_octets + ipv6_octets + 32;

struct host_config {
    mac_address mac;
    std::optional<std::uint16_t> vlan;     ///< 1 to 4094; other frames are not ours
    std::vector<base::ip_prefix> address;  ///< own, with the length of the link's prefix
    std::vector<base::ip_address> gateway; ///< at most one of each family is used: the first
    std::uint16_t mtu = 1500;              ///< of IP packets, octets
    std::vector<flow> flows;
};

/// What the port has found out about a received frame.
struct frame_facts {
    bool ip_checksum_good = false;
    bool l4_checksum_bad = false;
};

/// What became of a received frame.
struct received {
    enum class outcome : std::uint8_t {
        flow,   ///< a datagram of a flow; see the members below
        answer, ///< the buffer now holds a frame of `octets`, to be sent
        done,   ///< dropped and counted, or taken note of
    };
    outcome what = outcome::done;
    std::uint16_t flow = 0;
    std::uint16_t ip_at = 0;
    std::uint16_t payload_at = 0;
    std::uint16_t octets = 0; ///< of the payload, or of the answer
    /// A neighbour that has just become reachable, for which packets may wait.
    std::optional<std::size_t> resolved;
};

/// How to get to an address.
struct next_hop {
    base::ip_address source; ///< our address towards it
    base::ip_address hop;    ///< itself, or a gateway
};

class host {
  public:
    explicit host(const host_config& config);

    /// `buffer` is the frame and the room behind it; the frame is its first `size` octets.
    [[nodiscard]] received receive(std::span<std::uint8_t> buffer, std::size_t size,
                                   const frame_facts& facts, time_ns now) noexcept;

    /// Where a datagram of a flow is, that any queue's lcore may take; nothing for all other
    /// frames, which `receive` is for. Also while another thread uses the host.
    [[nodiscard]] std::optional<received> find_flow(base::octets octets,
                                                    const frame_facts& facts) const noexcept;

    [[nodiscard]] std::expected<next_hop, tx_drop> route(const base::ip_address& to) const noexcept;

    /// Writes an ARP request or a neighbour solicitation; returns its octets, at most
    /// `query_octets`, or 0 when no address of ours can ask.
    std::size_t write_query(const neighbour_query& query,
                            std::span<std::uint8_t> out) const noexcept;
    /// The same for a gratuitous ARP or an unsolicited advertisement of our address `index`; 0
    /// past the last.
    std::size_t write_announcement(std::size_t index, std::span<std::uint8_t> out) const noexcept;

    neighbour_table& neighbours() noexcept { return neighbours_; }
    [[nodiscard]] const neighbour_table& neighbours() const noexcept { return neighbours_; }
    [[nodiscard]] const host_config& config() const noexcept { return config_; }
    /// Groups that the port must let through: none without IPv6.
    [[nodiscard]] std::vector<mac_address> groups() const;
    void pin_gateways(time_ns now) noexcept;

    /// For frames that are dropped before they come here.
    void count(rx_drop reason) noexcept { dropped_[static_cast<std::size_t>(reason)].add(); }
    [[nodiscard]] std::uint64_t dropped(rx_drop reason) const noexcept {
        return dropped_[static_cast<std::size_t>(reason)].value();
    }
    /// The newest packet that was dropped as `unknown_stream`.
    [[nodiscard]] stray_datagram stray() const noexcept { return stray_.value(); }
    [[nodiscard]] std::uint64_t echoes() const noexcept { return echoes_.value(); }
    [[nodiscard]] std::uint64_t answers() const noexcept { return answers_.value(); }

  private:
    struct frame; // a received one, as far as it is known
    using verdict = std::expected<received, rx_drop>;

    [[nodiscard]] std::expected<void, rx_drop> read_headers(frame& in) const noexcept;
    verdict sort(frame& in) noexcept;
    verdict take_arp(frame& in) noexcept;
    [[nodiscard]] verdict take_udp(const frame& in) const noexcept;
    void note_stray(const frame& in) noexcept;
    verdict take_icmp(frame& in) noexcept;
    verdict take_nd(frame& in, base::octets message) noexcept;
    verdict take_solicitation(frame& in, const base::ip_address& target) noexcept;
    [[nodiscard]] bool ours(const base::ip_address& address) const noexcept;
    [[nodiscard]] bool our_group(const base::ip_address& address) const noexcept;
    std::size_t write_header(const mac_address& to, std::uint16_t type,
                             std::span<std::uint8_t> out) const noexcept;
    bool may_echo(time_ns now) noexcept;

    host_config config_;
    flow_table flows_;
    neighbour_table neighbours_;
    std::array<base::counter, rx_drop_count> dropped_;
    base::gauge<stray_datagram> stray_;
    base::counter echoes_;
    base::counter answers_; // ARP and ND
    std::uint64_t echo_tokens_ = echo_burst;
    time_ns echo_refilled_ = 0;
};

} // namespace landfall::dataplane
