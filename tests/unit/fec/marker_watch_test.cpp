// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "dsp/fec/marker_watch.h"

#include <doctest/doctest.h>

#include <vector>

using namespace landfall;
using namespace landfall::fec;

namespace {

/// Random bits in which markers stand `spacing` bits apart, one of its bits wrong in each.
std::vector<std::uint8_t> stream(std::size_t markers, std::size_t spacing, bool inverted) {
    base::random_source random(9);
    std::vector<std::uint8_t> bits(markers * spacing);
    for (std::uint8_t& bit : bits) {
        bit = random.bit() ? 1 : 0;
    }
    const sync_marker marker;
    for (std::size_t n = 0; n < markers; ++n) {
        for (unsigned i = 0; i < marker.bits; ++i) {
            const auto bit = static_cast<std::uint8_t>(marker.value >> (31 - i) & 1U);
            bits[n * spacing + i] = bit ^ (inverted ? 1U : 0U) ^ (i == n % 32 ? 1U : 0U);
        }
    }
    return bits;
}

} // namespace

TEST_CASE("fec/marker_watch: markers that come again have a distance, in either polarity") {
    for (const bool inverted : {false, true}) {
        marker_watch watch({});
        const auto bits = stream(20, 8192, inverted);
        watch.push(std::span(bits).first(3 * 8192));
        CHECK(watch.spacing_bits() == 0);
        watch.push(std::span(bits).subspan(3 * 8192));
        CHECK(watch.spacing_bits() == 8192);
    }
}

TEST_CASE("fec/marker_watch: noise and constant bits have none") {
    base::random_source random(4);
    std::vector<std::uint8_t> bits(4'000'000);
    for (std::uint8_t& bit : bits) {
        bit = random.bit() ? 1 : 0;
    }
    for (const unsigned marker_bits : {32U, 64U}) {
        marker_watch watch({0x034776C7272895B0, marker_bits});
        watch.push(bits);
        watch.push(std::vector<std::uint8_t>(100'000, 1));
        CHECK(watch.spacing_bits() == 0);
    }
}

TEST_CASE("fec/marker_watch: a distance that is seen now and then gives way to the usual one") {
    marker_watch watch({});
    for (int round = 0; round < 3; ++round) {
        watch.push(stream(1, 5000, false));
        watch.push(stream(10, 10232, false));
    }
    CHECK(watch.spacing_bits() == 10232);
}
