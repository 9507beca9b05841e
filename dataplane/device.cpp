// SPDX-License-Identifier: MIT
#include "dataplane/device.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <utility>
#include <vector>

namespace landfall::dataplane {
namespace {

// Ethernet with two tags, and what drivers keep before the frame: 256 octets for XDP programs, less
// for packet sockets.
constexpr std::size_t frame_overhead_octets = 256 + 102;
constexpr std::size_t frame_unit_octets = 256;
// The packet socket driver takes frames to lie one after the other, so that a block, of whole
// pages, has to hold a whole number of them.
constexpr std::size_t frames_per_block = 16;
constexpr std::size_t frame_count = 2048;

std::string quoted(std::string_view text) {
    std::string made(1, '\'');
    made += text;
    made += '\'';
    return made;
}

/// DDDD:BB:DD.F, or without the domain.
bool is_pci_address(std::string_view text) {
    const auto matches = [&](std::string_view form) {
        return text.size() == form.size() &&
               std::equal(text.begin(), text.end(), form.begin(), [](char one, char wanted) {
                   return wanted == 'x' ? std::isxdigit(static_cast<unsigned char>(one)) != 0
                                        : one == wanted;
               });
    };
    return matches("xxxx:xx:xx.x") || matches("xx:xx.x");
}

std::string argument(std::string_view arguments, std::string_view key) {
    while (!arguments.empty()) {
        const std::string_view one = arguments.substr(0, arguments.find(','));
        if (one.size() > key.size() && one.starts_with(key) && one[key.size()] == '=') {
            return std::string(one.substr(key.size() + 1));
        }
        arguments.remove_prefix(std::min(arguments.size(), one.size() + 1));
    }
    return {};
}

void add_default(std::string& arguments, std::string_view key, std::size_t value) {
    if (argument(arguments, key).empty()) {
        arguments += ',';
        arguments += key;
        arguments += '=';
        arguments += std::to_string(value);
    }
}

using words = std::span<const std::string_view>;
constexpr std::array<std::string_view, 14> driver_names{
    "net_af_packet", "net_af_xdp",      "net_bonding", "net_failsafe",   "net_memif",
    "net_null",      "net_pcap",        "net_ring",    "net_softnic",    "net_tap",
    "net_tun",       "net_vdev_netvsc", "net_vhost",   "net_virtio_user"};

constexpr std::array<std::string_view, 6> af_packet_words{"iface",   "qpairs",   "blocksz",
                                                          "framesz", "framecnt", "qdisc_bypass"};
constexpr std::array<std::string_view, 7> af_xdp_words{
    "iface", "start_queue", "queue_count", "shared_umem", "xdp_prog", "busy_budget", "force_copy"};
constexpr std::array<std::string_view, 9> memif_words{
    "id", "role", "bsize", "rsize", "socket", "socket-abstract", "mac", "secret", "zero-copy"};
constexpr std::array<std::string_view, 3> null_words{"size", "copy", "no-rx"};
constexpr std::array<std::string_view, 8> pcap_words{
    "rx_pcap", "tx_pcap", "rx_iface", "rx_iface_in", "tx_iface", "iface", "phy_mac", "infinite_rx"};
constexpr std::array<std::string_view, 3> tap_words{"iface", "mac", "remote"};

/// As the drivers' own descriptions have them (`dpdk-pmdinfo`); empty: not looked at.
words arguments_of(std::string_view driver) noexcept {
    constexpr std::array<std::pair<std::string_view, words>, 6> known{{
        {"net_af_packet", af_packet_words},
        {"net_af_xdp", af_xdp_words},
        {"net_memif", memif_words},
        {"net_null", null_words},
        {"net_pcap", pcap_words},
        {"net_tap", tap_words},
    }};
    for (const auto& [name, arguments] : known) {
        if (name == driver) {
            return arguments;
        }
    }
    return {};
}

constexpr std::array<std::pair<unsigned, const char*>, 3> capability_names{
    {{13, "CAP_NET_RAW"}, {12, "CAP_NET_ADMIN"}, {21, "CAP_SYS_ADMIN"}}};

} // namespace

std::size_t rx_data_octets(std::uint16_t mtu) noexcept {
    const std::size_t octets = mtu + frame_overhead_octets;
    return (octets + frame_unit_octets - 1) / frame_unit_octets * frame_unit_octets;
}

base::result<device_spec> parse_device(std::string_view device, std::uint16_t mtu,
                                       unsigned number) {
    const std::size_t comma = device.find(',');
    const std::string_view name = device.substr(0, comma);
    if (is_pci_address(name)) {
        const std::string domain = name.size() == 7 ? "0000:" : "";
        return device_spec{
            {}, domain + std::string(name), std::string(device.substr(name.size())), {}};
    }
    if (!name.starts_with("net_")) {
        return std::unexpected(base::failure{
            quoted(device) +
                " is neither a PCI address (0000:3b:00.0) nor a virtual device (net_…)",
            base::exit_code::bad_configuration});
    }
    device_spec spec;
    spec.name = name;
    spec.arguments = comma == std::string_view::npos ? "" : device.substr(comma + 1);
    spec.driver = name.substr(0, name.find_last_not_of("0123456789") + 1);
    if (spec.driver.size() == name.size()) {
        spec.name += std::to_string(number);
    }
    if (spec.driver == "net_af_packet" || spec.driver == "net_af_xdp") {
        spec.interface = argument(spec.arguments, "iface");
        if (spec.interface.empty()) {
            return std::unexpected(base::failure{quoted(device) + " names no interface: iface=NAME",
                                                 base::exit_code::bad_configuration});
        }
    }
    if (spec.driver == "net_af_packet") {
        if (argument(spec.arguments, "framesz").empty() &&
            argument(spec.arguments, "blocksz").empty()) {
            add_default(spec.arguments, "framesz", rx_data_octets(mtu));
            add_default(spec.arguments, "blocksz", frames_per_block * rx_data_octets(mtu));
            add_default(spec.arguments, "framecnt", frame_count);
        }
        add_default(spec.arguments, "qdisc_bypass", 1);
    }
    return spec;
}

std::optional<unsigned> rx_queues_of(const device_spec& spec) {
    const std::string_view key = spec.driver == "net_af_packet" ? "qpairs"
                                 : spec.driver == "net_af_xdp"  ? "queue_count"
                                                                : "";
    if (key.empty()) {
        return {};
    }
    const std::string given = argument(spec.arguments, key);
    unsigned queues = 1;
    std::from_chars(given.data(), given.data() + given.size(), queues);
    return std::max(queues, 1U);
}

std::optional<unknown_word> find_unknown(const device_spec& spec) {
    if (spec.driver.empty()) {
        return {};
    }
    // DPDK asks how the device's name begins; what follows is the operator's.
    const auto driver =
        std::find_if(driver_names.begin(), driver_names.end(),
                     [&](std::string_view one) { return spec.driver.starts_with(one); });
    if (driver == driver_names.end()) {
        return unknown_word{"driver", spec.driver, driver_names};
    }
    const words known = arguments_of(*driver);
    std::string_view rest = known.empty() ? std::string_view{} : spec.arguments;
    while (!rest.empty()) {
        const std::string_view one = rest.substr(0, rest.find(','));
        const std::string_view key = one.substr(0, one.find('='));
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            return unknown_word{"argument", std::string(key), known};
        }
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
    return {};
}

std::string missing_capabilities(std::string_view driver, std::string_view arguments,
                                 std::uint64_t effective) {
    constexpr unsigned raw = 1;
    constexpr unsigned admin = 2;
    constexpr unsigned system = 4;
    unsigned needed = 0;
    if (driver == "net_af_packet") {
        needed = raw | admin; // promiscuous mode and the link address are set at the start
    } else if (driver == "net_af_xdp") {
        needed = raw | admin | system; // CAP_BPF and CAP_PERFMON have been found not to do
    } else if (driver == "net_tap") {
        needed = admin;
    } else if (driver == "net_pcap" && arguments.find("iface=") != std::string_view::npos) {
        needed = raw;
    }
    std::string missing;
    for (unsigned i = 0; i < capability_names.size(); ++i) {
        const auto [bit, text] = capability_names[i];
        if ((needed >> i & 1U) != 0 && (effective >> bit & 1U) == 0) {
            missing += missing.empty() ? "" : " and ";
            missing += text;
        }
    }
    return missing;
}

std::uint64_t effective_capabilities() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("CapEff:")) {
            return std::stoull(line.substr(7), nullptr, 16);
        }
    }
    return ~std::uint64_t{0};
}

} // namespace landfall::dataplane
