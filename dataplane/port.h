// SPDX-License-Identifier: MIT
// A DPDK port: opened by its device string, polled by an lcore for each of its receive queues,
// watched by the control thread.
#pragma once

#include "base/counter.h"
#include "dataplane/device.h"
#include "dataplane/frame.h"
#include "dataplane/packet.h"

#include <atomic>
#include <vector>

struct rte_eth_conf;     // DPDK's
struct rte_eth_dev_info; //

namespace landfall::dataplane {

struct port_config {
    std::string name;                    ///< the operator's, for messages
    std::string device;                  ///< see device.h; or the name of a DPDK port that exists
    std::uint16_t mtu = 1500;            ///< of IP packets, octets; 68 to `base::port_mtu_max`
    std::uint16_t rx_queues = 1;         ///< at most; the device may have fewer
    std::uint16_t rx_descriptors = 1024; ///< the driver's limits apply
    std::uint16_t tx_descriptors = 1024;
};

enum class link_state : std::uint8_t {
    down,
    up,
    gone, ///< the device is no longer there; one of `net_af_packet` is taken up when it returns
};

/// Since the port was opened.
struct port_statistics {
    std::uint64_t rx_packets = 0;
    std::uint64_t rx_octets = 0;
    std::uint64_t rx_missed = 0;    ///< came while the port's receive ring was full
    std::uint64_t rx_errors = 0;    ///< found bad by the port
    std::uint64_t rx_no_packet = 0; ///< the pool was empty
    std::uint64_t tx_packets = 0;
    std::uint64_t tx_octets = 0;
    std::uint64_t tx_errors = 0;
};

/// Receive queues, each for one lcore, and one transmit queue, for the lcore of the first of them.
/// Where there are several queues the device keeps each pair of UDP endpoints to one of them. The
/// port frees what it receives too much, and what it cannot send.
class port {
  public:
    /// `pool` holds frames of `rx_data_octets(mtu)` and outlives the port. A failure names port and
    /// device; 77 where a capability is missing, 78 where there is no such device or driver. A link
    /// that is down is no failure.
    [[nodiscard]] static base::result<std::unique_ptr<port>> open(const port_config& config,
                                                                  packet_pool& pool);
    /// No lcore polls any more.
    ~port();
    port(const port&) = delete;
    port& operator=(const port&) = delete;

    // The lcores'.
    /// Fills the burst's room; how many were added. `queue` is less than `queues`.
    std::size_t receive(packet_burst& into, std::uint16_t queue = 0) noexcept;
    /// Takes the burst, which is then empty. What the port does not take is freed and counted.
    void transmit(packet_burst& burst) noexcept;

    // The control thread's.
    /// Looks at the link; ten times a second is right. Takes up an interface that has come back.
    link_state poll_link();
    [[nodiscard]] port_statistics statistics() const;
    /// Lets frames to these groups through, by filter if the port has one, else by taking all.
    void join(const std::vector<mac_address>& groups);

    // Anyone's.
    /// Receive queues; all of them are to be polled.
    [[nodiscard]] std::uint16_t queues() const noexcept { return config_.rx_queues; }
    [[nodiscard]] link_state link() const noexcept { return link_.value(); }
    [[nodiscard]] std::uint64_t link_ups() const noexcept { return link_ups_.value(); }
    [[nodiscard]] std::uint64_t link_downs() const noexcept { return link_downs_.value(); }
    [[nodiscard]] std::uint64_t dropped_full() const noexcept { return full_.value(); }
    [[nodiscard]] std::uint64_t dropped_no_link() const noexcept { return no_link_.value(); }
    [[nodiscard]] const mac_address& mac() const noexcept { return mac_; }
    [[nodiscard]] const port_config& config() const noexcept { return config_; }
    [[nodiscard]] const std::string& driver() const noexcept { return driver_; }

  private:
    port(const port_config& config, packet_pool& pool) : config_(config), pool_(pool) {}

    base::result<void> bring_up();
    base::result<void> find_device();
    base::result<void> configure();
    base::result<void> choose_queues(const rte_eth_dev_info& info, rte_eth_conf& wanted);
    base::result<void> start_queues(std::uint16_t tx_queues);
    [[nodiscard]] base::result<void> step(const char* what, int error) const;
    base::result<void> fit_interface();
    void take_address();
    void apply_groups();
    void close() noexcept;
    [[nodiscard]] bool parked() const noexcept;
    [[nodiscard]] link_state look() const;
    [[nodiscard]] base::failure failure(const std::string& what,
                                        int code = base::exit_code::failed) const;

    port_config config_;
    packet_pool& pool_;
    device_spec spec_;
    std::string driver_;
    std::vector<mac_address> groups_;
    unsigned interface_index_ = 0;
    bool ours_ = false;  // made by us, so taken down by us
    bool found_ = false; // `id_` is a port
    std::uint16_t id_ = 0;
    mac_address mac_;
    port_statistics before_; // of earlier lives of the interface

    std::atomic<bool> open_{false};         // control's: the lcores may use the port
    std::vector<std::atomic<bool>> parked_; // the lcores', by queue: it has seen that it may not
    base::gauge<link_state> link_;
    base::counter link_ups_;
    base::counter link_downs_;
    base::counter full_;
    base::counter no_link_;
};

} // namespace landfall::dataplane
