// SPDX-License-Identifier: MIT
#include "dataplane/device.h"

#include <algorithm>
#include <array>
#include <cctype>
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
