// SPDX-License-Identifier: MIT
// Any octets as an IP packet of a downlink: dropped under a reason, or sent on as packets that fit,
// whose headers are sound and whose payload is what came.
#include "delivery/router.h"

#include <cstdlib>

using namespace landfall;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::uint16_t u16_at(base::octets octets, std::size_t at) {
    return static_cast<std::uint16_t>(octets[at] << 8U | octets[at + 1]);
}

/// RFC 1071, word by word: all ones for a header whose checksum fits.
std::uint32_t sum_of(base::octets header) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < header.size(); i += 2) {
        sum += u16_at(header, i);
    }
    return (sum & 0xFFFFU) + (sum >> 16U);
}

/// Appends the payload of what was sent.
void check(base::octets packet, std::size_t mtu, std::vector<std::uint8_t>& payload) {
    require(packet.size() <= mtu && packet.size() >= 20);
    std::size_t header = 40;
    if (packet[0] >> 4U == 4) {
        header = (packet[0] & 0x0FU) * std::size_t{4};
        require(header >= 20 && header <= packet.size() && packet[8] > 0);
        require(u16_at(packet, 2) == packet.size());
        require(sum_of(packet.first(header)) == 0xFFFF);
    } else {
        require(packet[0] >> 4U == 6 && packet.size() >= header && packet[7] > 0);
        require(u16_at(packet, 4) == packet.size() - header);
    }
    payload.insert(payload.end(), packet.begin() + static_cast<std::ptrdiff_t>(header),
                   packet.end());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t mtu = delivery::least_mtu_octets + data[0] * std::size_t{6};
    const base::octets input(data + 1, size - 1);
    delivery::route route{.as = delivery::form::ip, .to = {{.peer = 0, .mtu_octets = mtu}}};
    delivery::router router({.carrier = 0, .carriers = 1, .routes = {route}});
    std::vector<std::uint8_t> buffer;
    std::vector<std::uint8_t> payload;
    const auto take = [&](std::size_t wanted) -> std::span<std::uint8_t> {
        buffer = std::vector<std::uint8_t>(wanted);
        return buffer;
    };
    const auto commit = [&](std::uint32_t, std::size_t sent) {
        require(sent == buffer.size());
        check(buffer, mtu, payload);
    };
    framing::delivered_packet packet;
    packet.kind = framing::packet_kind::ipv4;
    packet.octets = input;
    router.packet(packet, {take, commit});

    std::uint64_t outcomes = router.counters(0).datagrams.value();
    for (const base::counter& dropped : router.counters(0).drops) {
        outcomes += dropped.value();
    }
    require(outcomes == 1);
    if (router.counters(0).datagrams.value() == 1) {
        const bool ipv4 = input[0] >> 4U == 4;
        const std::size_t header = ipv4 ? (input[0] & 0x0FU) * std::size_t{4} : 40;
        const std::size_t length = u16_at(input, ipv4 ? 2 : 4) - (ipv4 ? header : 0);
        require(payload.size() == length &&
                std::equal(payload.begin(), payload.end(),
                           input.begin() + static_cast<std::ptrdiff_t>(header)));
    }
    return 0;
}
