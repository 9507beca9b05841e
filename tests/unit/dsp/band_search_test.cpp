// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "dsp/band_search.h"
#include "dsp/channel.h"
#include "dsp/modulator.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace landfall;

namespace {

constexpr double symbol_rate_hz = 10e3;
constexpr double sample_rate_hz = 500e3;

std::vector<base::cf32> carrier_at(double offset_hz, double es_n0_db) {
    base::random_source random(5);
    dsp::waveform wave;
    std::vector<std::uint8_t> bits(8000);
    for (auto& bit : bits) {
        bit = random.bit() ? 1 : 0;
    }
    dsp::modulator modulator(wave, sample_rate_hz / symbol_rate_hz);
    std::vector<base::cf32> samples;
    modulator.push(bits, samples);
    dsp::channel_config config;
    config.sample_rate_hz = sample_rate_hz;
    config.samples_per_symbol = sample_rate_hz / symbol_rate_hz;
    config.es_n0_db = es_n0_db;
    config.frequency_offset_hz = offset_hz;
    dsp::channel channel(config);
    channel.apply(samples);
    return samples;
}

} // namespace

TEST_CASE("dsp/band_search: the strongest band is found anywhere, also across the band's edge") {
    dsp::band_search search(sample_rate_hz, symbol_rate_hz);
    for (const double offset_hz : {0.0, 60e3, -173e3, 244e3}) {
        const auto found = search.strongest(carrier_at(offset_hz, 3.0), 0.0, 0.0);
        REQUIRE(found.has_value());
        CHECK(std::abs(*found - offset_hz) < 0.2 * symbol_rate_hz);
    }
}

TEST_CASE("dsp/band_search: a band near the hint goes before a stronger one; noise has none") {
    dsp::band_search search(sample_rate_hz, symbol_rate_hz);
    auto both = carrier_at(-100e3, 20.0);
    const auto weak = carrier_at(150e3, 3.0);
    for (std::size_t i = 0; i < both.size(); ++i) {
        both[i] = 2.0F * both[i] + weak[i];
    }
    const auto hinted = search.strongest(both, 145e3, 3.0 * symbol_rate_hz);
    REQUIRE(hinted.has_value());
    CHECK(std::abs(*hinted - 150e3) < 0.3 * symbol_rate_hz);
    const auto other = search.strongest(both, 0.0, 3.0 * symbol_rate_hz);
    REQUIRE(other.has_value());
    CHECK(std::abs(*other + 100e3) < 0.2 * symbol_rate_hz);
    CHECK_FALSE(search.strongest(carrier_at(0.0, -60.0), 0.0, 0.0).has_value());
    CHECK_FALSE(search.strongest(std::vector<base::cf32>(100'000), 0.0, 0.0).has_value());
}
