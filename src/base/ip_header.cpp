// SPDX-License-Identifier: MIT
#include "base/ip_header.h"

#include "base/put.h"

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
    const std::uint32_t first = 0x4500'0000U | static_cast<std::uint16_t>(header.total);
    const std::uint32_t second = std::uint32_t{header.identification} << 16U | header.fragment;
    const std::uint32_t third =
        std::uint32_t{header.hop_limit} << 24U | std::uint32_t{header.protocol} << 16U;
    // Not of what was just written: small stores would hold up the loads.
    const std::uint64_t addresses =
        add_words(add_words(0, header.source.bytes()), header.destination.bytes());
    const std::uint64_t sum = add_u32(add_u32(add_u32(addresses, first), second), third);
    octet_cursor cursor(out);
    cursor.u32(first);
    cursor.u32(second);
    cursor.u32(third | checksum_of(sum));
    cursor.append(header.source.bytes());
    cursor.append(header.destination.bytes());
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
    const std::uint64_t addresses = add_words(add_words(0, source.bytes()), destination.bytes());
    return add_u32(add_u32(addresses, static_cast<std::uint32_t>(total)), protocol);
}

} // namespace landfall::base
