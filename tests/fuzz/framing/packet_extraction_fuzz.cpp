// SPDX-License-Identifier: MIT
// Any octets as data fields through the packet extractor. The input: data fields, each after two
// octets of length and flags and two of first header pointer.
#include "framing/packet_extractor.h"

#include <algorithm>
#include <cstdlib>

using namespace landfall;
using namespace landfall::framing;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    base::byte_reader reader({data, size});
    extraction_counters counters;
    packet_extractor extractor(counters);
    std::uint64_t packets = 0;
    const auto on_packet = [&](base::octets packet, const arrival& began) {
        ++packets;
        const bool whole = packet[0] >> 5U == 0 ? parse_space_packet(packet).has_value()
                                                : parse_encapsulation(packet).has_value();
        if (!whole || packet.size() > largest_packet_octets || !began.is_known) {
            std::abort();
        }
        if (const auto outer = parse_encapsulation(packet)) {
            ip_in(*outer);
        }
    };
    while (reader.remaining() > 4) {
        const std::uint16_t head = reader.u16();
        const std::uint16_t pointer = reader.u16();
        const base::octets field =
            reader.take(std::min<std::size_t>(head & 0xFFFU, reader.remaining()));
        if ((head & 0x8000U) != 0) {
            extractor.interrupt();
        }
        packet_zone zone{field, std::nullopt, {{0, 0}, true}};
        if ((head & 0x4000U) == 0) {
            zone.first_header = pointer;
        }
        extractor.push(zone, on_packet);
    }
    if (counters.packets != packets) {
        std::abort();
    }
    return 0;
}
