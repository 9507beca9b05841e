// SPDX-License-Identifier: MIT
#include "app/live_page.h"

#include <doctest/doctest.h>

#include <algorithm>
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

TEST_CASE("app/live_page: the page fits into every terminal, its notes and state the last to go") {
    std::array<framing::channel_counters, 8> channels;
    for (std::size_t i = 0; i < channels.size(); ++i) {
        channels[i].vcid = static_cast<std::uint8_t>(i);
    }
    live_view view{.title = std::string(150, 't'),
                   .status = {},
                   .channels = channels,
                   .points = {},
                   .notes = {"", "tunnel", "arrived", "drops"}};
    view.status.decoder.channel_bits = 1;
    const auto has = [](const auto& lines, std::string_view text) {
        return std::any_of(lines.begin(), lines.end(),
                           [&](const live_line& one) { return one.text.starts_with(text); });
    };
    for (unsigned rows = 1; rows < 60; ++rows) {
        for (const unsigned columns : {10U, 79U, 300U}) {
            const auto lines = live_lines(view, columns, rows);
            CAPTURE(rows);
            CHECK(lines.size() <= rows);
            for (const live_line& one : lines) {
                CHECK(characters(one.text) <= columns);
            }
            CHECK(has(lines, "drops") == (rows >= 12));
            CHECK(has(lines, "state") == (rows >= 3));
            CHECK(has(lines, "channel  5") == (rows >= 18 && columns > 10));
        }
    }
}

TEST_CASE("app/live_page: nothing has no minus sign") {
    live_view view;
    view.status.receiver.frequency_offset_hz = -0.4;
    view.status.receiver.doppler_rate_hz_s = -0.0;
    view.status.receiver.symbol_rate_error_ppm = -0.04;
    for (const live_line& one : live_lines(view, 200, 60)) {
        CHECK(one.text.find("-0") == std::string::npos);
    }
    view.status.receiver.frequency_offset_hz = -0.6;
    bool shown = false;
    for (const live_line& one : live_lines(view, 200, 60)) {
        shown = shown || one.text.find(" -1 Hz ") != std::string::npos;
    }
    CHECK(shown);
}
