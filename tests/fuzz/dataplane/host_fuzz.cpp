// SPDX-License-Identifier: MIT
// Any octets as a received frame: sorted, answered or dropped, and what comes of it is in bounds.
// The first octet says which kind of host receives it.
#include "dataplane/host.h"

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

host_config config(bool tagged) {
    return {{{2, 0, 0, 0, 0, 0x10}},
            tagged ? std::optional<std::uint16_t>(100) : std::nullopt,
            {*base::parse_prefix("192.0.2.10/24"), *base::parse_prefix("2001:db8::10/64")},
            {*base::parse_ip("192.0.2.1"), *base::parse_ip("2001:db8::1")},
            1500,
            {{4991, 0x1001}, {51820, {}}}};
}

/// From then on the host waits for answers from both its gateways.
void ask(host& engine) {
    engine.pin_gateways(0);
    std::vector<std::uint8_t> out(query_octets);
    engine.neighbours().tick(
        0, [&](const neighbour_query& query) { require(engine.write_query(query, out) != 0); },
        [](std::size_t) {});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const unsigned kind = data[0];
    host engine(config((kind & 1U) != 0));
    if ((kind & 2U) != 0) {
        ask(engine);
    }
    const std::size_t room = (kind & 4U) != 0 ? 0 : query_octets; // behind the frame
    const std::size_t octets = size - 1;
    std::vector<std::uint8_t> buffer(octets + room);
    std::copy_n(data + 1, octets, buffer.begin());
    const received got = engine.receive(buffer, octets, {(kind & 8U) != 0, (kind & 16U) != 0}, 0);
    std::uint64_t drops = 0;
    for (std::size_t i = 0; i < rx_drop_count; ++i) {
        drops += engine.dropped(static_cast<rx_drop>(i));
    }
    switch (got.what) {
    case received::outcome::flow:
        require(drops == 0 && got.flow < 2 && got.payload_at + got.octets <= octets);
        require(got.payload_at >= got.ip_at + ipv4_octets + udp_octets);
        break;
    case received::outcome::answer:
        require(drops == 0 && got.octets <= buffer.size());
        buffer.resize(got.octets);
        require(parse_ethernet(buffer).has_value());
        break;
    case received::outcome::done:
        require(drops == (got.resolved ? 0 : 1));
        break;
    }
    return 0;
}
