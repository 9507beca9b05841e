// SPDX-License-Identifier: MIT
#include "app/frame_check.h"

#include <doctest/doctest.h>

#include <array>
#include <vector>

using namespace landfall;
using namespace landfall::app;

namespace {

using frame = std::vector<std::uint8_t>;

frame numbered(std::uint8_t number) {
    return {0x4A, number, 0x55, 0xAA};
}

} // namespace

TEST_CASE("app/frame_check: frames in order are right, and complete once the last has arrived") {
    frame_check check;
    CHECK(!check.complete()); // nothing was sent
    for (std::uint8_t i = 0; i < 3; ++i) {
        check.sent(numbered(i));
    }
    for (std::uint8_t i = 0; i < 3; ++i) {
        CHECK(!check.complete());
        check.arrived(numbered(i));
    }
    CHECK(check.complete());
    check.end();
    CHECK(check.now().sent == 3);
    CHECK(check.now().right == 3);
    CHECK(check.now().perfect());
}

TEST_CASE("app/frame_check: every changed bit, a longer and a shorter frame are false") {
    const frame good = numbered(7);
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        frame_check check;
        check.sent(good);
        frame bad = good;
        bad[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        check.arrived(bad);
        CHECK(check.now().wrong == 1);
        CHECK(check.now().right == 0);
        check.arrived(good); // what was false has not taken its place
        CHECK(check.now().right == 1);
        CHECK(!check.complete());
    }
    frame_check check;
    check.sent(good);
    check.arrived(std::span(good).first(3));
    frame longer = good;
    longer.push_back(0);
    check.arrived(longer);
    check.arrived({});
    CHECK(check.now().wrong == 3);
}

TEST_CASE("app/frame_check: overtaken frames are missing, late and second ones false") {
    frame_check check;
    for (std::uint8_t i = 0; i < 5; ++i) {
        check.sent(numbered(i));
    }
    check.arrived(numbered(0));
    check.arrived(numbered(3));
    CHECK(check.now().missing == 2);
    check.arrived(numbered(1)); // late
    check.arrived(numbered(3)); // again
    CHECK(check.now().wrong == 2);
    CHECK(check.now().right == 2);
    CHECK(!check.now().perfect());
    check.end();
    CHECK(check.now().missing == 3); // the fifth never came
    CHECK(!check.complete());
}

TEST_CASE("app/frame_check: what has not arrived is missing at the end, not before") {
    frame_check check;
    check.sent(numbered(1));
    CHECK(check.now().missing == 0);
    CHECK(!check.now().perfect()); // nothing arrived
    check.end();
    CHECK(check.now().missing == 1);
    check.arrived(numbered(1));
    CHECK(check.now().wrong == 1);
}
