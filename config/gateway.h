// SPDX-License-Identifier: MIT
// The configuration of a gateway: landfall.toml and the files of conf.d beside it.
#pragma once

#include "base/ip.h"
#include "config/diagnostics.h"
#include "config/mission.h"
#include "config/mission_loader.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landfall::config {

inline constexpr std::size_t ports_max = 32;
inline constexpr std::size_t peers_max = 64;
inline constexpr std::size_t routes_max = 1024;

/// Where a value stands, for what is found wrong with it later. `source` null: it is a default.
struct origin {
    const source_text* source = nullptr;
    position at;
};

enum class idle_mode : std::uint8_t { backoff, spin };

/// CPU numbers; each list empty: derived from the CPUs that the process may use.
struct lcore_settings {
    std::vector<unsigned> io;
    std::vector<unsigned> modem;
    idle_mode idle = idle_mode::backoff;
    origin io_at;
    origin modem_at;
};

/// A DPDK port.
struct port_settings {
    std::string name;
    std::string device; ///< a PCI address, or a virtual device with its arguments
    std::vector<base::ip_prefix> address;
    std::vector<base::ip_address> gateway; ///< at most one of each family
    std::uint16_t mtu = 1500;
    std::optional<std::uint16_t> vlan; ///< 1 to 4094
    origin at;
    origin device_at;
};

struct carrier_settings {
    std::string name;
    config::mission mission;
    std::string port;
    std::uint16_t udp_port = 4991;
    std::optional<std::uint32_t> stream_id; ///< none: any stream on that UDP port
    origin at;
};

struct tunnel_settings {
    std::string port;
    std::filesystem::path private_key_file; ///< as written; see `key_path`
    std::uint16_t listen_port = 51820;
    std::vector<base::ip_prefix> address; ///< the gateway's own inside the tunnel
    std::optional<std::uint16_t> mtu;     ///< of inner packets; none: computed
    std::string interface_name;           ///< of the user-space socket: /run/wireguard/NAME.sock
    origin at;
    origin private_key_file_at;
};

struct peer_settings {
    std::string name;
    std::string public_key; ///< base64, not yet looked at
    std::filesystem::path preshared_key_file;
    std::optional<base::udp_endpoint> endpoint;
    std::vector<base::ip_prefix> allowed_ips;
    std::uint16_t persistent_keepalive_s = 0; ///< 0: off
    origin at;
    origin public_key_at;
    origin preshared_key_file_at;
};

enum class payload : std::uint8_t { frames, packets, ip, iq };
enum class frame_header : std::uint8_t { none, landfall };

/// Who gets what, as what. An empty list selects everything.
struct route_settings {
    std::vector<std::string> carrier;
    std::vector<std::uint8_t> vcid;
    std::vector<std::uint16_t> spacecraft_id;
    std::vector<std::uint16_t> apid; ///< of space packets
    bool fill = false;               ///< fill frames, too
    std::vector<std::string> to;     ///< peers
    payload as = payload::frames;
    frame_header header = frame_header::none;
    std::optional<base::udp_endpoint> udp;    ///< inside the tunnel; none for `ip`
    std::vector<base::ip_prefix> source;      ///< `ip`: only from these
    std::vector<base::ip_prefix> destination; ///< `ip`: only to these
    origin at;
    origin udp_at;
};

struct listener {
    base::udp_endpoint endpoint; ///< a TCP endpoint all the same
    bool enabled = true;
};

struct gateway {
    std::string name = "landfall";
    lcore_settings lcores;
    std::vector<port_settings> ports;
    std::vector<carrier_settings> carriers;
    std::optional<tunnel_settings> tunnel;
    std::vector<peer_settings> peers;
    std::vector<route_settings> routes;
    listener metrics; ///< 127.0.0.1:9464

    /// Every file that was read, in order; origins refer to them.
    std::vector<std::shared_ptr<const source_text>> sources;
    /// What is not wrong but probably not meant.
    diagnostics warnings;
};

using gateway_result = std::expected<gateway, diagnostics>;

inline constexpr const char* default_gateway_file = "/etc/landfall/landfall.toml";

/// Reads the file, then `conf.d/*.toml` beside it in the order of their names. Everything that the
/// text alone can tell is checked, and everything that is wrong is reported at once. Nothing is
/// opened but these files and missions.
[[nodiscard]] gateway_result load_gateway(const std::filesystem::path& file,
                                          const folders& where = mission_folders());

/// The merged configuration as TOML, every key with a comment that says where its value comes from
/// (`FILE:LINE` or `default`). It holds no secrets: keys are in files.
[[nodiscard]] std::string toml_text(const gateway& source);

/// Where a key file is: in `$CREDENTIALS_DIRECTORY` if there is one of that name, else relative to
/// the file that names it.
[[nodiscard]] std::filesystem::path key_path(const std::filesystem::path& as_written,
                                             const origin& at);

} // namespace landfall::config
