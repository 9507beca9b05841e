// SPDX-License-Identifier: MIT
#include "framing/space_packet.h"

#include <cassert>

namespace landfall::framing {

const char* name(packet_error error) noexcept {
    switch (error) {
    case packet_error::too_short:
        return "too_short";
    case packet_error::unknown_version:
        return "unknown_version";
    case packet_error::bad_length:
        return "bad_length";
    }
    return "unknown";
}

std::expected<space_packet, packet_error> parse_space_packet(base::octets data) noexcept {
    base::byte_reader reader(data);
    const std::uint16_t identification = reader.u16();
    const std::uint16_t sequence = reader.u16();
    const std::size_t data_octets = reader.u16() + std::size_t{1};
    space_packet packet;
    packet.data = reader.take(data_octets);
    if (reader.failed()) {
        return std::unexpected(packet_error::too_short);
    }
    if (identification >> 13U != 0) {
        return std::unexpected(packet_error::unknown_version);
    }
    packet.header.telecommand = (identification & 0x1000U) != 0;
    packet.header.has_secondary_header = (identification & 0x0800U) != 0;
    packet.header.apid = identification & 0x7FFU;
    packet.header.sequence = static_cast<sequence_flags>(sequence >> 14U);
    packet.header.sequence_count = sequence & 0x3FFFU;
    return packet;
}

void append_space_packet(std::vector<std::uint8_t>& out, const space_packet_header& header,
                         base::octets data) {
    assert(!data.empty() && data.size() <= 65536 && header.apid <= idle_apid);
    base::byte_writer writer(out);
    writer.u16(static_cast<std::uint16_t>((header.telecommand ? 0x1000U : 0U) |
                                          (header.has_secondary_header ? 0x0800U : 0U) |
                                          header.apid));
    writer.u16(static_cast<std::uint16_t>(static_cast<unsigned>(header.sequence) << 14U |
                                          (header.sequence_count & 0x3FFFU)));
    writer.u16(static_cast<std::uint16_t>(data.size() - 1));
    writer.append(data);
}

} // namespace landfall::framing
