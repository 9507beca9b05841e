// SPDX-License-Identifier: MIT
#include "app/live_page.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>

using namespace landfall;
using namespace landfall::app;

TEST_CASE("app/live_page: the plot has every point in its quadrant, far ones at the edge") {
    const std::array<base::cf32, 4> points{{{1, 1}, {-1, 1}, {-100, -100}, {1, -1}}};
    const auto lines = constellation_plot(points, 10);
    REQUIRE(lines.size() == 10);
    for (const std::string& line : lines) {
        CHECK(line.size() == 20);
    }
    const auto dots = [&](std::size_t y, std::size_t x) {
        std::size_t count = 0;
        for (std::size_t row = y; row < y + 5; ++row) {
            for (std::size_t column = x; column < x + 10; ++column) {
                count += lines[row][column] == '.' ? 1U : 0U;
            }
        }
        return count;
    };
    CHECK(dots(0, 0) == 1);
    CHECK(dots(0, 10) == 1);
    CHECK(dots(5, 0) == 1);
    CHECK(dots(5, 10) == 1);
    CHECK(lines[9][0] == '.');
}

TEST_CASE("app/live_page: points that are no numbers are left out") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float infinity = std::numeric_limits<float>::infinity();
    const std::array<base::cf32, 3> points{{{nan, 0}, {0, infinity}, {-infinity, nan}}};
    CHECK(constellation_plot(points, 7) == constellation_plot({}, 7));
}

TEST_CASE("app/live_page: the level bar has its width whatever the level") {
    CHECK(level_bar(0.5, 8) == "####....");
    CHECK(level_bar(-3.0, 4) == "....");
    CHECK(level_bar(3.0, 4) == "####");
}
