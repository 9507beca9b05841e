// SPDX-License-Identifier: MIT
#include "app/ground_link.h"
#include "app/sample_clock.h"
#include "cabled.h"
#include "dataplane/cable.h"
#include "dataplane/device.h"

#include <chrono>
#include <set>
#include <thread>

using namespace landfall;
using namespace landfall::app;
using namespace landfall::app::tests;

namespace {

using namespace std::chrono_literals;

/// A cable with a pool, and a far end that answers to its address if `turn` is called.
struct site {
    explicit site(std::size_t packets = 1023)
        : pool(must(dataplane::packet_pool::create(pool_of("near", packets)))),
          far_pool(must(dataplane::packet_pool::create(pool_of("far", 1023)))),
          cable(must(dataplane::cable::create("site"))),
          port(must(dataplane::port::open(
              {.name = "far", .device = cable->device(0), .mtu = cabled_gateway::mtu}, *far_pool))),
          stack({.vlan = {},
                 .address = {*base::parse_prefix("192.0.2.10/24")},
                 .gateway = {},
                 .flows = {{.port = 4991, .word = {}}}},
                *port, *far_pool) {}
    ~site() { cable->clear(); }

    static dataplane::packet_pool_config pool_of(const char* name, std::size_t packets) {
        return {.name = name,
                .packets = packets,
                .data_octets = dataplane::rx_data_octets(cabled_gateway::mtu)};
    }

    [[nodiscard]] ground_link_config config(std::chrono::duration<double> patience) const {
        return {.device = cable->device(1),
                .mtu = cabled_gateway::mtu,
                .address = cabled_gateway::digitiser_address(),
                .gateway = cabled_gateway::gateway_address(),
                .patience = patience};
    }

    /// Datagrams that arrived.
    std::size_t turn() {
        const auto now = dataplane::time_now();
        dataplane::packet_burst burst;
        port->receive(burst);
        dataplane::flow_bursts flows(1);
        stack.receive(burst, flows, now);
        stack.tick(now);
        stack.flush();
        return flows[0].size();
    }

    std::unique_ptr<dataplane::packet_pool> pool;
    std::unique_ptr<dataplane::packet_pool> far_pool;
    std::unique_ptr<dataplane::cable> cable;
    std::unique_ptr<dataplane::port> port;
    dataplane::stack stack;
};

/// False if it had not ended after long.
bool ends(const ground_link& link, auto&& meanwhile) {
    for (int i = 0; i < 30'000 && !link.ended(); ++i) {
        meanwhile();
        std::this_thread::sleep_for(1ms);
    }
    return link.ended();
}

} // namespace

TEST_CASE("app/ground_link: a gateway that does not answer ends it by name, nothing being sent") {
    static_cast<void>(the_eal());
    site at;
    frame_check check;
    auto link = must(ground_link::start(at.config(50ms), *at.pool, a_pass(1.0, check)));
    REQUIRE(ends(*link, [] {}));
    CHECK(link->why() == link_end::gateway_silent);
    CHECK(check.now().sent == 0);
}

TEST_CASE("app/ground_link: told to end while it looks for the gateway, it ends") {
    static_cast<void>(the_eal());
    site at;
    frame_check check;
    auto link = must(ground_link::start(at.config(1h), *at.pool, a_pass(1.0, check)));
    link->end();
    REQUIRE(ends(*link, [] {}));
    CHECK(link->why() == link_end::sent);
    CHECK(check.now().sent == 0);
}

TEST_CASE("app/ground_link: a receiver that takes nothing more ends it by name") {
    static_cast<void>(the_eal());
    site at;
    frame_check check;
    auto config = at.config(2s);
    config.behind = [] { return true; };
    auto link = must(ground_link::start(config, *at.pool, a_pass(60.0, check)));
    REQUIRE(ends(*link, [&] { at.turn(); }));
    CHECK(link->why() == link_end::receiver_stuck);
    CHECK(check.now().sent > 0);
}

TEST_CASE("app/ground_link: packets that do not come back end it by name") {
    static_cast<void>(the_eal());
    site at(127);
    frame_check check;
    auto link = must(ground_link::start(at.config(2s), *at.pool, a_pass(60.0, check)));
    bool found = false; // from then on the far end takes nothing out of the cable
    REQUIRE(ends(*link, [&] { found = found || at.turn() > 0; }));
    CHECK(found);
    CHECK(link->why() == link_end::pool_empty);
}

TEST_CASE("app/ground_link: told to end in a pass, it sends what it began") {
    static_cast<void>(the_eal());
    site at;
    frame_check check;
    auto link = must(ground_link::start(at.config(20s), *at.pool, a_pass(600.0, check)));
    std::size_t got = 0;
    REQUIRE(ends(*link, [&] {
        got += at.turn();
        if (got > 20) {
            link->end();
        }
    }));
    CHECK(link->why() == link_end::sent);
    CHECK(check.now().sent > 0);
    CHECK(link->signal_s() < 60.0);
}

TEST_CASE("app/ground_link: each end has a name of its own") {
    std::set<std::string_view> names;
    for (const link_end one : {link_end::sent, link_end::gateway_silent, link_end::receiver_stuck,
                               link_end::pool_empty}) {
        names.insert(name(one));
    }
    CHECK(names.size() == 4);
}
