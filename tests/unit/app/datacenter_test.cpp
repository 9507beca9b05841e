// SPDX-License-Identifier: MIT
#include "app/datacenter.h"
#include "app/instant.h"
#include "tunnel_parties.h"

#include <chrono>
#include <thread>

using namespace landfall;
using namespace landfall::app;
using namespace landfall::test;

namespace {

/// Party 1 and a datacenter, which is 10.9.0.2 inside, by the clock.
struct far_end {
    explicit far_end(bool right_keys = true)
        : cable(must(dataplane::cable::create(unique_name("c")))),
          near_site(cable->device(0), *base::parse_prefix("192.0.2.1/24"), near_parties),
          near(near_site, 1),
          loop({{near_site.device.get(), &near_site.stack, {near.stage->sink()}}},
               near.stage->as_step()) {
        auto key = crypto::generate_private_key(crypto::fill_random);
        crypto::tunnel_change change;
        auto& peer = change.peers.emplace_back();
        peer.key = crypto::public_of(key);
        peer.endpoint = *base::parse_endpoint("192.0.2.2:51820");
        peer.allowed_ips = {{inner_of(2), 32}};
        REQUIRE(near.tunnel->control().change(std::move(change), instant_now()));
        datacenter_config config{.device = cable->device(1),
                                 .mtu = mtu,
                                 .address = *base::parse_prefix("192.0.2.2/24"),
                                 .sink = {inner_of(2), 80},
                                 .gateway_inside = {inner_of(1), 32}};
        config.gateway = right_keys ? near.public_key : crypto::public_of(key);
        config.key = std::move(key);
        if (!right_keys) {
            config.gateway.octet[0] ^= 1U;
        }
        end = must(datacenter::start(std::move(config), check));
    }
    ~far_end() {
        end->stop();
        cable->clear();
    }
    far_end(const far_end&) = delete;
    far_end& operator=(const far_end&) = delete;

    template <class Condition>
    bool eventually(Condition&& holds, int milliseconds) {
        for (int i = 0; i < milliseconds && !holds(); ++i) {
            loop.step(dataplane::time_now());
            near.stage->run_handshakes(instant_now());
            near.stage->send_handshakes();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return holds();
    }
    void send(std::uint8_t number, bool echo = false) {
        REQUIRE(near.submit(numbered(1, 2, number, echo), 0));
    }

    frame_check check;
    std::unique_ptr<dataplane::cable> cable;
    site near_site;
    party near;
    dataplane::io_loop loop;
    std::unique_ptr<datacenter> end;
};

/// What `numbered` has in its UDP datagram.
std::vector<std::uint8_t> payload(std::uint8_t number) {
    const auto packet = numbered(1, 2, number);
    return {packet.begin() + 28, packet.end()};
}

} // namespace

TEST_CASE(
    "app/datacenter: datagrams to its sink come to the check, and echo requests are answered") {
    far_end w;
    for (std::uint8_t i = 0; i < 10; ++i) {
        w.check.sent(payload(i));
        w.send(i);
    }
    CHECK(w.eventually([&] { return w.check.complete(); }, 10'000));
    w.send(0, true);
    CHECK(w.eventually([&] { return !w.near.received.empty(); }, 10'000));
    CHECK(w.check.complete());
}

TEST_CASE("app/datacenter: datagrams to other ports and addresses do not come to the check") {
    far_end w;
    auto other_port = numbered(1, 2, 1);
    other_port[23] = 81;
    auto other_protocol = numbered(1, 2, 1);
    base::write_ip({.source = inner_of(1), .destination = inner_of(2), .protocol = 6, .total = 100},
                   other_protocol);
    for (const auto& packet : {other_port, other_protocol, numbered(1, 3, 1)}) {
        REQUIRE(w.near.submit(packet, 0 | any_destination));
    }
    w.check.sent(payload(5));
    w.send(5);
    CHECK(w.eventually([&] { return w.check.complete(); }, 10'000));
}

TEST_CASE("app/datacenter: it has no session with one whom it does not know") {
    far_end w(false);
    w.check.sent(payload(1));
    w.send(1);
    CHECK_FALSE(w.eventually([&] { return w.check.now().right > 0; }, 500));
    CHECK(w.near.numbers().handshakes_started.value() > 0);
    CHECK(w.near.stage->staged() == 1);
}
