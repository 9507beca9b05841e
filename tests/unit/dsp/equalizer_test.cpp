// SPDX-License-Identifier: MIT
#include "base/sample.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <complex>
#include <span>

using namespace landfall;
using base::cf32;
using dsp::modulation;

namespace {

constexpr std::ptrdiff_t learned = 8000; // symbols

/// A signal of 2.5 samples per symbol through a channel of so many samples' memory, then noise.
test::simulated_link through(std::span<const cf32> channel, modulation kind, double es_n0_db,
                             bool equalize) {
    test::link_config config;
    config.wave.kind = kind;
    config.wave.equalize = equalize;
    config.symbols = 50'000;
    config.offset_of_symbol_rate = 0.05;
    config.clock_error_ppm = -35.0;
    auto link = test::simulate(config);
    std::vector<cf32> sent = std::move(link.samples);
    link.samples.resize(sent.size());
    double power = 0.0;
    for (std::size_t n = 0; n < sent.size(); ++n) {
        for (std::size_t i = 0; i < channel.size() && i <= n; ++i) {
            link.samples[n] += channel[i] * sent[n - i];
        }
        power += static_cast<double>(std::norm(link.samples[n]));
    }
    const auto scale =
        static_cast<float>(1.0 / std::sqrt(power / static_cast<double>(sent.size())));
    for (cf32& sample : link.samples) {
        sample *= scale;
    }
    dsp::channel_config noise;
    noise.sample_rate_hz = link.receiver.sample_rate_hz;
    noise.samples_per_symbol = link.samples_per_symbol;
    noise.es_n0_db = es_n0_db;
    dsp::channel(noise).apply(link.samples);
    return link;
}

/// Of symbol errors, once the equaliser has learned; 99 where nothing is received.
double loss_db(std::span<const cf32> channel, modulation kind, double es_n0_db, bool equalize) {
    const auto link = through(channel, kind, es_n0_db, equalize);
    const auto got = test::receive(link);
    if (got.parts.size() != 1) {
        return 99.0;
    }
    const auto seen = test::compare(link, got.parts[0], learned);
    CHECK(seen.contiguous);
    CHECK(seen.symbols + 2 + static_cast<std::size_t>(learned) >= 50'000);
    const double rate = static_cast<double>(seen.errors) / static_cast<double>(seen.symbols);
    return es_n0_db - test::es_n0_for(kind, rate);
}

struct level {
    modulation kind;
    double es_n0_db;
};

constexpr std::array levels{level{modulation::bpsk, 4.0}, level{modulation::qpsk, 7.0},
                            level{modulation::psk8, 13.0}};

} // namespace

TEST_CASE("dsp/equalizer: costs 0.1 dB at most where there is nothing to equalise") {
    const std::array<cf32, 1> nothing{cf32(1.0F, 0.0F)};
    for (const level& at : levels) {
        const double without = loss_db(nothing, at.kind, at.es_n0_db, false);
        const double with = loss_db(nothing, at.kind, at.es_n0_db, true);
        CAPTURE(static_cast<int>(at.kind));
        CHECK(with - without <= 0.1);
        CHECK(with <= 0.25);
    }
}

TEST_CASE("dsp/equalizer: of two rays it leaves less than half of the loss") {
    std::array<cf32, 5> rays{};
    rays[0] = 1.0F;
    rays[4] = std::polar(0.5F, 2.0F); // 1.6 symbols later
    const double without = loss_db(rays, modulation::qpsk, 7.0, false);
    const double with = loss_db(rays, modulation::qpsk, 7.0, true);
    CHECK(without > 3.0);
    CHECK(with < 0.5 * without);
}

TEST_CASE("dsp/equalizer: a slope of the filters is taken out") {
    const std::array<cf32, 2> slope{cf32(1.0F, 0.0F), std::polar(0.45F, 0.6F)}; // 4 dB in the band
    const double without = loss_db(slope, modulation::psk8, 13.0, false);
    const double with = loss_db(slope, modulation::psk8, 13.0, true);
    CHECK(without > 0.45);
    CHECK(with < 0.3);
}

TEST_CASE("dsp/equalizer: places stay those of the symbols, and pieces do not matter") {
    std::array<cf32, 5> rays{};
    rays[0] = 1.0F;
    rays[4] = std::polar(0.3F, -1.0F);
    const auto link = through(rays, modulation::qpsk, 12.0, true);
    const auto once = test::receive(link, dsp::engine::block, 0);
    const auto pieces = test::receive(link, dsp::engine::block, 777);
    REQUIRE(once.parts.size() == 1);
    REQUIRE(pieces.parts.size() == 1);
    CHECK(once.parts[0].soft == pieces.parts[0].soft);
    const auto seen = test::compare(link, once.parts[0]);
    CHECK(seen.first_symbol == 0);
    CHECK(seen.worst_error_symbols < 0.25);
}
