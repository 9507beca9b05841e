// SPDX-License-Identifier: MIT
#include "dataplane/port.h"

#include "dataplane/eal_log.h"
#include "dataplane/kernel_interface.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <cstring>

namespace landfall::dataplane {
namespace {

constexpr std::uint16_t least_mtu = 68;

/// A device of one's own for every port: "net_af_packet3".
unsigned next_device_number() {
    static unsigned next = 0;
    return next++;
}

/// For ports that have none: locally administered, from the port's name (FNV-1a).
mac_address made_up_mac(const std::string& name) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char letter : name) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
    }
    mac_address made;
    std::memcpy(made.octet.data(), &hash, made.octet.size());
    made.octet[0] = static_cast<std::uint8_t>((made.octet[0] & 0xfcU) | 2U);
    return made;
}

/// The largest MTU that the device says it takes.
std::uint32_t device_mtu(const rte_eth_dev_info& info) noexcept {
    if (info.max_mtu != 0 && info.max_mtu != UINT16_MAX) {
        return info.max_mtu;
    }
    constexpr std::uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
    return info.max_rx_pktlen > overhead ? info.max_rx_pktlen - overhead : 0;
}

/// Of a device that is not opened: what is not understood is the configuration's, what is
/// not there may come later, as at boot.
int code_of(int error) noexcept {
    switch (error) {
    case EACCES: // EPERM is -1, which drivers return for anything
        return base::exit_code::no_permission;
    case ENODEV:
        return base::exit_code::try_again;
    case ENOENT:
    case EINVAL:
        return base::exit_code::bad_configuration;
    default:
        return base::exit_code::failed;
    }
}

} // namespace

base::failure port::failure(const std::string& what, int code) const {
    return {"port " + config_.name + " (" + config_.device + "): " + what, code};
}

base::result<std::unique_ptr<port>> port::open(const port_config& config, packet_pool& pool) {
    std::unique_ptr<port> made(new port(config, pool));
    auto wrong = [&](const std::string& what) {
        return std::unexpected(made->failure(what, base::exit_code::bad_configuration));
    };
    if (config.mtu < least_mtu || config.mtu > base::port_mtu_max) {
        return wrong("an MTU of " + std::to_string(config.mtu) + " is not possible");
    }
    if (pool.data_octets() < rx_data_octets(config.mtu)) {
        return wrong("packets of the pool have " + std::to_string(pool.data_octets()) +
                     " octets; this MTU needs " + std::to_string(rx_data_octets(config.mtu)));
    }
    if (std::uint16_t id = 0; rte_eth_dev_get_port_by_name(config.device.c_str(), &id) == 0) {
        made->id_ = id;
        made->found_ = true;
    } else {
        auto spec = parse_device(config.device, config.mtu, next_device_number());
        if (!spec) {
            return wrong(spec.error().message);
        }
        made->spec_ = std::move(*spec);
        made->ours_ = true;
    }
    if (const auto up = made->bring_up(); !up) {
        return std::unexpected(up.error());
    }
    made->parked_ = std::vector<std::atomic<bool>>(made->queues());
    static_cast<void>(made->poll_link());
    return made;
}

base::result<void> port::bring_up() {
    static_cast<void>(complaints());
    if (auto found = find_device(); !found) {
        return found;
    }
    if (auto done = configure(); !done) {
        close();
        return done;
    }
    apply_groups();
    open_.store(true, std::memory_order_release);
    return {};
}

base::result<void> port::find_device() {
    if (!ours_) {
        return {};
    }
    // Without it DPDK would say in several lines that something else had failed.
    if (const std::string missing =
            missing_capabilities(spec_.driver, spec_.arguments, effective_capabilities());
        !missing.empty()) {
        return std::unexpected(failure("needs " + missing +
                                           ": run it as root, or as a service with the drop-in "
                                           "for this driver (README.md of systemd)",
                                       base::exit_code::no_permission));
    }
    const auto because = [&](const std::string& what, int code) {
        const std::string why = complaints();
        return std::unexpected(failure(why.empty() ? what : what + " (" + why + ")", code));
    };
    if (const auto unknown = find_unknown(spec_)) {
        return std::unexpected(
            failure("DPDK has no " + std::string(unknown->what) + " '" + unknown->word + "'",
                    base::exit_code::bad_configuration));
    }
    if (!spec_.interface.empty()) {
        interface_index_ = interface_index(spec_.interface);
        if (interface_index_ == 0) {
            return std::unexpected(failure("there is no interface '" + spec_.interface + "'",
                                           base::exit_code::try_again));
        }
    }
    const std::string device = spec_.driver.empty() || spec_.arguments.empty()
                                   ? spec_.name + spec_.arguments
                                   : spec_.name + "," + spec_.arguments;
    if (const int error = rte_dev_probe(device.c_str()); error != 0) {
        return because(std::string("the device cannot be opened: ") + rte_strerror(-error),
                       code_of(-error));
    }
    if (rte_eth_dev_get_port_by_name(spec_.name.c_str(), &id_) != 0) {
        return because("no DPDK driver takes this device", base::exit_code::try_again);
    }
    found_ = true;
    return {};
}

