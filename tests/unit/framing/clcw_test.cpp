// SPDX-License-Identifier: MIT
#include "framing/clcw.h"

#include <doctest/doctest.h>

using namespace landfall::framing;

// Words of the corpus named in tests/vectors/framing/SOURCES.md.
TEST_CASE("framing/clcw: every field is read") {
    const auto all = parse_clcw(0x15A8AC7BU);
    REQUIRE(all.has_value());
    CHECK(all->version == 0);
    CHECK(all->status == 5);
    CHECK(all->cop_in_effect == 1);
    CHECK(all->vcid == 42);
    CHECK(all->no_rf_available);
    CHECK_FALSE(all->no_bit_lock);
    CHECK(all->lockout);
    CHECK_FALSE(all->wait);
    CHECK(all->retransmit);
    CHECK(all->farm_b_count == 2);
    CHECK(all->report_value == 0x7B);
}

TEST_CASE("framing/clcw: each flag has its own bit") {
    CHECK(parse_clcw(0x01FC0000U)->vcid == 63);
    CHECK(parse_clcw(0x1D000000U)->status == 7);
    CHECK(parse_clcw(0x01008000U)->no_rf_available);
    CHECK(parse_clcw(0x01004000U)->no_bit_lock);
    CHECK(parse_clcw(0x01002000U)->lockout);
    CHECK(parse_clcw(0x01001000U)->wait);
    CHECK(parse_clcw(0x01000800U)->retransmit);
    CHECK(parse_clcw(0x01000600U)->farm_b_count == 3);
    CHECK(parse_clcw(0x010000FFU)->report_value == 255);
}

TEST_CASE("framing/clcw: a word of type 2 is none") {
    CHECK_FALSE(parse_clcw(0x80000000U).has_value());
}
