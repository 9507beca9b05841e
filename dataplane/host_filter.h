// SPDX-License-Identifier: MIT
// What may pass between the tunnel and the host's own IP: what its own connections send and are
// answered, and what the configuration lets others begin. No I/O; one thread's.
#pragma once

#include "dataplane/frame.h"

#include <bitset>
#include <expected>
#include <span>
#include <vector>

namespace landfall::dataplane {

/// Why a packet does not pass.
enum class host_drop : std::uint8_t {
    not_allowed,    ///< to the host: no answer to what it sent, and nobody may begin it
    malformed,      ///< headers that are not whole, or a checksum of IPv4 that is wrong
    fragment,       ///< either way: its ports cannot be seen
    foreign_source, ///< from the host: not from an address of the gateway's in the tunnel
};
inline constexpr std::size_t host_drops = 4;
/// "host_filter", "host_malformed", …
[[nodiscard]] const char* name(host_drop why) noexcept;

/// What others may begin: ICMP, or a TCP or UDP port of the host's.
struct host_allowance {
    std::uint8_t protocol = 0; ///< as IP numbers it
    std::uint16_t port = 0;    ///< 0 with ICMP
};

struct host_filter_config {
    std::vector<base::ip_address> addresses; ///< the gateway's own in the tunnel
    std::vector<host_allowance> allow;
};

/// Remembers which connections the host has begun: the last packet that it sent lets answers in for
/// as long as NATs are to keep a binding (RFC 5382, RFC 4787, RFC 5508). When full, the one whose
/// time ends first gives way. Takes its memory at start.
class host_filter {
  public:
    static constexpr time_ns tcp_idle_ns = 7440 * second_ns;
    static constexpr time_ns udp_idle_ns = 300 * second_ns;
    static constexpr time_ns icmp_idle_ns = 60 * second_ns;
    static constexpr std::size_t most_flows = 2048;

    explicit host_filter(const host_filter_config& config);

    /// A packet that came out of the tunnel. Echo replies and ICMP errors are answers, too: errors
    /// by the packet that they repeat. Redirects and neighbour discovery never pass.
    [[nodiscard]] std::expected<void, host_drop> to_host(base::octets packet,
                                                         time_ns now) const noexcept;
    /// A packet that the host sends.
    [[nodiscard]] std::expected<void, host_drop> from_host(base::octets packet,
                                                           time_ns now) noexcept;

  private:
    struct flow {
        base::ip_address local;
        base::ip_address remote;
        std::uint16_t local_port = 0; ///< of an echo: its identifier
        std::uint16_t remote_port = 0;
        std::uint8_t protocol = 0;

        bool operator==(const flow&) const = default;
    };
    struct entry {
        flow key;
        time_ns until = 0;
    };
    static constexpr std::size_t ways = 8; ///< entries in which one flow may be

    [[nodiscard]] static std::size_t set_of(const flow& key) noexcept;
    [[nodiscard]] bool known(const flow& key, time_ns now) const noexcept;
    void remember(const flow& key, time_ns now) noexcept;
    [[nodiscard]] bool may_begin(std::uint8_t protocol, std::uint16_t port) const noexcept;
    [[nodiscard]] bool own(const base::ip_address& address) const noexcept;
    [[nodiscard]] bool icmp_passes(base::octets message, const ip_header& ip,
                                   time_ns now) const noexcept;
    [[nodiscard]] bool concerns_us(base::octets repeated, bool v6, time_ns now) const noexcept;

    std::vector<base::ip_address> addresses_;
    std::bitset<65536> tcp_;
    std::bitset<65536> udp_;
    bool icmp_ = false;
    std::vector<entry> flows_;
};

} // namespace landfall::dataplane
