// SPDX-License-Identifier: MIT
// The configuration of a gateway: landfall.toml and the files of conf.d beside it.
#pragma once

#include "base/ip.h"
#include "config/diagnostics.h"
#include "config/durable.h"
#include "config/mission.h"
#include "config/mission_loader.h"
#include "config/origin.h"

#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landfall::config {

inline constexpr std::size_t files_max = 64; ///< of conf.d
inline constexpr std::size_t ports_max = 32;
inline constexpr std::size_t carriers_max = 256;
inline constexpr std::size_t peers_max = 64;
inline constexpr std::size_t routes_max = 1024;
inline constexpr std::size_t name_octets_max = 64;

enum class idle_mode : std::uint8_t { backoff, spin };

/// CPU numbers; each list empty: derived from the CPUs that the process may use.
struct lcore_settings {
    std::vector<unsigned> io;
    std::vector<unsigned> modem;
    idle_mode idle = idle_mode::backoff;
    key_origins given;
};

/// A DPDK port.
struct port_settings {
    std::string name;
    std::string device; ///< a PCI address, or a virtual device with its arguments
    std::vector<base::ip_prefix> address;
    std::vector<base::ip_address> gateway; ///< at most one of each family
    std::uint16_t mtu = 1500;
    std::optional<std::uint16_t> vlan; ///< 1 to 4094
    origin at;                         ///< of the table, in all of these
    key_origins given;
};

struct carrier_settings {
    std::string name;
    std::string mission_named; ///< as written: a preset's name, or a path
    config::mission mission;
    std::string port;
    std::uint16_t udp_port = 4991;
    std::optional<std::uint32_t> stream_id; ///< none: any stream on that UDP port
    /// What the digitiser is set to; the packets tell it, this is for what is checked beforehand.
    std::optional<std::int64_t> sample_rate_hz;
    std::optional<std::uint8_t> lcores; ///< modem lcores that it is spread over; none: as it costs
    origin at;
    key_origins given;         ///< the keys above
    key_origins mission_given; ///< the mission's, in its file or here
};

struct tunnel_settings {
    std::string port;
    std::filesystem::path private_key_file; ///< as written; see `key_path`
    std::uint16_t listen_port = 51820;
    std::vector<base::ip_prefix> address;    ///< the gateway's own inside the tunnel
    std::optional<std::uint16_t> mtu;        ///< of inner packets; none: computed
    std::string interface_name = "landfall"; ///< of the socket: /run/wireguard/NAME.sock
    origin at;
    key_origins given;
};

struct peer_settings {
    std::string name;
    std::string public_key; ///< base64 of 32 octets
    std::filesystem::path preshared_key_file;
    std::optional<base::udp_endpoint> endpoint;
    std::vector<base::ip_prefix> allowed_ips;
    std::uint16_t persistent_keepalive_s = 0; ///< 0: off
    origin at;
    key_origins given;
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
    std::vector<std::string> to;     ///< peers; none where it is durable
    std::string tenant;              ///< whose it is; empty: nobody's, or that of the peers
    bool durable = false;            ///< to the tenant's spool instead of peers
    payload as = payload::frames;
    frame_header header = frame_header::none;
    std::optional<base::udp_endpoint> udp;    ///< inside the tunnel; none for `ip`
    std::vector<base::ip_prefix> source;      ///< `ip`: only from these
    std::vector<base::ip_prefix> destination; ///< `ip`: only to these
    origin at;
    key_origins given;
};

enum class host_protocol : std::uint8_t { icmp, tcp, udp };

/// What others in the tunnel may begin on the host.
struct host_allowance {
    host_protocol protocol = host_protocol::icmp;
    std::uint16_t port = 0; ///< 0: all of ICMP

    bool operator==(const host_allowance&) const = default;
};

/// The host's own way through the tunnel: an interface of the kernel.
struct host_settings {
    std::string interface_name = "landfall0";
    std::vector<host_allowance> allow; ///< by default ICMP and the metrics
    std::uint32_t rate_mbit_s = 100;   ///< that the host sends at most
    origin at;
    key_origins given;
};

struct listener {
    base::udp_endpoint endpoint; ///< a TCP endpoint all the same
    bool enabled = true;
    key_origins given;
};

struct gateway {
    std::string name = "landfall";
    lcore_settings lcores;
    std::vector<port_settings> ports;
    std::vector<carrier_settings> carriers;
    std::optional<tunnel_settings> tunnel;
    std::vector<peer_settings> peers;
    std::vector<tenant_settings> tenants;
    std::vector<route_settings> routes;
    std::optional<host_settings> host; ///< none: the kernel is kept out
    spool_settings spool;
    std::optional<publish_settings> publish;
    std::optional<ledger_settings> ledger;
    /// Where `landfall status` asks; empty: control.sock in the runtime directory.
    std::filesystem::path control_socket;
    listener metrics{{{{127, 0, 0, 1}}, 9464}, true, {}};
    key_origins given; ///< of [gateway]

    /// Every file that was read, in order; origins refer to them.
    std::vector<std::shared_ptr<const source_text>> sources;
    /// What is not wrong but probably not meant.
    diagnostics warnings;
};

using gateway_result = std::expected<gateway, diagnostics>;

/// `replay` asks for a carrier only; `run` for everything that a gateway needs to start.
enum class use : std::uint8_t { run, replay };

inline constexpr const char* default_gateway_file = "/etc/landfall/landfall.toml";

/// Reads the file, then `conf.d/*.toml` beside it in the order of their names: keys of [gateway],
/// [lcores], [tunnel], [host], [spool], [publish], [ledger] and [metrics] in a later file win,
/// tables of the other kinds are added. Everything that the text alone can tell is checked, and
/// everything that is wrong is reported at once. Nothing is opened but these files and missions.
/// `parts` gets, after errors, what could be read of the gateway, unchecked.
[[nodiscard]] gateway_result load_gateway(const std::filesystem::path& file,
                                          const folders& where = mission_folders(),
                                          use purpose = use::run, gateway* parts = nullptr);

/// The same from text, the main file first.
[[nodiscard]] gateway_result read_gateway(std::vector<source_text> files, const folders& where,
                                          use purpose = use::run);

/// The merged configuration as TOML, every key with a comment that says where its value comes from
/// (`FILE:LINE` or `default`). It holds no secrets: keys are in files. It loads to the same gateway
/// from the folder of the main file.
[[nodiscard]] std::string toml_text(const gateway& source);

[[nodiscard]] bool has_durable_routes(const gateway& source) noexcept;

/// Where a key file is. A name without a folder: in `$CREDENTIALS_DIRECTORY` if there is one of
/// that name. Else relative to the file that names it.
[[nodiscard]] std::filesystem::path key_path(const std::filesystem::path& as_written,
                                             const origin& at);

/// The largest inner packet that goes through the tunnel in one outer packet, whatever its peer,
/// padded to 16 octets as WireGuard does: a multiple of 16, less than the port's MTU. 0 without a
/// tunnel.
[[nodiscard]] std::uint16_t tunnel_mtu_max(const gateway& source) noexcept;

} // namespace landfall::config
