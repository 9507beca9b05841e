// SPDX-License-Identifier: MIT
#include "app/ground_link.h"
#include "cabled.h"
#include "crypto/start.h"

#include <chrono>
#include <thread>

using namespace landfall;
using namespace landfall::app;
using namespace landfall::app::tests;

namespace {

control::logger quiet(stderr, control::log_form_of(stderr), control::log_level::error);

std::unique_ptr<ground_link> link_into(cabled_gateway& cabled, satellite sender) {
    return must(ground_link::start({.device = cabled.device(),
                                    .mtu = cabled_gateway::mtu,
                                    .address = cabled_gateway::digitiser_address(),
                                    .gateway = cabled_gateway::gateway_address(),
                                    .behind = [&] { return cabled.backlog() > 0.5; }},
                                   cabled.digitiser_pool(), std::move(sender)));
}

} // namespace

TEST_CASE(
    "app/cabled_gateway: a pass arrives whole by one modem lcore and by two, and every packet "
    "comes back to its pool") {
    REQUIRE(crypto::start());
    unsigned lcores = 0;
    SUBCASE("one") {
        lcores = 1;
    }
    SUBCASE("two") {
        lcores = 2;
    }
    frame_check check;
    auto cabled = must(cabled_gateway::start(a_mission(), check, the_eal(), quiet, lcores));
    auto link = link_into(*cabled, a_pass(0.5, check));
    while (!link->ended() || cabled->backlog() > 0.0) {
        cabled->of().turn();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    CHECK(link->why() == link_end::sent);
    CHECK(link->progress() == 1.0);
    CHECK(link->signal_s() >= 0.5);
    CHECK(cabled->of().drain(10.0));
    for (int i = 0; i < 5000 && !check.complete(); ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    check.end();
    CHECK(check.complete());
    CHECK(check.now().sent > 20);
    link.reset();
    cabled->stop();
    CHECK(cabled->digitiser_pool().available() == cabled->digitiser_pool().capacity());
}

/// The destructor asserts that nobody holds packets of a pool that goes.
TEST_CASE("app/cabled_gateway: it goes in order while packets are everywhere on their way") {
    REQUIRE(crypto::start());
    frame_check check;
    auto cabled = must(cabled_gateway::start(a_mission(), check, the_eal(), quiet));
    auto link = link_into(*cabled, a_pass(60.0, check));
    while (cabled->of().snapshot().carriers[0].iq.packets < 100) {
        cabled->of().turn();
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    cabled->of().stop(); // nobody empties the rings any more
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    link->stop();
    CHECK(cabled->digitiser_pool().available() < cabled->digitiser_pool().capacity());
    link.reset();
    cabled.reset();
}

TEST_CASE("app/cabled_gateway: a mission that is none is refused by name") {
    CHECK(cabled_gateway::memory_octets("nowhere").error().code ==
          base::exit_code::bad_configuration);
    frame_check check;
    const auto made = cabled_gateway::start("nowhere", check, the_eal(), quiet);
    REQUIRE(!made);
    CHECK(made.error().message.find("nowhere") != std::string::npos);
}
