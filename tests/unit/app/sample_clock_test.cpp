// SPDX-License-Identifier: MIT
#include "app/sample_clock.h"

#include <doctest/doctest.h>

using namespace landfall;
using namespace landfall::app;

TEST_CASE("app/sample_clock: without a mark there is no time") {
    const sample_clock clock;
    CHECK_FALSE(clock.time_of({100, 0.0}).has_value());
    const soft_bit_clock bits;
    CHECK_FALSE(bits.place_of(100).has_value());
}

TEST_CASE("app/sample_clock: between marks the nominal rate counts, the last mark before wins") {
    sample_clock clock;
    clock.mark(0, {1000, 0}, 1e6);
    clock.mark(10'000, {1000, 10'000'500'000}, 1e6); // the digitiser's clock drifts by 0.5 us
    CHECK(*clock.time_of({0, 0.0}) == base::timestamp{1000, 0});
    CHECK(*clock.time_of({9'999, 0.5}) == base::timestamp{1000, 9'999'500'000});
    CHECK(*clock.time_of({10'000, 0.25}) == base::timestamp{1000, 10'000'750'000});
    CHECK(*clock.time_of({1'010'000, 0.0}) == base::timestamp{1001, 10'000'500'000});
    CHECK(*clock.time_of({-1'000'000, 0.0}) == base::timestamp{999, 0});
}

TEST_CASE("app/sample_clock: a change of the rate counts from its mark on") {
    sample_clock clock;
    clock.mark(0, {0, 0}, 1e6);
    clock.mark(1'000'000, {1, 0}, 2e6);
    CHECK(*clock.time_of({500'000, 0.0}) == base::timestamp{0, 500'000'000'000});
    CHECK(*clock.time_of({2'000'000, 0.0}) == base::timestamp{1, 500'000'000'000});
}

TEST_CASE("app/sample_clock: a day of marks takes bounded memory and stays exact") {
    sample_clock clock;
    std::int64_t index = 0;
    for (int i = 0; i < 100'000; ++i, index += 65536) {
        clock.mark(index, base::timestamp{}.plus_seconds(static_cast<double>(index) / 65536e3),
                   65536e3);
    }
    const auto at = clock.time_of({index - 65536 + 6554, 0.0});
    REQUIRE(at.has_value());
    CHECK(at->seconds_since({99, 999'000'000'000}) == doctest::Approx(1.0000e-4).epsilon(1e-3));
}

TEST_CASE("app/sample_clock: soft bits lie evenly behind the last mark before them") {
    soft_bit_clock clock;
    clock.mark(0, {100, 0.5}, 1.25);
    clock.mark(1000, {1350, 0.75}, 1.2501);
    const auto first = clock.place_of(2);
    REQUIRE(first.has_value());
    CHECK(first->whole == 103);
    CHECK(first->fraction == doctest::Approx(0.0));
    const auto second = clock.place_of(1010);
    REQUIRE(second.has_value());
    CHECK(second->whole == 1363);
    CHECK(second->fraction == doctest::Approx(0.251));
}
