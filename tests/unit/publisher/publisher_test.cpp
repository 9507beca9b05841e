// SPDX-License-Identifier: MIT
// Without a server; tests/e2e/publisher_test.py has one.
#include "delivery/publisher/publisher.h"

#include <doctest/doctest.h>

#include <string>

using namespace landfall::delivery::publisher;

namespace {

segment segment_of(std::uint64_t id) {
    segment what;
    what.id = id;
    what.octets = 100;
    what.subject = "passes.weather";
    what.digest = std::string(64, 'a');
    what.gateway = "svalbard-1";
    return what;
}

publisher_config config_of() {
    publisher_config config;
    config.urls = {"nats://127.0.0.1:1"}; // nobody is there
    config.stream = "passes";
    config.most_waiting = 3;
    return config;
}

} // namespace

TEST_CASE("publisher: what cannot be a message is refused when it is offered") {
    publisher it(
        config_of(), [](const segment&, std::vector<std::uint8_t>&) { return true; },
        [](const segment&, outcome) { FAIL("nothing was sent"); });
    for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "a.*", "a.>", "a\n", "\u00e9"}) {
        segment what = segment_of(1);
        what.subject = bad;
        CHECK(it.offer(what).error() == refusal::character);
        what = segment_of(1);
        what.digest = bad;
        CHECK(it.offer(what).error() == refusal::character);
    }
    for (const auto member :
         {&segment::gateway, &segment::tenant, &segment::contact, &segment::carrier,
          &segment::channels, &segment::first, &segment::last}) {
        segment what = segment_of(1);
        what.*member = "a\r\nNats-Rollup: all"; // would be a header of its own
        CHECK(it.offer(what).error() == refusal::character);
    }
    CHECK(it.numbers().waiting == 0);
}

TEST_CASE("publisher: so many wait and no more; each id once; what is withdrawn makes room") {
    publisher it(
        config_of(), [](const segment&, std::vector<std::uint8_t>&) { return true; },
        [](const segment&, outcome) { FAIL("nothing was sent"); });
    CHECK(it.offer(segment_of(1)));
    CHECK(it.offer(segment_of(1)).error() == refusal::known);
    CHECK(it.offer(segment_of(2)));
    CHECK(it.offer(segment_of(3)));
    CHECK(it.offer(segment_of(4)).error() == refusal::full);
    it.withdraw(2);
    it.withdraw(77);
    CHECK(it.offer(segment_of(4)));
    CHECK(it.numbers().waiting == 3);
}

TEST_CASE("publisher: without a server it starts, waits, and ends") {
    publisher it(
        config_of(), [](const segment&, std::vector<std::uint8_t>&) { return true; },
        [](const segment&, outcome) { FAIL("nothing was sent"); });
    REQUIRE(it.start());
    REQUIRE(it.offer(segment_of(1)));
    for (steady_ns now = 1; now < 100; ++now) {
        it.poll(now * ns_per_ms);
    }
    const publisher_numbers numbers = it.numbers();
    CHECK_FALSE(numbers.connected);
    CHECK(numbers.waiting == 1);
    CHECK(numbers.in_flight == 0);
}

TEST_CASE("publisher: a configuration that cannot be is told at the start") {
    publisher_config config = config_of();
    config.certificate_file = "/nonexistent/ca.pem";
    publisher it(
        config, [](const segment&, std::vector<std::uint8_t>&) { return true; },
        [](const segment&, outcome) {});
    CHECK_FALSE(it.start());
}

TEST_CASE("publisher: each outcome, trouble and refusal has a name") {
    for (std::size_t i = 0; i < outcome_count; ++i) {
        CHECK(name(static_cast<outcome>(i)) != nullptr);
    }
    for (std::size_t i = 0; i < trouble_count; ++i) {
        CHECK(name(static_cast<trouble>(i)) != nullptr);
    }
    CHECK(std::string(name(refusal::full)) == "full");
}
