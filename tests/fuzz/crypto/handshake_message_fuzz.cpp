// SPDX-License-Identifier: MIT
// Any octets as handshake messages, with the macs put right where the first octet says so, so that
// what is behind them is reached; a tunnel that was at work before must work afterwards.
#include "tests/support/tunnel_world.h"

#include <cstdlib>

using namespace landfall;

namespace {

void require(bool good) {
    if (!good) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static test::world world;
    static bool connected = (world.connect(), true);
    require(connected);
    if (size == 0) {
        return 0;
    }
    const std::uint8_t options = data[0];
    test::message message(data + 1, data + size);
    if ((options & 1U) != 0 && message.size() > 32) {
        crypto::cookie_holder holder;
        holder.sign(crypto::mac_keys::of(world.nodes[1].public_key), message, world.at.now_ns);
    }
    auto& control = world.nodes[1].tunnel->control();
    const auto status =
        control.receive(test::endpoint_of(9), message, world.at, (options & 2U) != 0,
                        [](const base::udp_endpoint&, base::octets reply) {
                            // Never more than came: no help to those who want to flood a third
                            // party.
                            require(reply.size() == crypto::cookie_reply::octets);
                        });
    require(crypto::name(status) != nullptr);
    require(status != crypto::handshake_status::answered &&
            status != crypto::handshake_status::completed);
    world.at.now_ns += test::ms;
    if (world.at.now_ns % (1000 * test::ms) == 0) {
        world.run(30 * test::s);
        world.send_to(0, 1);
        world.run(10 * test::s);
        require(world.send_to(0, 1) == crypto::encrypt_status::sent);
        world.settle();
        require(!world.nodes[1].received.empty());
        world.nodes[1].received.clear();
    }
    return 0;
}