base::result<void> port::fit_interface() {
    const auto mtu = interface_mtu(spec_.interface);
    if (mtu && *mtu < config_.mtu && !set_interface_mtu(spec_.interface, config_.mtu)) {
        return std::unexpected(failure("the interface's MTU is " + std::to_string(*mtu) +
                                       " and cannot be raised (ip link set " + spec_.interface +
                                       " mtu " + std::to_string(config_.mtu) + ")"));
    }
    return {};
}

base::result<void> port::step(const char* what, int error) const {
    if (error == 0) {
        return {};
    }
    std::string message(what);
    message.append(": ").append(rte_strerror(std::abs(error)));
    if (const std::string why = complaints(); !why.empty()) {
        message.append(" (").append(why).append(")");
    }
    return std::unexpected(failure(message));
}

base::result<void> port::configure() {
    rte_eth_dev_info info{};
    auto done = step("no information", rte_eth_dev_info_get(id_, &info));
    if (!done) {
        return done;
    }
    driver_ = info.driver_name;
    rte_eth_conf wanted{};
    wanted.rxmode.mtu = config_.mtu;
    if (!spec_.interface.empty()) { // the interface's MTU counts, not what the driver believes
        wanted.rxmode.mtu = std::min<std::uint32_t>(config_.mtu, device_mtu(info));
        done = fit_interface();
        if (!done) {
            return done;
        }
    } else if (device_mtu(info) < config_.mtu) {
        return std::unexpected(failure("its MTU is at most " + std::to_string(device_mtu(info))));
    }
    wanted.rxmode.offloads =
        info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
    if (auto chosen = choose_queues(info, wanted); !chosen) {
        return chosen;
    }
    // As many of either, where there are: net_tap has it so.
    const auto tx_queues = std::min(config_.rx_queues, info.max_tx_queues);
    done = step("cannot be configured",
                rte_eth_dev_configure(id_, config_.rx_queues, tx_queues, &wanted));
    return done ? start_queues(tx_queues) : done;
}

base::result<void> port::choose_queues(const rte_eth_dev_info& info, rte_eth_conf& wanted) {
    if (parked_.empty()) { // else it keeps those that it had, each with its lcore
        config_.rx_queues = std::clamp<std::uint16_t>(config_.rx_queues, 1, info.max_rx_queues);
    }
    // Its queues are sockets, and the kernel gives each of them its share whether read or not.
    if (spec_.driver == "net_af_packet" && config_.rx_queues < info.max_rx_queues) {
        return std::unexpected(failure("its " + std::to_string(info.max_rx_queues) +
                                           " queues (qpairs) need an io lcore each, and get " +
                                           std::to_string(config_.rx_queues),
                                       base::exit_code::bad_configuration));
    }
    const std::uint64_t spread_by =
        info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP);
    if (config_.rx_queues > 1 && spread_by != 0) { // devices without it spread as they please
        wanted.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        wanted.rx_adv_conf.rss_conf.rss_hf = spread_by;
    }
    return {};
}

base::result<void> port::start_queues(std::uint16_t tx_queues) {
    std::uint16_t rx = config_.rx_descriptors;
    std::uint16_t tx = config_.tx_descriptors;
    rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx);
    const int socket = rte_eth_dev_socket_id(id_);
    const auto node = socket < 0 ? 0U : static_cast<unsigned>(socket);
    for (std::uint16_t i = 0; i < config_.rx_queues; ++i) {
        auto made = step("no receive queue",
                         rte_eth_rx_queue_setup(id_, i, rx, node, nullptr, pool_.get()));
        if (!made) {
            return made;
        }
    }
    for (std::uint16_t i = 0; i < tx_queues; ++i) {
        auto made = step("no transmit queue", rte_eth_tx_queue_setup(id_, i, tx, node, nullptr));
        if (!made) {
            return made;
        }
    }
    auto done = step("does not start", rte_eth_dev_start(id_));
    if (!done) {
        return done;
    }
    take_address();
    return {};
}

void port::take_address() {
    rte_ether_addr address{};
    const bool known = rte_eth_macaddr_get(id_, &address) == 0;
    if (!mac_.zero()) { // an interface that was made anew takes on the address it had
        if (known && std::memcmp(address.addr_bytes, mac_.octet.data(), RTE_ETHER_ADDR_LEN) != 0) {
            std::memcpy(address.addr_bytes, mac_.octet.data(), RTE_ETHER_ADDR_LEN);
            if (rte_eth_dev_default_mac_addr_set(id_, &address) != 0) {
                static_cast<void>(rte_eth_promiscuous_enable(id_));
            }
        }
        return;
    }
    // A tap's address is that of its kernel interface, which is at the other end.
    if (known && spec_.driver != "net_tap") {
        std::memcpy(mac_.octet.data(), address.addr_bytes, mac_.octet.size());
    }
    if (mac_.zero()) {
        mac_ = made_up_mac(config_.name);
    }
}

