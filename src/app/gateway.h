// SPDX-License-Identifier: MIT
// The running gateway: every object of the live data's way, made, joined, watched and taken down.
//
//   port ▶ stack ▶ ring ▶ modem_stage (carriers) ▶ ring ▶ tunnel_stage ▶ stack ▶ port
#pragma once

#include "app/carrier_input.h"
#include "app/carrier_stage.h"
#include "app/durable_lane.h"
#include "app/host_stage.h"
#include "app/modem_stage.h"
#include "app/peer_watch.h"
#include "app/placement.h"
#include "app/tunnel_stage.h"
#include "base/error.h"
#include "config/gateway.h"
#include "control/log.h"
#include "control/snapshot.h"
#include "crypto/keys.h"
#include "crypto/tunnel.h"
#include "dataplane/eal.h"
#include "dataplane/io_loop.h"
#include "dataplane/port.h"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::app {

/// The secrets that a configuration names, read from their files.
struct gateway_keys {
    crypto::private_key own;
    std::vector<crypto::public_key> peers;                         ///< in the settings' order
    std::vector<std::optional<crypto::preshared_key>> preshared{}; ///< likewise
    std::vector<std::vector<crypto::public_key>> recipients{};     ///< of each tenant
    crypto::private_key ledger{};                                  ///< where there is a ledger
};

struct gateway_config {
    config::gateway settings;
    gateway_keys keys{};             ///< not looked at without a tunnel
    crypto::tai64n last_timestamp{}; ///< the newest of earlier runs
    /// Keeps a time stamp for the next run, before it is sent; tried again when it says false. May
    /// be empty.
    std::function<bool(const crypto::tai64n&)> keep_timestamp{};
    std::string sha256{};                             ///< of the configuration's files
    std::unique_ptr<dataplane::tun> host_interface{}; ///< where [host] asks for it
    durable_lane* durable = nullptr; ///< outlives the gateway; null: no route is durable
};

[[nodiscard]] delivery::form form_of(config::payload as) noexcept;

/// Made and used on the control thread, which is DPDK's main lcore; `snapshot` and `view` are
/// anyone's.
class gateway {
  public:
    /// What such a gateway takes of DPDK's memory, octets.
    [[nodiscard]] static std::size_t memory_octets(const config::gateway& settings);

    /// Opens the ports and starts the lcores, or says why not, nothing then being left behind.
    /// `eal` and `log` outlive the gateway.
    [[nodiscard]] static base::result<std::unique_ptr<gateway>>
    start(gateway_config config, const dataplane::eal& eal, control::logger& log);
    /// Stops at once.
    ~gateway();
    gateway(const gateway&) = delete;
    gateway& operator=(const gateway&) = delete;

    /// Handshakes, links, and what is worth a line in the log. To be called every 10 ms or so.
    void turn();
    /// Whether the next turn has work already.
    [[nodiscard]] bool busy() const noexcept {
        return tunnel_stage_ && tunnel_stage_->handshakes_wait();
    }

    /// Takes no more samples, delivers what was received, and stops; false when that took longer
    /// than `patience_s` and something was left behind. Calls `meanwhile` again and again.
    bool drain(double patience_s, const std::function<void()>& meanwhile = {});
    /// Ends the lcores at once. `snapshot` and `view` go on telling how it ended.
    void stop() noexcept;

    /// Steps of each lcore: all of them advance while all is well.
    [[nodiscard]] std::vector<std::uint64_t> heartbeats() const;
    [[nodiscard]] control::snapshot snapshot() const;
    [[nodiscard]] carrier_view view(std::size_t carrier) const {
        return carriers_[carrier]->view();
    }
    [[nodiscard]] std::size_t carriers() const noexcept { return carriers_.size(); }
    /// How full the ring before a carrier's modem is, or would be with `more` packets: 0 to 1.
    [[nodiscard]] double backlog(std::size_t carrier, std::size_t more = 0) const noexcept;

    /// The user-space protocol of WireGuard, one request.
    [[nodiscard]] std::string answer_uapi(std::string_view request);
    /// `[sat] locked, Es/N0 9.8 dB` of the carriers, for one line.
    [[nodiscard]] std::string status_line() const;

