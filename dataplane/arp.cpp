// SPDX-License-Identifier: MIT
#include "dataplane/arp.h"

#include <algorithm>

namespace landfall::dataplane {
namespace {

// Hardware type Ethernet, protocol IPv4, lengths 6 and 4.
constexpr std::array<std::uint8_t, 6> kind{0, 1, 8, 0, 6, 4};
constexpr unsigned operation_request = 1;
constexpr unsigned operation_reply = 2;

} // namespace

std::expected<arp_packet, rx_drop> parse_arp(base::octets packet) noexcept {
    if (packet.size() < arp_octets || !std::equal(kind.begin(), kind.end(), packet.begin())) {
        return std::unexpected(rx_drop::arp_malformed);
    }
    const unsigned operation = load_u16(packet, 6);
    if (operation != operation_request && operation != operation_reply) {
        return std::unexpected(rx_drop::arp_malformed);
    }
    const arp_packet parsed{operation == operation_request, mac_address::of(packet.subspan(8)),
                            *base::ip_address::of(packet.subspan(14, 4)),
                            mac_address::of(packet.subspan(18)),
                            *base::ip_address::of(packet.subspan(24, 4))};
    if (parsed.sender_mac.group() || parsed.sender_mac.zero()) {
        return std::unexpected(rx_drop::bad_link_address);
    }
    return parsed;
}

void write_arp(const arp_packet& packet, std::span<std::uint8_t> out) noexcept {
    std::copy(kind.begin(), kind.end(), out.begin());
    store_u16(out, 6, packet.request ? operation_request : operation_reply);
    std::copy_n(packet.sender_mac.octet.begin(), 6, out.begin() + 8);
    std::copy_n(packet.sender.octet.begin(), 4, out.begin() + 14);
    std::copy_n(packet.target_mac.octet.begin(), 6, out.begin() + 18);
    std::copy_n(packet.target.octet.begin(), 4, out.begin() + 24);
}

} // namespace landfall::dataplane
