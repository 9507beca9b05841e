// SPDX-License-Identifier: MIT
#include "app/preflight.h"

#include "app/receive_chain.h"
#include "crypto/keys.h"
#include "crypto/start.h"
#include "dataplane/flow_table.h"

#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

namespace landfall::app {

namespace {

namespace fs = std::filesystem;

struct findings {
    config::diagnostics& errors;
    config::diagnostics& warnings;
};

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

/// The key; none where it is not named, or wrong.
std::optional<crypto::private_key> check_key_file(const config::key_origins& given,
                                                  std::string_view key, const fs::path& written,
                                                  const findings& found) {
    const config::origin at = config::origin_of(given, key);
    if (at.source == nullptr)
        return {};
    auto file = crypto::read_key_file(config::key_path(written, at).string());
    if (!file) {
        found.errors.add(*at.source, at.at, fmt::format("{}: {}", key, file.error().message));
        return {};
    }
    if (!file->warning.empty())
        found.warnings.add(*at.source, at.at, fmt::format("{}: {}", key, file->warning));
    return std::move(file->key);
}

void check_keys(const config::gateway& gateway, const findings& found) {
    for (const config::peer_settings& peer : gateway.peers)
        static_cast<void>(
            check_key_file(peer.given, "preshared_key_file", peer.preshared_key_file, found));
    if (!gateway.tunnel)
        return;
    const auto own = check_key_file(gateway.tunnel->given, "private_key_file",
                                    gateway.tunnel->private_key_file, found);
    for (const config::peer_settings& peer : gateway.peers) {
        const config::origin at = config::origin_of(peer.given, "public_key");
        if (own && at.source != nullptr &&
            crypto::to_text(crypto::public_of(*own)) == peer.public_key)
            found.errors.add(*at.source, at.at, "public_key: it is the gateway's own");
    }
}

void check_carriers(const config::gateway& gateway, const findings& found) {
    std::map<std::string_view, std::size_t> flows; // by port; the tunnel's is one more
    for (const config::carrier_settings& carrier : gateway.carriers) {
        if (++flows[carrier.port] == dataplane::max_flows && carrier.at.source != nullptr)
            found.errors.add(*carrier.at.source, carrier.at.at,
                             fmt::format("port \"{}\" has more carriers than the {} that one can "
                                         "have",
                                         carrier.port, dataplane::max_flows - 1));
        const config::origin at = config::origin_of(carrier.given, "sample_rate_hz");
        if (!carrier.sample_rate_hz || at.source == nullptr)
            continue;
        const auto rate_hz = static_cast<double>(*carrier.sample_rate_hz);
        const receive_chain chain({.mission = carrier.mission});
        if (const char* const why = chain.unsupported(rate_hz))
            found.errors.add(*at.source, at.at,
                             fmt::format("sample_rate_hz: {}: {:g} samples/s for {:g} symbols/s",
                                         why, rate_hz, carrier.mission.wave.symbol_rate_hz));
    }
}

void check_cpus(const config::lcore_settings& lcores, std::string_view key,
                const std::vector<unsigned>& cpus, const findings& found) {
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
        found.errors.add(
            *at.source, at.at,
            static_cast<long>(cpus[i]) < there
                ? fmt::format("{}: CPU {} is not among those that this process may use", key,
                              cpus[i])
                : fmt::format("{}: there is no CPU {} here, just 0 to {}", key, cpus[i],
                              there - 1));
    }
}

/// `KEY=VALUE` of a virtual device.
void check_argument(const config::origin& at, std::string_view argument, const findings& found) {
    const auto equals = argument.find('=');
    if (equals == std::string_view::npos)
        return;
    const std::string_view key = argument.substr(0, equals);
    const std::string given(argument.substr(equals + 1));
    if (key == "iface" || key == "rx_iface" || key == "tx_iface" || key == "rx_iface_in") {
        if (if_nametoindex(given.c_str()) == 0)
            found.errors.add(*at.source, at.at,
                             fmt::format("device: no network interface is named \"{}\"",
                                         config::printable(given, 40)));
    } else if (key == "rx_pcap") {
        if (const std::string why = unreadable(given); !why.empty())
            found.errors.add(*at.source, at.at, fmt::format("device: {}: {}", given, why));
    }
}

void check_device(const config::port_settings& port, const findings& found) {
    const config::origin at = config::origin_of(port.given, "device");
    if (at.source == nullptr)
        return;
    std::string_view rest = port.device;
    const std::string_view driver = rest.substr(0, rest.find(','));
    // `iface` of net_tap is one that it makes.
    if (!driver.starts_with("net_af_packet") && !driver.starts_with("net_af_xdp") &&
        !driver.starts_with("net_pcap"))
        return;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(','), rest.size());
        check_argument(at, rest.substr(0, end), found);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
}

} // namespace

config::diagnostics environment_errors(const config::gateway& gateway,
                                       config::diagnostics& warnings) {
    config::diagnostics errors;
    const findings found{errors, warnings};
    check_cpus(gateway.lcores, "io", gateway.lcores.io, found);
    check_cpus(gateway.lcores, "modem", gateway.lcores.modem, found);
    for (const config::port_settings& port : gateway.ports)
        check_device(port, found);
    if (crypto::start()) // else it is told where keys are used
        check_keys(gateway, found);
    check_carriers(gateway, found);
    errors.sort();
    return errors;
}

} // namespace landfall::app