  private:
    struct port_parts {
        std::unique_ptr<dataplane::packet_pool> pool;
        std::unique_ptr<dataplane::port> device;
        std::unique_ptr<dataplane::stack> stack;
        std::unique_ptr<dataplane::packet_ring> others; ///< where it has several queues
        dataplane::link_state last_link = dataplane::link_state::down;
        dataplane::stray_datagram last_stray;
    };
    struct watched_carrier {
        bool locked = false;
        double unfit_rate_hz = 0.0;
        std::uint64_t behind = 0; ///< packets
    };
    struct watched_lcore {
        std::array<double, 4> longest_gap_s{}; ///< of the last quarters of a minute
    };

    gateway(gateway_config config, control::logger& log);
    base::result<void> build(const dataplane::eal& eal);
    base::result<void> open_ports(std::size_t spare);
    base::result<void> make_tunnel();
    base::result<void> make_carriers();
    std::vector<carrier_place> place_carriers(std::span<const dataplane::lcore> lcores);
    base::result<void> make_modems(std::span<const dataplane::lcore> lcores);
    base::result<void> make_host();
    void make_stacks();
    [[nodiscard]] std::vector<dataplane::flow_sink> sinks_of(std::size_t port, std::size_t queue);
    void make_io(std::span<const dataplane::lcore> lcores);
    void make_queues(std::span<const dataplane::lcore> lcores);
    void add_loop(const dataplane::lcore& on, const dataplane::lcore_step& step);
    base::result<void> launch();

    [[nodiscard]] std::size_t port_index(std::string_view name) const;
    [[nodiscard]] delivery::router_config routes_of(std::size_t carrier) const;
    void wait_for_links();
    void count_left_behind();
    void serve_tunnel();
    [[nodiscard]] std::vector<crypto::public_key> tunnel_peers() const;
    void tell_change(const crypto::tunnel_change& change,
                     std::span<const crypto::public_key> before);
    void watch();
    void watch_links();
    void watch_strays();
    void watch_carriers();
    void watch_lcores();
    void watch_peers();

    void add_ports(control::snapshot& to) const;
    void add_lcores(control::snapshot& to) const;
    void add_buffers(control::snapshot& to) const;
    void add_carriers(control::snapshot& to) const;
    void add_tunnel(control::snapshot& to) const;
    void add_host(control::tunnel_state& to) const;
    void add_routes(control::snapshot& to) const;

    config::gateway settings_;
    gateway_config config_;
    control::logger& log_;
    double start_unix_s_ = 0.0;
    mutable std::mutex mutex_; ///< of what the control thread changes and `snapshot` reads

    std::unique_ptr<dataplane::packet_pool> tunnel_pool_;  ///< outlives what holds its packets
    std::unique_ptr<dataplane::packet_pool> message_pool_; ///< likewise
    std::unique_ptr<dataplane::packet_pool> host_pool_;    ///< likewise
    std::vector<port_parts> ports_;
    std::unique_ptr<crypto::tunnel> tunnel_;
    std::unique_ptr<host_stage> host_;
    std::unique_ptr<tunnel_stage> tunnel_stage_;
    std::size_t inner_mtu_ = 0;
    crypto::tai64n kept_timestamp_{};
    std::vector<std::unique_ptr<carrier_input>> inputs_;           ///< by carrier
    std::vector<std::unique_ptr<carrier_stage>> carriers_;         ///< in the settings' order
    std::vector<std::unique_ptr<dataplane::packet_ring>> outputs_; ///< by modem
    std::uint64_t left_behind_ = 0; ///< packets for the tunnel, likewise
    std::vector<std::unique_ptr<modem_stage>> modems_;
    std::vector<std::unique_ptr<dataplane::io_loop>> io_;
    std::vector<std::unique_ptr<dataplane::queue_loop>> queues_;
    std::vector<std::unique_ptr<dataplane::lcore_loop>> loops_; ///< io, then modems
    std::vector<watched_carrier> seen_carriers_;
    std::vector<watched_lcore> seen_lcores_;
    std::vector<peer_watch> seen_peers_; ///< of the settings
    std::int64_t next_link_ns_ = 0;
    std::int64_t next_watch_ns_ = 0;
    std::size_t watches_ = 0;
};

} // namespace landfall::app
