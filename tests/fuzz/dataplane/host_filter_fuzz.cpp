// SPDX-License-Identifier: MIT
// Any octets as a packet of the host's and one for it: what the host sent is answered, and what
// passes is for it and of a protocol that may. The first octet says what others may begin, and
// where the one packet ends.
#include "dataplane/host_filter.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

using namespace landfall;
using namespace landfall::dataplane;

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// With addresses and ports exchanged; the sums stay as they are.
std::vector<std::uint8_t> answer_to(base::octets packet) {
    std::vector<std::uint8_t> made(packet.begin(), packet.end());
    const bool v6 = packet[0] >> 4U == 6;
    const std::size_t octets = v6 ? 16 : 4;
    const auto source = made.begin() + (v6 ? 8 : 12);
    std::swap_ranges(source, source + static_cast<int>(octets), source + static_cast<int>(octets));
    const std::size_t ports = v6 ? parse_ipv6(packet)->octets : parse_ipv4(packet)->octets;
    std::swap(made[ports], made[ports + 2]);
    std::swap(made[ports + 1], made[ports + 3]);
    return made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    host_filter_config config{{*base::parse_ip("10.77.0.1"), *base::parse_ip("fd77::1")}, {}};
    if ((data[0] & 1U) != 0) {
        config.allow = {{ip_protocol::icmp, 0}, {ip_protocol::tcp, 9464}};
    }
    host_filter filter(config);
    const base::octets rest(data + 1, size - 1);
    const base::octets sent = rest.first(std::min<std::size_t>(data[0] & 0xFEU, rest.size()));
    const base::octets came = rest.subspan(sent.size());
    if (filter.from_host(sent, 1)) {
        const bool v6 = sent[0] >> 4U == 6;
        const auto ip = v6 ? parse_ipv6(sent) : parse_ipv4(sent);
        require(ip && std::ranges::find(config.addresses, ip->source) != config.addresses.end());
        if (ip->protocol == ip_protocol::tcp || ip->protocol == ip_protocol::udp) {
            require(filter.to_host(answer_to(sent), 2).has_value());
        }
    }
    if (filter.to_host(came, 2)) {
        const auto ip = came[0] >> 4U == 6 ? parse_ipv6(came) : parse_ipv4(came);
        require(ip &&
                std::ranges::find(config.addresses, ip->destination) != config.addresses.end());
        require(ip->protocol == ip_protocol::tcp || ip->protocol == ip_protocol::udp ||
                ip->protocol == ip_protocol::icmp || ip->protocol == ip_protocol::icmpv6);
    }
    return 0;
}