void port::join(const std::vector<mac_address>& groups) {
    groups_ = groups;
    apply_groups();
}

void port::apply_groups() {
    if (groups_.empty() || !found_) {
        return;
    }
    std::vector<rte_ether_addr> list(groups_.size());
    for (std::size_t i = 0; i < groups_.size(); ++i) {
        std::memcpy(list[i].addr_bytes, groups_[i].octet.data(), RTE_ETHER_ADDR_LEN);
    }
    // Virtual devices that have none of the three let everything through.
    if (rte_eth_dev_set_mc_addr_list(id_, list.data(), static_cast<std::uint32_t>(list.size())) !=
            0 &&
        rte_eth_allmulticast_enable(id_) != 0) {
        static_cast<void>(rte_eth_promiscuous_enable(id_));
    }
}

void port::close() noexcept {
    if (!found_) {
        return;
    }
    found_ = false;
    rte_eth_dev_info info{};
    const bool known = rte_eth_dev_info_get(id_, &info) == 0;
    static_cast<void>(rte_eth_dev_stop(id_));
    if (ours_ && known) {
        static_cast<void>(rte_dev_remove(info.device));
    }
}

port::~port() {
    close();
}

std::size_t port::receive(packet_burst& into, std::uint16_t queue) noexcept {
    if (!open_.load(std::memory_order_acquire)) [[unlikely]] {
        parked_[queue].store(true, std::memory_order_release);
        return 0;
    }
    const auto room = into.vacant();
    const std::size_t got =
        rte_eth_rx_burst(id_, queue, room.data(), static_cast<std::uint16_t>(room.size()));
    into.grow(got);
    return got;
}

void port::transmit(packet_burst& burst) noexcept {
    const auto packets = burst.packets();
    if (packets.empty()) {
        return;
    }
    // Without a link some drivers would wait for it, or send stale packets once it is back.
    const bool ready = open_.load(std::memory_order_acquire) && link() == link_state::up;
    const std::size_t taken =
        ready ? rte_eth_tx_burst(id_, 0, packets.data(), static_cast<std::uint16_t>(packets.size()))
              : 0;
    if (taken < packets.size()) {
        const std::size_t left = packets.size() - taken;
        rte_pktmbuf_free_bulk(packets.data() + taken, static_cast<unsigned>(left));
        (ready ? full_ : no_link_).add(left);
    }
    burst.forget();
}

link_state port::look() const {
    if (!spec_.interface.empty()) {
        if (interface_index(spec_.interface) != interface_index_) {
            return link_state::gone;
        }
        return interface_running(spec_.interface) ? link_state::up : link_state::down;
    }
    rte_eth_link link{};
    if (rte_eth_link_get_nowait(id_, &link) != 0) {
        return link_state::gone;
    }
    return link.link_status == RTE_ETH_LINK_UP ? link_state::up : link_state::down;
}

bool port::parked() const noexcept {
    return std::all_of(parked_.begin(), parked_.end(), [](const std::atomic<bool>& one) {
        return one.load(std::memory_order_acquire);
    });
}

// An interface that was made anew needs a new device. The lcores are first told to keep off; once
// all have been seen to, the next look may replace the device.
link_state port::poll_link() {
    link_state now = found_ ? look() : link_state::gone;
    if (now == link_state::gone && ours_) {
        if (open_.load(std::memory_order_relaxed)) {
            for (std::atomic<bool>& one : parked_) {
                one.store(false, std::memory_order_relaxed);
            }
            open_.store(false, std::memory_order_release);
        }
        // The driver for AF_XDP never gives the packets back that it has posted.
        const bool can_return = spec_.driver == "net_af_packet";
        if (can_return && parked() && interface_index(spec_.interface) != 0) {
            before_ = statistics();
            close();
            if (bring_up()) {
                now = look();
            }
        }
    } else {
        open_.store(true, std::memory_order_release);
    }
    const link_state last = link_.value();
    if (now != last) {
        (now == link_state::up ? link_ups_ : link_downs_)
            .add(now == link_state::up || last == link_state::up ? 1 : 0);
        link_.set(now);
    }
    return now;
}

port_statistics port::statistics() const {
    port_statistics sum = before_;
    rte_eth_stats stats{};
    if (found_ && rte_eth_stats_get(id_, &stats) == 0) {
        sum.rx_packets += stats.ipackets;
        sum.rx_octets += stats.ibytes;
        sum.rx_missed += stats.imissed;
        sum.rx_errors += stats.ierrors;
        sum.rx_no_packet += stats.rx_nombuf;
        sum.tx_packets += stats.opackets;
        sum.tx_octets += stats.obytes;
        sum.tx_errors += stats.oerrors;
    }
    return sum;
}

} // namespace landfall::dataplane
