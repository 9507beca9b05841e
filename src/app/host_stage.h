// SPDX-License-Identifier: MIT
// The host's own way through the tunnel: a thread between the interface of the kernel and the io
// lcore, which hands over what it decrypted and takes what is to be encrypted, by two rings.
#pragma once

#include "base/counter.h"
#include "base/error.h"
#include "config/gateway.h"
#include "dataplane/host_filter.h"
#include "dataplane/packet.h"
#include "dataplane/ring.h"
#include "dataplane/tun.h"

#include <array>
#include <memory>
#include <thread>

namespace landfall::app {

/// What is asked of the kernel: the tunnel's addresses and MTU, and routes to what is behind the
/// peers, but for groups and default routes.
[[nodiscard]] dataplane::tun_config host_interface_of(const config::gateway& settings);
[[nodiscard]] dataplane::host_filter_config host_filter_of(const config::gateway& settings);

struct host_traffic {
    base::counter packets;
    base::counter octets;
};

class host_stage {
  public:
    static constexpr std::size_t ring_packets = 1024;

    /// Packets of the host's own, which take none away from frames.
    [[nodiscard]] static dataplane::packet_pool_config pool(std::size_t data_octets) {
        return {.name = "host", .packets = 1023, .data_octets = data_octets};
    }

    /// Makes both rings and the thread. Packets come from `pool`, which outlives the stage and
    /// whatever they are handed to.
    [[nodiscard]] static base::result<std::unique_ptr<host_stage>>
    start(std::unique_ptr<dataplane::tun> interface, const config::gateway& settings,
          dataplane::packet_pool& pool);
    ~host_stage() { stop(); }
    host_stage(const host_stage&) = delete;
    host_stage& operator=(const host_stage&) = delete;

    /// Ends the thread; what is in the rings stays there.
    void stop() noexcept;

    /// Where the io lcore puts packets for the host.
    [[nodiscard]] dataplane::packet_ring& in() noexcept { return *in_; }
    /// Where it takes those of the host.
    [[nodiscard]] dataplane::packet_ring& out() noexcept { return *out_; }

    // Anyone's.
    [[nodiscard]] const std::string& interface_name() const noexcept { return tun_->name(); }
    [[nodiscard]] const host_traffic& to_host() const noexcept { return to_host_; }
    [[nodiscard]] const host_traffic& from_host() const noexcept { return from_host_; }
    [[nodiscard]] std::uint64_t refused_to_host(dataplane::host_drop why) const noexcept {
        return refused_to_host_[static_cast<std::size_t>(why)].value();
    }
    [[nodiscard]] std::uint64_t refused_from_host(dataplane::host_drop why) const noexcept {
        return refused_from_host_[static_cast<std::size_t>(why)].value();
    }
    /// Packets that the kernel did not take, as when its interface is down.
    [[nodiscard]] std::uint64_t not_written() const noexcept { return not_written_.value(); }

  private:
    host_stage(std::unique_ptr<dataplane::tun> interface, const config::gateway& settings,
               dataplane::packet_pool& pool);
    void run(const std::stop_token& stop) noexcept;
    std::size_t give_host(dataplane::time_ns now) noexcept;
    std::size_t take_host(dataplane::time_ns now) noexcept;

    std::unique_ptr<dataplane::tun> tun_;
    std::size_t mtu_;
    dataplane::host_filter filter_; ///< the thread's
    dataplane::packet_pool& pool_;
    std::unique_ptr<dataplane::packet_ring> in_;
    std::unique_ptr<dataplane::packet_ring> out_;
    host_traffic to_host_;
    host_traffic from_host_;
    std::array<base::counter, dataplane::host_drops> refused_to_host_;
    std::array<base::counter, dataplane::host_drops> refused_from_host_;
    base::counter not_written_;
    bool blocked_ = false; ///< there was no room for what the host sends, or it was too much
    double ns_per_octet_;  ///< of what the host sends
    dataplane::time_ns sent_until_ = 0; ///< when what it sent is over, at that rate
    std::jthread thread_;
};

} // namespace landfall::app
