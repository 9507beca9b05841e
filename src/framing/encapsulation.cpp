// SPDX-License-Identifier: MIT
#include "framing/encapsulation.h"

#include <array>

namespace landfall::framing {

namespace {

constexpr std::uint8_t extension_ipv4 = 0x21;
constexpr std::uint8_t extension_ipv6 = 0x57;

/// Header octets by length-of-length.
constexpr std::array<std::size_t, 4> header_octets = {1, 2, 4, 8};

std::optional<base::octets> ipv4_datagram(base::octets data) noexcept {
    if (data.size() < 20 || data[0] >> 4U != 4) {
        return std::nullopt;
    }
    const std::size_t header = (data[0] & 0xFU) * std::size_t{4};
    const std::size_t total = base::byte_reader(data.subspan(2)).u16();
    if (header < 20 || total < header || total > data.size()) {
        return std::nullopt;
    }
    return data.first(total);
}

std::optional<base::octets> ipv6_datagram(base::octets data) noexcept {
    if (data.size() < 40 || data[0] >> 4U != 6) {
        return std::nullopt;
    }
    const std::size_t total = base::byte_reader(data.subspan(4)).u16() + std::size_t{40};
    if (total > data.size()) {
        return std::nullopt;
    }
    return data.first(total);
}

} // namespace

std::expected<std::optional<std::uint64_t>, packet_error>
encapsulation_length(base::octets start) noexcept {
    if (start.empty()) {
        return std::nullopt;
    }
    if (start[0] >> 5U != 0b111) {
        return std::unexpected(packet_error::unknown_version);
    }
    const std::size_t header = header_octets[start[0] & 0x3U];
    if (header == 1) {
        const bool idle = (start[0] >> 2U & 0x7U) == 0;
        return idle ? std::expected<std::optional<std::uint64_t>, packet_error>(1)
                    : std::unexpected(packet_error::bad_length);
    }
    if (start.size() < header) {
        return std::nullopt;
    }
    base::byte_reader reader(start.subspan(header / 2));
    const std::uint64_t length = header == 2   ? reader.u8()
                                 : header == 4 ? reader.u16()
                                               : reader.u32();
    if (length < header) {
        return std::unexpected(packet_error::bad_length);
    }
    return length;
}

std::expected<encapsulation_packet, packet_error> parse_encapsulation(base::octets data) noexcept {
    const auto length = encapsulation_length(data);
    if (!length) {
        return std::unexpected(length.error());
    }
    if (!*length || **length > data.size()) {
        return std::unexpected(packet_error::too_short);
    }
    const std::size_t header = header_octets[data[0] & 0x3U];
    encapsulation_packet packet;
    packet.protocol = static_cast<encapsulation_protocol>(data[0] >> 2U & 0x7U);
    if (header >= 4) {
        packet.user_defined = data[1] >> 4U;
        packet.protocol_extension = data[1] & 0xFU;
    }
    if (header == 8) {
        packet.ccsds_defined = base::byte_reader(data.subspan(2)).u16();
    }
    packet.data = data.first(static_cast<std::size_t>(**length)).subspan(header);
    return packet;
}

std::optional<ip_content> ip_in(const encapsulation_packet& packet) noexcept {
    if (packet.protocol != encapsulation_protocol::ip_extension || packet.data.empty()) {
        return std::nullopt;
    }
    const base::octets datagram = packet.data.subspan(1);
    if (packet.data[0] == extension_ipv4) {
        if (const auto exact = ipv4_datagram(datagram)) {
            return ip_content{4, *exact};
        }
    } else if (packet.data[0] == extension_ipv6) {
        if (const auto exact = ipv6_datagram(datagram)) {
            return ip_content{6, *exact};
        }
    }
    return std::nullopt;
}

void append_encapsulation(std::vector<std::uint8_t>& out, encapsulation_protocol protocol,
                          base::octets data) {
    const std::size_t form = data.size() <= 0xFF - 2 ? 1 : data.size() <= 0xFFFF - 4 ? 2 : 3;
    const std::size_t total = data.size() + header_octets[form];
    base::byte_writer writer(out);
    writer.u8(static_cast<std::uint8_t>(0xE0U | static_cast<unsigned>(protocol) << 2U | form));
    if (form == 1) {
        writer.u8(static_cast<std::uint8_t>(total));
    } else if (form == 2) {
        writer.u8(0);
        writer.u16(static_cast<std::uint16_t>(total));
    } else {
        writer.u24(0);
        writer.u32(static_cast<std::uint32_t>(total));
    }
    writer.append(data);
}

void append_ip_over_ccsds(std::vector<std::uint8_t>& out, base::octets datagram) {
    const bool is_ipv6 = !datagram.empty() && datagram[0] >> 4U == 6;
    std::vector<std::uint8_t> content;
    content.reserve(datagram.size() + 1);
    content.push_back(is_ipv6 ? extension_ipv6 : extension_ipv4);
    content.insert(content.end(), datagram.begin(), datagram.end());
    append_encapsulation(out, encapsulation_protocol::ip_extension, content);
}

} // namespace landfall::framing
