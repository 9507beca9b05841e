// SPDX-License-Identifier: MIT
#include "config/units.h"

#include <doctest/doctest.h>

using namespace landfall::config;

TEST_CASE("config/units: a number with a unit is the double that its plain form is") {
    CHECK(parse_quantity("7812 MHz", quantity::frequency) == 7812e6);
    CHECK(parse_quantity("1701.3MHz", quantity::frequency) == 1701.3e6);
    CHECK(parse_quantity("15 Msym/s", quantity::symbol_rate) == 15e6);
    CHECK(parse_quantity("1.5e3 ksym/s", quantity::symbol_rate) == 1.5e6);
    CHECK(parse_quantity("64 MiB", quantity::size) == 67108864.0);
    CHECK(parse_quantity("9 kB", quantity::size) == 9000.0);
    CHECK(parse_quantity("10 s", quantity::duration) == 10.0);
    CHECK(parse_quantity("250 ms", quantity::duration) == 0.25);
    CHECK(parse_quantity("2 min", quantity::duration) == 120.0);
}

TEST_CASE("config/units: a wrong unit is told with the right ones") {
    CHECK(parse_quantity("15 MHz", quantity::symbol_rate).error() ==
          "\"15 MHz\" has a wrong unit: expected a number and one of sym/s, ksym/s, Msym/s, "
          "Gsym/s");
    CHECK(parse_quantity("15", quantity::frequency).error() ==
          "\"15\" has no unit: expected a number and one of Hz, kHz, MHz, GHz");
    for (const char* bad : {"", " ", "Hz", "nan Hz", "inf Hz", "1 Hz ", "1  Hz", "0x1 Hz",
                            "1e999 Hz", "1e308 kHzz", "1 hz", "+1 Hz"})
        CHECK_FALSE(parse_quantity(bad, quantity::frequency).has_value());
}
