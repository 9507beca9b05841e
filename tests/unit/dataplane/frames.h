// SPDX-License-Identifier: MIT
// Frames of tests/vectors/dataplane, and the host that they are for.
#pragma once

#include "dataplane/host.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace landfall::dataplane {

using octet_vector = std::vector<std::uint8_t>;

inline octet_vector from_hex(const std::string& hex) {
    octet_vector made;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        made.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    }
    return made;
}

/// The frame of this name.
inline octet_vector frame(const std::string& name) {
    static const auto all = [] {
        const char* const root = std::getenv("LANDFALL_SOURCE");
        std::ifstream file(std::string(root == nullptr ? "." : root) +
                           "/tests/vectors/dataplane/frames.txt");
        std::map<std::string, octet_vector> made;
        for (std::string one, hex; file >> one >> hex;) {
            made[one] = from_hex(hex);
        }
        return made;
    }();
    const auto found = all.find(name);
    REQUIRE_MESSAGE(found != all.end(), "no frame ", name);
    return found->second;
}

inline const std::vector<std::string> received_frames{"arp_request",
                                                      "arp_reply",
                                                      "arp_reply_elsewhere",
                                                      "arp_gratuitous_elsewhere",
                                                      "arp_spoof",
                                                      "arp_for_other",
                                                      "arp_group_sender",
                                                      "ns",
                                                      "ns_detection",
                                                      "ns_link_local",
                                                      "ns_routed",
                                                      "na",
                                                      "na_spoof",
                                                      "echo4",
                                                      "echo6",
                                                      "unreachable4",
                                                      "udp4",
                                                      "udp4_options",
                                                      "udp4_fragment",
                                                      "udp4_vlan",
                                                      "udp6",
                                                      "udp6_extensions",
                                                      "udp6_fragment",
                                                      "tcp4"};

inline const mac_address us_mac{{2, 0, 0, 0, 0, 0x10}};
inline const mac_address peer_mac{{2, 0, 0, 0, 0, 1}};
inline const mac_address other_mac{{2, 0, 0, 0, 0, 0x77}};
inline const base::ip_address us4 = *base::parse_ip("192.0.2.10");
inline const base::ip_address peer4 = *base::parse_ip("192.0.2.1");
inline const base::ip_address us6 = *base::parse_ip("2001:db8::10");
inline const base::ip_address peer6 = *base::parse_ip("2001:db8::1");
/// Of the frames' datagrams.
inline constexpr std::size_t payload_octets = 32;
inline constexpr std::uint32_t payload_word = 0x1001;

inline host_config us(std::optional<std::uint16_t> vlan = {}) {
    return {us_mac,
            vlan,
            {*base::parse_prefix("192.0.2.10/24"), *base::parse_prefix("2001:db8::10/64")},
            {*base::parse_ip("192.0.2.254"), *base::parse_ip("fe80::254")},
            1500,
            {{4991, payload_word}, {4991, 0x2002}, {51820, {}}}};
}

/// A host, and one frame at a time in a buffer with some room behind it.
struct bench_host {
    host engine;
    octet_vector buffer;
    time_ns now = 1000 * second_ns;

    explicit bench_host(const host_config& config = us()) : engine(config) {}

    received take(const octet_vector& in, const frame_facts& facts = {}) {
        buffer = in;
        buffer.resize(in.size() + query_octets);
        return engine.receive(buffer, in.size(), facts, now);
    }
    octet_vector answer_to(const octet_vector& in) {
        const received got = take(in);
        if (got.what != received::outcome::answer) {
            return {};
        }
        return {buffer.begin(), buffer.begin() + got.octets};
    }
    /// Whether exactly this was counted for the frame.
    bool drops(const octet_vector& in, rx_drop reason, const frame_facts& facts = {}) {
        std::array<std::uint64_t, rx_drop_count> before{};
        for (std::size_t i = 0; i < rx_drop_count; ++i) {
            before[i] = engine.dropped(static_cast<rx_drop>(i));
        }
        if (take(in, facts).what != received::outcome::done) {
            return false;
        }
        for (std::size_t i = 0; i < rx_drop_count; ++i) {
            const auto which = static_cast<rx_drop>(i);
            if (engine.dropped(which) - before[i] != (which == reason ? 1U : 0U)) {
                MESSAGE(name(which), " ", engine.dropped(which) - before[i]);
                return false;
            }
        }
        return true;
    }
};

} // namespace landfall::dataplane
