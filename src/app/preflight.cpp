// SPDX-License-Identifier: MIT
#include "app/preflight.h"

#include "app/keys_of.h"
#include "app/modem_budget.h"
#include "app/placement.h"
#include "app/receive_chain.h"
#include "app/style.h"
#include "control/file_descriptor.h"
#include "crypto/start.h"
#include "dataplane/device.h"
#include "dataplane/flow_table.h"
#include "dataplane/kernel_interface.h"
#include "dataplane/tun.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>
#include <system_error>

namespace landfall::app {

namespace {

namespace fs = std::filesystem;

const fs::path pci_devices = "/sys/bus/pci/devices";

std::string reason() {
    return std::generic_category().message(errno);
}

/// Why a file that must be there cannot be read; empty where it can.
std::string unreadable(const fs::path& path) {
    std::error_code code;
    const auto status = fs::status(path, code);
    if (code)
        return code.message();
    if (!fs::exists(status))
        return "no such file";
    if (!fs::is_regular_file(status))
        return "not a regular file";
    errno = 0;
    return std::ifstream(path).is_open() ? std::string{} : reason();
}

void check_budget(const config::carrier_settings& carrier, findings& found) {
    const dsp::waveform& wave = carrier.mission.wave;
    const double most = followed_symbols_per_s(wave);
    if (wave.symbol_rate_hz > most)
        found.warn(carrier.at,
                   fmt::format("carrier \"{}\" has {:g} Msym/s: more than the some {:g} Msym/s of "
                               "its modulation that one modem lcore follows, so that packets will "
                               "be lost; `landfall bench` measures this machine",
                               carrier.name, 1e-6 * wave.symbol_rate_hz, 1e-6 * most));
}

void check_carriers(const config::gateway& gateway, findings& found) {
    std::map<std::string_view, std::size_t> flows; // by port; the tunnel's is one more
    for (const config::carrier_settings& carrier : gateway.carriers) {
        if (++flows[carrier.port] == dataplane::max_flows)
            found.wrong(carrier.at,
                        fmt::format("port \"{}\" has more carriers than the {} that one can "
                                    "have",
                                    carrier.port, dataplane::max_flows - 1));
        check_budget(carrier, found);
        const config::origin at = config::origin_of(carrier.given, "sample_rate_hz");
        if (!carrier.sample_rate_hz || at.source == nullptr)
            continue;
        const auto rate_hz = static_cast<double>(*carrier.sample_rate_hz);
        const receive_chain chain({.mission = carrier.mission});
        if (const char* const why = chain.unsupported(rate_hz))
            found.wrong(at, fmt::format("sample_rate_hz: {}: {:g} samples/s for {:g} symbols/s",
                                        why, rate_hz, carrier.mission.wave.symbol_rate_hz));
    }
}

void check_cpus(const config::lcore_settings& lcores, std::string_view key,
                const std::vector<unsigned>& cpus, findings& found) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    // The kernel refuses a set that is smaller than its own: then nothing can be told here.
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    const long there = sysconf(_SC_NPROCESSORS_CONF);
    for (std::size_t i = 0; i < cpus.size(); ++i) {
        const config::origin at = config::item_origin(lcores.given, key, i);
        if (at.source == nullptr || (cpus[i] < CPU_SETSIZE && CPU_ISSET(cpus[i], &allowed)))
            continue;
        found.wrong(at, static_cast<long>(cpus[i]) < there
                            ? fmt::format("{}: CPU {} is not among those that this process may use",
                                          key, cpus[i])
                            : fmt::format("{}: there is no CPU {} here, just 0 to {}", key, cpus[i],
                                          there - 1));
    }
}

/// `KEY=VALUE` of a virtual device.
void check_argument(const config::port_settings& port, std::string_view argument, findings& found) {
    const config::origin at = config::origin_of(port.given, "device");
    const auto equals = argument.find('=');
    if (equals == std::string_view::npos)
        return;
    const std::string_view key = argument.substr(0, equals);
    const std::string given(argument.substr(equals + 1));
    if (key == "iface" || key == "rx_iface" || key == "tx_iface" || key == "rx_iface_in") {
        const auto mtu = dataplane::interface_mtu(given);
        if (!mtu)
            found.lacking(at, fmt::format("device: no network interface is named \"{}\"",
                                          config::printable(given, 40)));
        else if (*mtu < port.mtu)
            found.warn(config::origin_of(port.given, "mtu"),
                       fmt::format("mtu: the interface {0} has {1}: run raises it if it may; "
                                   "`ip link set {0} mtu {2}`",
                                   given, *mtu, port.mtu));
    } else if (key == "rx_pcap") {
        if (const std::string why = unreadable(given); !why.empty())
            found.wrong(at, fmt::format("device: {}: {}", config::printable(given), why));
    }
}

void check_device(const config::port_settings& port, findings& found) {
    const config::origin at = config::origin_of(port.given, "device");
    const auto spec = dataplane::parse_device(port.device, port.mtu, 0);
    if (!spec) {
        found.wrong(at, "device: " + spec.error().message);
        return;
    }
    if (spec->driver.empty()) {
        std::error_code code;
        if (!fs::exists(pci_devices / spec->name, code))
            found.lacking(at, fmt::format("device: there is no PCI device {}", spec->name));
        return;
    }
    if (const auto unknown = dataplane::find_unknown(*spec)) {
        found.wrong(at, fmt::format("device: DPDK has no {} '{}'{}", unknown->what,
                                    config::printable(unknown->word, 40),
                                    config::did_you_mean(unknown->word, unknown->known)));
        return;
    }
    // `iface` of net_tap is one that it makes.
    if (!spec->driver.starts_with("net_af_packet") && !spec->driver.starts_with("net_af_xdp") &&
        !spec->driver.starts_with("net_pcap"))
        return;
    for (std::string_view rest = spec->arguments; !rest.empty();) {
        const auto end = std::min(rest.find(','), rest.size());
        check_argument(port, rest.substr(0, end), found);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

/// Both would answer for it, the kernel first with "port unreachable".
void check_addresses(const config::port_settings& port, findings& found) {
    for (std::size_t i = 0; i < port.address.size(); ++i) {
        const base::ip_address& own = port.address[i].address;
        if (const auto interface = dataplane::interface_with(own))
            found.warn(config::item_origin(port.given, "address", i),
                       fmt::format("address: the kernel has {0} too, on {1}: it answers what "
                                   "comes for the port; `ip address del {0}/{2} dev {1}`",
                                   to_text(own), *interface, port.address[i].length));
    }
}

/// Io lcores and the receive queues that they are for, as `gateway` shares them out.
void check_queues(const config::gateway& gateway, findings& found) {
    std::size_t spare = spare_io_lcores(gateway);
    auto ports_left = static_cast<std::size_t>(
        std::count_if(gateway.ports.begin(), gateway.ports.end(),
                      [&](const auto& port) { return has_carriers(gateway, port); }));
    for (const config::port_settings& port : gateway.ports) {
        const auto spec = dataplane::parse_device(port.device, port.mtu, 0);
        const unsigned asked =
            has_carriers(gateway, port) ? queues_to_ask(spare, ports_left--) : 1U;
        const unsigned has =
            spec ? dataplane::rx_queues_of(*spec).value_or(asked) : asked; // a guess, for PCI
        const unsigned gets = std::min(has, asked);
        spare -= gets - 1;
        const config::origin at = config::origin_of(port.given, "device");
        if (has > gets && spec->driver == "net_af_packet")
            found.wrong(at, fmt::format("device: qpairs={} needs as many io lcores for this port "
                                        "with carriers, which gets {}",
                                        has, gets));
        else if (has < asked)
            found.warn(at, fmt::format("device: it has {}, of {} that io lcores could read{}",
                                       counted(has, "receive queue"), asked,
                                       spec->driver == "net_af_packet" ? "; see qpairs=" : ""));
    }
    if (spare != 0)
        found.warn(
            config::origin_of(gateway.lcores.given, "io"),
            fmt::format("io: {} more than there are receive queues for", counted(spare, "CPU")));
}

bool is_tunnels(const config::gateway& gateway, const base::ip_address& address) {
    return gateway.tunnel && std::ranges::any_of(gateway.tunnel->address, [&](const auto& own) {
               return own.address == address;
           });
}

/// What the host's interface takes. That of a running gateway is as good as one made beforehand.
void check_host(const config::gateway& gateway, findings& found) {
    if (!gateway.host)
        return;
    const config::host_settings& host = *gateway.host;
    const config::origin named = config::origin_of(host.given, "interface");
    const config::origin at = named.source != nullptr ? named : host.at;
    if (access(dataplane::tun_device, F_OK) != 0) {
        found.lacking(at,
                      fmt::format("host: {}: {}; `modprobe tun`", dataplane::tun_device, reason()));
        return;
    }
    if (access(dataplane::tun_device, R_OK | W_OK) != 0)
        found.wrong(at, fmt::format("host: {}: {}", dataplane::tun_device, reason()),
                    base::exit_code::no_permission);
    const bool there = dataplane::interface_index(host.interface_name) != 0;
    if (there && !fs::exists(fmt::format("/sys/class/net/{}/tun_flags", host.interface_name)))
        found.wrong(at,
                    fmt::format("host: {} is an interface of another kind", host.interface_name));
    else if (const std::string missing = dataplane::missing_capabilities(
                 "net_tap", {}, dataplane::effective_capabilities());
             !there && !missing.empty())
        found.wrong(at,
                    fmt::format("host: making {} needs {}; or make it beforehand, for this user",
                                host.interface_name, missing),
                    base::exit_code::no_permission);
}

/// Whether the machine has the address, at any free port: the right one may be a running gateway's.
void check_metrics(const config::gateway& gateway, findings& found) {
    const config::listener& metrics = gateway.metrics;
    const base::ip_address& own = metrics.endpoint.address;
    if (!metrics.enabled || own.v6 || (gateway.host && is_tunnels(gateway, own)))
        return;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    std::memcpy(&address.sin_addr, own.octet.data(), sizeof address.sin_addr);
    sockaddr generic{};
    std::memcpy(&generic, &address, sizeof generic);
    const control::file_descriptor probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (probe.get() >= 0 && bind(probe.get(), &generic, sizeof address) != 0 &&
        errno == EADDRNOTAVAIL)
        found.lacking(config::origin_of(metrics.given, "listen"),
                      fmt::format("listen: {} is no address of this machine", to_text(own)));
}

gateway_keys inspect_machine(const config::gateway& gateway, findings& found) {
    check_cpus(gateway.lcores, "io", gateway.lcores.io, found);
    check_cpus(gateway.lcores, "modem", gateway.lcores.modem, found);
    for (const config::port_settings& port : gateway.ports) {
        check_device(port, found);
        check_addresses(port, found);
    }
    check_metrics(gateway, found);
    check_host(gateway, found);
    if (crypto::start())
        return keys_of(gateway, found);
    found.wrong({}, "libsodium cannot be used on this machine");
    return {};
}

} // namespace

preflight inspect(const config::gateway& gateway) {
    preflight result;
    findings& found = result.found;
    found.warnings = gateway.warnings;
    result.keys = inspect_machine(gateway, found);
    check_queues(gateway, found);
    check_carriers(gateway, found);
    found.errors.sort();
    found.warnings.sort();
    return result;
}

findings inspect_parts(const config::gateway& parts, config::diagnostics errors) {
    findings machine;
    static_cast<void>(inspect_machine(parts, machine));
    findings found;
    found.worst = base::exit_code::bad_configuration;
    found.errors = std::move(errors);
    for (const config::diagnostic& one : machine.errors.list()) {
        const auto same_place = [&](const config::diagnostic& other) {
            return other.file == one.file && other.at == one.at;
        };
        // What is wrong in the text already, or was not given, is no more than that here.
        if (one.at.line != 0 && std::ranges::none_of(found.errors.list(), same_place))
            found.errors.append(one);
    }
    std::vector<std::string_view> order;
    for (const auto& source : parts.sources)
        order.push_back(source->name);
    found.errors.sort(std::move(order));
    return found;
}

} // namespace landfall::app
