// SPDX-License-Identifier: MIT
#include "delivery/ip_forward.h"

#include "base/ip_header.h"
#include "base/put.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <optional>

namespace landfall::delivery {

namespace {

using base::ipv4_do_not_fragment;
using base::ipv4_header_octets;
using base::ipv4_more_fragments;
using base::ipv6_header_octets;
constexpr std::size_t ipv4_header_octets_max = 60;
constexpr std::size_t largest_ip_octets = 65535;
constexpr std::uint16_t ipv4_offset_mask = 0x1FFF;
constexpr std::uint8_t option_end = 0;
constexpr std::uint8_t option_no_operation = 1;
constexpr std::uint8_t option_copied = 0x80;

std::uint16_t u16_at(base::octets data, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(data[at] << 8U | data[at + 1]);
}

bool is_ipv6(const ip_packet& packet) noexcept {
    return packet.source.v6;
}

bool starts_with(const base::ip_address& address, std::uint8_t first, std::uint8_t second,
                 std::uint8_t mask) noexcept {
    return address.octet[0] == first && (address.octet[1] & mask) == second;
}

bool is_loopback(const base::ip_address& address) noexcept {
    if (!address.v6) {
        return address.octet[0] == 127;
    }
    base::ip_address one{.octet = {}, .v6 = true};
    one.octet[15] = 1;
    return address == one;
}

/// Unicast or multicast that stays on its link (RFC 3927, RFC 5771 section 4, RFC 4291).
bool is_link_local(const base::ip_address& address) noexcept {
    if (!address.v6) {
        return starts_with(address, 169, 254, 0xFF) ||
               (starts_with(address, 224, 0, 0xFF) && address.octet[2] == 0);
    }
    return starts_with(address, 0xFE, 0x80, 0xC0) || // below: interface- and link-local scope
           (address.octet[0] == 0xFF && (address.octet[1] & 0x0FU) <= 2);
}

bool is_broadcast(const base::ip_address& address) noexcept {
    return !address.v6 && std::all_of(address.octet.begin(), address.octet.begin() + 4,
                                      [](std::uint8_t octet) { return octet == 0xFF; });
}

/// RFC 1812, sections 5.3.7 and 4.2.2.11; RFC 4291, section 2.5.
bool may_be_forwarded(const ip_packet& packet) noexcept {
    const auto never = [](const base::ip_address& address) {
        return address.unspecified() || is_loopback(address) || is_link_local(address) ||
               is_broadcast(address);
    };
    return !never(packet.source) && !packet.source.multicast() && !never(packet.destination);
}

using checked = std::expected<ip_packet, drop>;

checked check_ipv4(base::octets octets) noexcept {
    if (octets.size() < ipv4_header_octets) {
        return std::unexpected(drop::bad_header);
    }
    const std::size_t header = std::size_t{octets[0] & 0x0FU} * 4;
    const std::size_t total = u16_at(octets, 2);
    if (header < ipv4_header_octets || header > octets.size()) {
        return std::unexpected(drop::bad_header);
    }
    if (total < header || total > octets.size()) {
        return std::unexpected(drop::bad_length);
    }
    if (base::checksum_of(base::add_words(0, octets.first(header))) != 0) {
        return std::unexpected(drop::bad_checksum);
    }
    const std::uint16_t fragment = u16_at(octets, 6);
    const std::size_t payload = total - header;
    // RFC 791: all fragments but the last are multiples of 8 octets, and none ends beyond 65,535.
    if (((fragment & ipv4_more_fragments) != 0 && payload % 8 != 0) ||
        (fragment & ipv4_offset_mask) * std::size_t{8} + total > largest_ip_octets) {
        return std::unexpected(drop::bad_length);
    }
    return ip_packet{octets.first(total), *base::ip_address::of(octets.subspan(12, 4)),
                     *base::ip_address::of(octets.subspan(16, 4)), header};
}

checked check_ipv6(base::octets octets) noexcept {
    if (octets.size() < ipv6_header_octets) {
        return std::unexpected(drop::bad_header);
    }
    const std::size_t payload = u16_at(octets, 4);
    // A jumbogram (RFC 2675) says 0, has hop-by-hop options, and fits no tunnel.
    if (payload > octets.size() - ipv6_header_octets || (payload == 0 && octets[6] == 0)) {
        return std::unexpected(drop::bad_length);
    }
    return ip_packet{octets.first(ipv6_header_octets + payload),
                     *base::ip_address::of(octets.subspan(8, 16)),
                     *base::ip_address::of(octets.subspan(24, 16)), ipv6_header_octets};
}

/// The options that every fragment repeats (RFC 791, section 3.1), padded; nothing when they are
/// malformed.
struct copied_options {
    std::array<std::uint8_t, ipv4_header_octets_max - ipv4_header_octets> octets{};
    std::size_t size = 0;
};

std::optional<copied_options> options_of_fragments(const ip_packet& packet) noexcept {
    copied_options kept;
    base::octets left =
        packet.octets.subspan(ipv4_header_octets, packet.header_octets - ipv4_header_octets);
    while (!left.empty() && left[0] != option_end) {
        std::size_t length = 1;
        if (left[0] != option_no_operation) {
            length = left.size() < 2 ? 0 : left[1];
            if (length < 2 || length > left.size()) {
                return std::nullopt;
            }
        }
        if ((left[0] & option_copied) != 0) {
            std::copy_n(left.begin(), length, kept.octets.begin() + kept.size);
            kept.size += length;
        }
        left = left.subspan(length);
    }
    kept.size = (kept.size + 3) / 4 * 4;
    return kept;
}

std::size_t header_octets_of(const ip_packet& packet, std::size_t part) noexcept {
    if (part == 0 || packet.header_octets == ipv4_header_octets) {
        return packet.header_octets;
    }
    return ipv4_header_octets + options_of_fragments(packet).value_or(copied_options{}).size;
}

void lower_ipv4_hop_limit(std::span<std::uint8_t> header) noexcept {
    const std::uint16_t before = u16_at(header, 8);
    --header[8];
    base::put_u16(header, 10,
                  base::updated_checksum(u16_at(header, 10), before, u16_at(header, 8)));
}

void write_ipv4_fragment(const ip_packet& packet, const ip_cut& cut, std::size_t part,
                         std::span<std::uint8_t> out) noexcept {
    const std::size_t header_octets = out.size() - cut.octets(part);
    const std::span<std::uint8_t> header = out.first(header_octets);
    base::octet_cursor cursor(out);
    if (part == 0) {
        cursor.append(packet.octets.first(header_octets));
    } else {
        const copied_options kept = options_of_fragments(packet).value_or(copied_options{});
        cursor.append(packet.octets.first(ipv4_header_octets));
        cursor.append(base::octets(kept.octets).first(kept.size));
    }
    cursor.append(packet.octets.subspan(packet.header_octets + cut.offset(part), cut.octets(part)));

    header[0] = static_cast<std::uint8_t>(0x40U | header_octets / 4);
    base::put_u16(header, 2, static_cast<std::uint16_t>(out.size()));
    const std::uint16_t was = u16_at(packet.octets, 6);
    const bool more = part + 1 < cut.count || (was & ipv4_more_fragments) != 0;
    const std::size_t offset = (was & ipv4_offset_mask) + cut.offset(part) / 8;
    base::put_u16(
        header, 6,
        static_cast<std::uint16_t>(offset | (more ? ipv4_more_fragments : std::size_t{0})));
    --header[8];
    base::put_u16(header, 10, 0);
    base::put_u16(header, 10, base::checksum_of(base::add_words(0, header)));
}

} // namespace

std::expected<ip_packet, drop> check_ip(base::octets octets) noexcept {
    if (octets.empty()) {
        return std::unexpected(drop::bad_header);
    }
    const unsigned version = octets[0] >> 4U;
    if (version != 4 && version != 6) {
        return std::unexpected(drop::bad_version);
    }
    const checked packet = version == 4 ? check_ipv4(octets) : check_ipv6(octets);
    if (!packet) {
        return packet;
    }
    if (!may_be_forwarded(*packet)) {
        return std::unexpected(drop::bad_address);
    }
    if (octets[version == 4 ? 8 : 7] <= 1) {
        return std::unexpected(drop::hop_limit);
    }
    return packet;
}

std::expected<ip_cut, drop> cut_of(const ip_packet& packet, std::size_t mtu_octets) noexcept {
    assert(mtu_octets >= least_mtu_octets);
    const std::size_t payload = packet.octets.size() - packet.header_octets;
    if (packet.octets.size() <= mtu_octets) {
        return ip_cut{packet.header_octets, payload, payload, 1};
    }
    if (is_ipv6(packet) || (u16_at(packet.octets, 6) & ipv4_do_not_fragment) != 0) {
        return std::unexpected(drop::too_big);
    }
    if (!options_of_fragments(packet)) {
        return std::unexpected(drop::bad_header);
    }
    const std::size_t part = (mtu_octets - packet.header_octets) / 8 * 8;
    return ip_cut{packet.header_octets, payload, part, (payload + part - 1) / part};
}

std::size_t octets_of(const ip_packet& packet, const ip_cut& cut, std::size_t part) noexcept {
    return header_octets_of(packet, part) + cut.octets(part);
}

void write(const ip_packet& packet, const ip_cut& cut, std::size_t part,
           std::span<std::uint8_t> out) noexcept {
    assert(part < cut.count && out.size() == octets_of(packet, cut, part));
    if (cut.count > 1) {
        write_ipv4_fragment(packet, cut, part, out);
        return;
    }
    std::copy(packet.octets.begin(), packet.octets.end(), out.begin());
    if (is_ipv6(packet)) {
        --out[7];
    } else {
        lower_ipv4_hop_limit(out.first(packet.header_octets));
    }
}

} // namespace landfall::delivery
