// SPDX-License-Identifier: MIT
#include "dataplane/icmp.h"

#include "base/ip_header.h"

#include <algorithm>

namespace landfall::dataplane {
namespace {

constexpr std::uint8_t source_link_address = 1; // options, RFC 4861, 4.6
constexpr std::uint8_t target_link_address = 2;
constexpr std::size_t option_unit_octets = 8;
constexpr std::size_t nd_fixed_octets = 24;
constexpr std::uint8_t solicited_flag = 0x40;
constexpr std::uint8_t override_flag = 0x20;

bool solicited_node_group(const base::ip_address& address) noexcept {
    return solicited_node(address) == address;
}

} // namespace

std::expected<std::uint8_t, rx_drop> check_icmp(base::octets message,
                                                const ip_header& ip) noexcept {
    if (message.size() < icmp_octets) {
        return std::unexpected(rx_drop::icmp_malformed);
    }
    const std::uint64_t start = ip.source.v6 ? base::pseudo_header_sum(ip.source, ip.destination,
                                                                       ip.protocol, message.size())
                                             : 0;
    if (base::checksum_of(base::add_words(start, message)) != 0) {
        return std::unexpected(rx_drop::icmp_checksum);
    }
    return message[0];
}

bool turn_echo(std::span<std::uint8_t> message, bool v6) noexcept {
    const std::uint8_t request = v6 ? icmp_type::echo_request_v6 : icmp_type::echo_request;
    const std::uint8_t reply = v6 ? icmp_type::echo_reply_v6 : icmp_type::echo_reply;
    if (message[0] != request || message[1] != 0) {
        return false;
    }
    // HC' = ~(~HC + ~m + m') (RFC 1624), of the one word that holds type and code.
    const unsigned sum = (0xffffU & ~load_u16(message, 2)) +
                         (0xffffU & ~(unsigned{request} << 8U)) + (unsigned{reply} << 8U);
    const unsigned folded = (sum & 0xffffU) + (sum >> 16U);
    message[0] = reply;
    store_u16(message, 2, 0xffffU & ~((folded & 0xffffU) + (folded >> 16U)));
    return true;
}

std::expected<nd_message, rx_drop> parse_nd(base::octets message, const ip_header& ip) noexcept {
    nd_message parsed;
    parsed.solicitation = message[0] == icmp_type::neighbour_solicitation;
    const auto malformed = std::unexpected(rx_drop::nd_malformed);
    if (ip.hop_limit != 255 || message[1] != 0 || message.size() < nd_fixed_octets) {
        return malformed;
    }
    parsed.solicited = !parsed.solicitation && (message[4] & solicited_flag) != 0;
    parsed.override_ = !parsed.solicitation && (message[4] & override_flag) != 0;
    parsed.target = *base::ip_address::of(message.subspan(8, 16));
    const std::uint8_t wanted = parsed.solicitation ? source_link_address : target_link_address;
    for (base::octets options = message.subspan(nd_fixed_octets); !options.empty();) {
        const std::size_t size = options.size() < 2 ? 0 : option_unit_octets * options[1];
        if (size == 0 || size > options.size()) {
            return malformed;
        }
        if (options[0] == wanted && size == option_unit_octets) {
            parsed.link_address = mac_address::of(options.subspan(2));
        }
        options = options.subspan(size);
    }
    if (parsed.target.multicast() || parsed.target.unspecified()) {
        return malformed;
    }
    const bool to_group = ip.destination.multicast();
    if (parsed.solicitation && ip.source.unspecified() &&
        (!solicited_node_group(ip.destination) || parsed.link_address)) {
        return malformed;
    }
    if (!parsed.solicitation && to_group && parsed.solicited) {
        return malformed;
    }
    if (parsed.link_address && (parsed.link_address->group() || parsed.link_address->zero())) {
        return std::unexpected(rx_drop::bad_link_address);
    }
    return parsed;
}

void write_nd(const nd_message& message, const base::ip_address& source,
              const base::ip_address& destination, std::span<std::uint8_t> out) noexcept {
    base::write_ip({.source = source,
                    .destination = destination,
                    .protocol = ip_protocol::icmpv6,
                    .hop_limit = 255,
                    .total = ipv6_octets + nd_octets},
                   out);
    const auto body = out.subspan(ipv6_octets, nd_octets);
    std::fill(body.begin(), body.end(), std::uint8_t{0});
    body[0] = message.solicitation ? icmp_type::neighbour_solicitation
                                   : icmp_type::neighbour_advertisement;
    if (!message.solicitation) {
        body[4] = static_cast<std::uint8_t>((message.solicited ? solicited_flag : 0U) |
                                            (message.override_ ? override_flag : 0U));
    }
    std::copy_n(message.target.octet.begin(), 16, body.begin() + 8);
    body[24] = message.solicitation ? source_link_address : target_link_address;
    body[25] = 1;
    std::copy_n(message.link_address->octet.begin(), 6, body.begin() + 26);
    const std::uint64_t start =
        base::pseudo_header_sum(source, destination, ip_protocol::icmpv6, nd_octets);
    store_u16(body, 2, base::checksum_of(base::add_words(start, body)));
}

} // namespace landfall::dataplane
