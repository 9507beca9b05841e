// SPDX-License-Identifier: MIT
// The router runs where nothing may be allocated: every `new` of this program is counted.
#include "support.h"

#include <cstdlib>
#include <new>

using namespace landfall;
using namespace landfall::delivery;

namespace {

std::size_t allocations = 0;

} // namespace

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

TEST_CASE("delivery/router: nothing is allocated once it runs") {
    route frames{.as = form::frames, .to = {{0, 576}, {1, 8912}}, .flow = flow_ipv4};
    frames.header = true;
    route packets{.as = form::packets, .apid = {1, 2, 3}, .to = {{0, 1408}}, .flow = flow_ipv6};
    route ip{.as = form::ip,
             .to = {{0, 576}},
             .source_filter = {*base::parse_prefix("10.0.0.0/8")},
             .destination_filter = {*base::parse_prefix("0.0.0.0/0")}};
    route iq{.as = form::iq, .to = {{0, 576}}, .flow = flow_ipv4};
    router made({.carrier = 0, .carriers = 1, .routes = {frames, packets, ip, iq}});
    const octet_vector data = counting(2000);
    const octet_vector forwarded =
        ipv4_packet{.options = {0x94, 4, 0, 0}, .payload = counting(2000)}.build();
    std::array<std::uint8_t, 9000> buffer{};
    const auto take = [&](std::size_t) { return std::span<std::uint8_t>(buffer); };
    const auto commit = [](std::uint32_t, std::size_t) {};
    const output out{take, commit};
    framing::delivered_frame frame;
    frame.octets = data;
    framing::delivered_packet packet;
    packet.octets = data;
    packet.apid = 2;
    framing::delivered_packet inner;
    inner.octets = forwarded;
    inner.kind = framing::packet_kind::ipv4;

    const std::size_t before = allocations;
    CHECK(before > 0); // it does count
    made.frame(frame, out);
    made.packet(packet, out);
    made.packet(inner, out);
    made.iq(data, out);
    const std::size_t after = allocations;
    CHECK(after == before);
    for (std::size_t i = 0; i < made.routes(); ++i) {
        CHECK(made.counters(i).datagrams.value() == (i == 0 ? 2 : 1));
    }
}
