// SPDX-License-Identifier: MIT
#include "base/ip_header.h"

#include "base/put.h"

#include <array>

namespace landfall::base {

void write_ip(const ip_header& header, std::span<std::uint8_t> out) noexcept {
    if (header.source.v6) {
        octet_cursor cursor(out);
        cursor.u32(0x6000'0000);
        cursor.u16(static_cast<std::uint16_t>(header.total - ipv6_header_octets));
        cursor.u8(header.protocol);
        cursor.u8(header.hop_limit);
        cursor.append(header.source.bytes());
        cursor.append(header.destination.bytes());
        return;
    }
    const auto own = out.first(ipv4_header_octets);
    octet_cursor cursor(own);
    cursor.u16(0x4500);
    cursor.u16(static_cast<std::uint16_t>(header.total));
    cursor.u16(header.identification);
    cursor.u16(header.fragment);
    cursor.u8(header.hop_limit);
    cursor.u8(header.protocol);
    cursor.u16(0);
    cursor.append(header.source.bytes());
    cursor.append(header.destination.bytes());
    put_u16(own, 10, checksum_of(add_words(0, own)));
}

void write_udp(std::uint16_t source_port, std::uint16_t destination_port, std::size_t total,
               std::span<std::uint8_t> out) noexcept {
    octet_cursor cursor(out);
    cursor.u16(source_port);
    cursor.u16(destination_port);
    cursor.u16(static_cast<std::uint16_t>(total));
    cursor.u16(0);
}

std::uint64_t pseudo_header_sum(const ip_address& source, const ip_address& destination,
                                std::uint8_t protocol, std::size_t total) noexcept {
    std::array<std::uint8_t, 8> rest{};
    octet_cursor cursor(rest);
    cursor.u32(static_cast<std::uint32_t>(total));
    cursor.u32(protocol);
    return add_words(add_words(add_words(0, source.bytes()), destination.bytes()), rest);
}

} // namespace landfall::base
