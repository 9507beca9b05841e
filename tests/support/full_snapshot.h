// SPDX-License-Identifier: MIT
// A snapshot in which every list has entries and every number is another one.
#pragma once

#include "control/snapshot.h"

namespace landfall::test_support {

inline control::named_counts counts(std::initializer_list<const char*> names,
                                    std::uint64_t first = 0) {
    control::named_counts all;
    for (const char* name : names) {
        all.push_back({name, first == 0 ? 0 : first++});
    }
    return all;
}

inline control::port_state full_port() {
    control::port_state port;
    port.name = "rf";
    port.device = "net_af_packet,iface=rf0";
    port.up = true;
    port.link_transitions = 101;
    port.received = {102, 103'000'000};
    port.transmitted = {104, 105};
    port.drops = counts({"imissed", "rx_nombuf", "ierrors", "tx_full", "malformed"}, 106);
    port.local = counts({"arp_request", "icmp_echo"}, 112);
    port.neighbours_known = 114;
    port.neighbours_unresolved = 115;
    return port;
}

inline control::carrier_state full_carrier() {
    control::carrier_state carrier;
    carrier.name = "noaa20";
    carrier.mission = "jpss-hrd";
    carrier.locked = true;
    carrier.signal_s = 201.5;
    carrier.locked_s = 200.25;
    carrier.es_n0_db = 9.75;
    carrier.evm_percent = 32.5;
    carrier.frequency_offset_hz = -1234.5;
    carrier.symbol_rate_error_ppm = 2.5;
    carrier.acquisitions = 202;
    carrier.sync_losses = 203;
    carrier.iq = {204, 205, 206, 207, 208, 209, 210, 211, counts({"short", "version"}, 212)};
    carrier.decoder = {214, 215, 216, 217, 218, 219};
    carrier.frames = {220,
                      221,
                      222,
                      223,
                      224,
                      counts({"fecf", "length"}, 225),
                      counts({"gap", "bad_length"}, 235)};
    carrier.channels = {{159, 6, 227, 228, 229, 230}, {159, 63, 231, 232, 233, 234}};
    return carrier;
}

inline control::snapshot full_snapshot() {
    control::snapshot now;
    now.gateway = "svalbard-1";
    now.taken_unix_s = 1'700'090'061.5;
    now.start_unix_s = 1'700'000'000;
    now.build = {"0.1.0", "abc1234", "22.11.11", "1.5.0", "1.0.18"};
    now.config = {"5f3a0000111122223333444455556666777788889999aaaabbbbccccddddeeee", 3, true,
                  1'700'000'123, counts({"applied", "rejected", "unchanged"}, 301)};
    now.ports = {full_port()};
    now.lcores = {{1, "io", 4000, 1000, 0.0125, 305}, {2, "modem", 8000, 6000, 0.5, 306}};
    now.pools = {{"rx", 307, 308}};
    now.rings = {{"noaa20", 309, 310, 311}};
    now.carriers = {full_carrier()};
    control::carrier_state searching;
    searching.name = "metop-c";
    searching.mission = "metop-hrpt";
    searching.iq.invalid = counts({"short", "version"});
    searching.frames.refused = counts({"fecf", "length"});
    searching.frames.lost_packets = counts({"gap", "bad_length"});
    now.carriers.push_back(searching);
    now.tunnel.interface_name = "landfall0";
    now.tunnel.listen_port = 51820;
    now.tunnel.inner_mtu = 1420;
    now.tunnel.under_load = true;
    now.tunnel.peers = {{"mdc-a",
                         "198.51.100.7:51820",
                         {312, 313},
                         {314, 315},
                         1'700'090'019,
                         counts({"initiated", "completed"}, 316)},
                        {"mdc-b", "", {}, {}, 0, counts({"initiated", "completed"})}};
    now.tunnel.rejects = counts({"bad_tag", "replay", "unknown_peer", "stale_key", "short"}, 318);
    now.tunnel.drops = counts({"no_key", "queue_full"}, 323);
    now.tunnel.host = {"landfall1", {330, 331}, {332, 333}};
    now.routes = {{"1", "noaa20", "mdc-a", "frames", 325, 326, 327, counts({"no_neighbour"}, 328)}};
    now.tenants = {{"weather", 330, 331, 332, 333, 334, 335, 336.5, 337, 338, 339, 340,
                    counts({"acknowledged", "oldest"}, 341),
                    counts({"acknowledged", "oldest"}, 343), counts({"no_space", "failed"}, 345)}};
    now.publisher = {true,
                     true,
                     true,
                     "nats://10.77.0.7:4222",
                     347,
                     348,
                     349,
                     350,
                     351,
                     counts({"acknowledged", "duplicate"}, 352),
                     counts({"timeout"}, 354)};
    now.ledger = {true, true, "svalbard-1/1795521600", 355, 356, 357, 358, 1'700'090'060};
    now.watchdog_pings = 329;
    return now;
}

} // namespace landfall::test_support
