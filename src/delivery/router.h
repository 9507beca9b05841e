// SPDX-License-Identifier: MIT
// Who gets what of a carrier, as what: frames, packets, IP packets and IQ datagrams in, IP packets
// for the inside of the tunnel out.
#pragma once

#include "base/counter.h"
#include "base/function_ref.h"
#include "base/ip.h"
#include "delivery/drop.h"
#include "delivery/ip_forward.h"
#include "delivery/selection.h"
#include "delivery/udp_datagram.h"
#include "framing/deframer.h"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace landfall::delivery {

enum class form : std::uint8_t {
    frames,  ///< one UDP datagram for each transfer frame
    packets, ///< one for each space packet
    ip,      ///< the downlink's IP packets themselves
    iq,      ///< one for each DIFI packet
};
[[nodiscard]] const char* name(form as) noexcept;

/// A peer of the tunnel, by a number that only the caller knows, and the MTU towards it: of inner
/// packets, octets, at least `least_mtu_octets`.
struct destination {
    std::uint32_t peer = 0;
    std::size_t mtu_octets = 1408;
};

/// An empty list selects everything.
struct route {
    form as = form::frames;
    std::vector<std::uint8_t> vcid{}; ///< of frames and packets, IP packets included
    std::vector<std::uint16_t> spacecraft_id{};
    std::vector<std::uint16_t> apid{}; ///< of space packets
    bool fill = false;                 ///< fill frames, too
    bool header = false;               ///< frames and packets: the header of frame_header.h
    std::vector<destination> to{};     ///< each gets a copy; at least one
    udp_flow flow{};                   ///< but for `ip`
    std::vector<base::ip_prefix> source_filter{};      ///< `ip`: only from these
    std::vector<base::ip_prefix> destination_filter{}; ///< `ip`: only to these
};

struct router_config {
    std::uint16_t carrier = 0;  ///< of this router, from 0
    std::uint16_t carriers = 1; ///< of the gateway; each gets identifications of its own
    std::vector<route> routes;
};

/// Where packets go. Called from within the router's calls; every buffer that was taken is
/// committed before the next is taken, or as the last.
struct output {
    /// A buffer of that many octets or more; empty when none is free.
    base::function_ref<std::span<std::uint8_t>(std::size_t size)> take;
    /// The first `size` octets of the buffer taken last are an IP packet for that peer.
    base::function_ref<void(std::uint32_t peer, std::size_t size)> commit;
};

/// Written by the router's thread, read by any.
struct route_counters {
    base::counter datagrams; ///< handed out whole: one for each peer
    base::counter octets;    ///< of the IP packets that were handed out
    base::counter fragments; ///< IP packets that are fragments which the router made
    std::array<base::counter, drop_count> drops; ///< of each peer; before fan-out, once
};

/// One per carrier, on one thread. Takes its memory at start.
class router {
  public:
    /// A route without peers, with addresses of two families or with an MTU below
    /// `least_mtu_octets` is a programmer's error.
    explicit router(router_config config);

    void frame(const framing::delivered_frame& frame, const output& out) noexcept;
    void packet(const framing::delivered_packet& packet, const output& out) noexcept;
    /// The payload of a UDP datagram of the carrier's stream.
    void iq(base::octets datagram, const output& out) noexcept;

    /// What the headers of later frames say, dB.
    void set_es_n0(std::optional<double> es_n0_db) noexcept { es_n0_db_ = es_n0_db; }

    /// Of a route, by its place in the configuration.
    [[nodiscard]] const route_counters& counters(std::size_t route) const noexcept {
        return counters_[route];
    }
    [[nodiscard]] std::size_t routes() const noexcept { return routes_.size(); }

  private:
    struct selected_route {
        selection of;
        std::uint32_t sequence = 0;
    };

    void send_udp(std::size_t at, base::octets before, base::octets data,
                  const output& out) noexcept;
    void send_ip(std::size_t at, base::octets octets, const output& out) noexcept;

    std::vector<route> routes_;
    std::vector<selected_route> selections_;
    std::unique_ptr<route_counters[]> counters_;
    std::optional<double> es_n0_db_;
    std::uint16_t carrier_;
    std::uint32_t identification_;
    std::uint32_t identification_step_;
};

} // namespace landfall::delivery
