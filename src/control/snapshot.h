// SPDX-License-Identifier: MIT
// All that metrics, `landfall status` and the live page show of a running gateway, at one instant.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace landfall::control {

/// One reason, result or event of a closed set and how often it came.
struct named_count {
    std::string name;
    std::uint64_t count = 0;
};

/// Holds every name of its set from the start, so that each has a series that begins at zero.
using named_counts = std::vector<named_count>;

struct build_info {
    std::string version;
    std::string revision; ///< of the source; empty: not known
    std::string dpdk;
    std::string liquid;
    std::string sodium;
};

struct config_state {
    std::string sha256; ///< of the configuration in use, hexadecimal
    std::uint64_t generation = 0;
    bool last_load_successful = false;
    double last_success_unix_s = 0; ///< 0: none yet
    named_counts reloads;           ///< by result
};

/// Packets and octets one way, headers included.
struct traffic {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
};

struct port_state {
    std::string name;
    std::string device;
    bool up = false;
    std::uint64_t link_transitions = 0;
    traffic received;
    traffic transmitted;
    named_counts drops; ///< by reason, both ways
    named_counts local; ///< packets for the gateway itself, by kind: "arp_reply", "icmp_echo"
    std::uint64_t neighbours_known = 0;
    std::uint64_t neighbours_unresolved = 0; ///< next hops asked for that have not answered
};

struct lcore_state {
    unsigned id = 0;
    std::string role; ///< "io", "modem"
    std::uint64_t cycles = 0;
    std::uint64_t busy_cycles = 0; ///< those of `cycles` in iterations that found work
    double stall_s = 0;            ///< longest recent gap between two iterations
    std::uint64_t heartbeat = 0;   ///< grows with every iteration
};

struct pool_state {
    std::string name;
    std::uint64_t available = 0;
    std::uint64_t capacity = 0;
};

struct ring_state {
    std::string name;
    std::uint64_t used = 0;
    std::uint64_t capacity = 0;
    std::uint64_t full = 0; ///< entries dropped because the ring was full
};

struct iq_state {
    std::uint64_t packets = 0;
    std::uint64_t samples = 0;
    std::uint64_t lost_packets = 0;
    std::uint64_t lost_samples = 0;
    std::uint64_t clipped_samples = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t reordered = 0; ///< came late but in time
    std::uint64_t late = 0;
    named_counts invalid; ///< by reason
};

/// Of the outer decoder: every frame that it was given.
struct decoder_state {
    std::uint64_t clean = 0;
    std::uint64_t corrected = 0;
    std::uint64_t uncorrectable = 0;
    std::uint64_t corrected_symbols = 0;
    std::uint64_t channel_bits = 0; ///< of the convolutional code
    std::uint64_t channel_bit_errors = 0;
};

/// As in the report of `landfall replay`.
struct frame_state {
    std::uint64_t good = 0;      ///< delivered, fill excluded
    std::uint64_t corrected = 0; ///< those of `good` that the decoder changed
    std::uint64_t bad = 0;
    std::uint64_t fill = 0;
    std::uint64_t missing = 0;
    named_counts refused;      ///< by the framing, by reason
    named_counts lost_packets; ///< that had begun in frames, or were to, by reason
};

struct virtual_channel_state {
    unsigned spacecraft_id = 0;
    unsigned vcid = 0;
    std::uint64_t frames = 0;
    std::uint64_t fill = 0;
    std::uint64_t missing = 0;
    std::uint64_t packets = 0;
};

struct carrier_state {
    std::string name;
    std::string mission;
    bool locked = false; ///< carrier and frames
    bool behind = false; ///< real time: its samples are being dropped
    double signal_s = 0; ///< of samples received
    double locked_s = 0;
    // Estimates; of no meaning while not locked.
    double es_n0_db = 0;
    double evm_percent = 0;
    double frequency_offset_hz = 0;
    double symbol_rate_error_ppm = 0;
    std::uint64_t acquisitions = 0;
    std::uint64_t sync_losses = 0;
    iq_state iq;
    decoder_state decoder;
    frame_state frames;
    std::vector<virtual_channel_state> channels;
};

struct peer_state {
    std::string name;
    std::string endpoint; ///< "192.0.2.1:51820"; empty: not known
    traffic received;
    traffic transmitted;
    std::int64_t last_handshake_unix_s = 0; ///< 0: none yet
    named_counts handshakes;                ///< by result
    double silent_s = 0.0; ///< handshakes without an answer; 0: it answers, or was not asked
};

/// The host's own way through the tunnel.
struct host_state {
    std::string interface_name; ///< empty: there is none
    traffic received;           ///< from the tunnel
    traffic transmitted;
};

struct tunnel_state {
    std::string interface_name;
    std::uint16_t listen_port = 0;
    std::uint16_t inner_mtu = 0;
    bool under_load = false;
    std::vector<peer_state> peers;
    named_counts rejects; ///< packets from outside, by reason
    named_counts drops;   ///< packets to send, by reason
    host_state host;
};

/// One for each route, carrier and peer.
struct route_state {
    std::string route;   ///< its name or its number
    std::string carrier; ///< "*": any
    std::string peer;
    std::string payload; ///< "frames", "packets", "ip", "iq"
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    std::uint64_t fragments = 0;
    named_counts drops; ///< by reason
};

/// What is kept for a tenant until its datacenter has it.
struct tenant_state {
    std::string name;
    std::uint64_t segments = 0; ///< on disk
    std::uint64_t frames = 0;   ///< in them
    std::uint64_t bytes = 0;    ///< of all its files
    std::uint64_t waiting = 0;  ///< segments in memory, not yet written
    std::uint64_t aside = 0;    ///< torn and damaged files
    std::uint64_t oldest_s = 0; ///< age of the oldest segment
    double seconds_to_full = std::numeric_limits<double>::infinity();
    std::uint64_t durable_segments = 0; ///< that ever were, likewise
    std::uint64_t durable_frames = 0;
    std::uint64_t durable_bytes = 0;
    std::uint64_t torn = 0;      ///< segments that were not finished when the gateway ended
    named_counts removed;        ///< segments, by reason; "acknowledged" is the good one
    named_counts removed_frames; ///< likewise
    named_counts failures;       ///< of file operations, by reason
};

struct publisher_state {
    bool enabled = false;
    bool connected = false;
    bool ready = false; ///< the stream is there
    std::string server;
    std::uint64_t waiting = 0; ///< segments that are offered to it
    std::uint64_t in_flight = 0;
    std::uint64_t connects = 0;
    std::uint64_t bytes = 0;       ///< acknowledged
    std::uint64_t checkpoints = 0; ///< files of the ledger, acknowledged
    named_counts outcomes;         ///< segments, by what became of them
    named_counts troubles;         ///< attempts that came to nothing, by reason
};

struct ledger_state {
    bool enabled = false;
    bool open = false;
    std::string origin;
    std::uint64_t entries = 0; ///< durable and signed
    std::uint64_t waiting = 0; ///< entries that are not yet
    std::uint64_t lost = 0;    ///< for want of room in memory
    std::uint64_t failures = 0;
    double checkpoint_unix_s = 0; ///< when one was signed last; 0: not yet
};

struct snapshot {
    std::string gateway; ///< its name
    double taken_unix_s = 0;
    double start_unix_s = 0; ///< when it became ready
    build_info build;
    config_state config;
    std::vector<port_state> ports;
    std::vector<lcore_state> lcores;
    std::vector<pool_state> pools;
    std::vector<ring_state> rings;
    std::vector<carrier_state> carriers;
    tunnel_state tunnel;
    std::vector<route_state> routes;
    std::vector<tenant_state> tenants;
    publisher_state publisher;
    ledger_state ledger;
    std::uint64_t watchdog_pings = 0;
};

/// Takes one. Called from any thread, by several at a time; may throw.
using snapshot_source = std::function<snapshot()>;

} // namespace landfall::control
