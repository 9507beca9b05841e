// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

using namespace landfall;
using dsp::modulation;

namespace {

constexpr std::array kinds{modulation::bpsk, modulation::qpsk, modulation::oqpsk};

/// Everything that was sent is there, once, in place and (at this E_s/N_0) without error.
void check_whole(const test::link_config& config, double worst_error_symbols = 0.05) {
    const auto link = test::simulate(config);
    const auto got = test::receive(link);
    CAPTURE(static_cast<int>(config.wave.kind));
    CAPTURE(config.samples_per_symbol);
    CAPTURE(config.wave.roll_off);
    CAPTURE(config.clock_error_ppm);
    CAPTURE(config.offset_of_symbol_rate);
    CHECK(got.report.acquisitions == 1);
    REQUIRE(got.parts.size() == 1);
    const auto seen = test::compare(link, got.parts[0]);
    CHECK(seen.errors == 0);
    CHECK(seen.first_symbol == 0);
    CHECK(seen.symbols + 2 >= config.symbols);
    CHECK(seen.contiguous);
    CHECK(std::abs(seen.first_error_symbols) < worst_error_symbols);
    CHECK(seen.worst_error_symbols < worst_error_symbols);
    CHECK(std::abs(got.report.frequency_offset_hz / config.wave.symbol_rate_hz -
                   config.offset_of_symbol_rate) < 1e-4);
    CHECK(std::abs(got.report.symbol_rate_error_ppm - config.clock_error_ppm) < 5.0);
}

test::link_config clean(modulation kind) {
    test::link_config config;
    config.wave.kind = kind;
    config.channel.es_n0_db = 16.0;
    config.symbols = 12'000;
    return config;
}

} // namespace

TEST_CASE("dsp/block_receiver: every symbol arrives, at any number of samples per symbol") {
    for (const auto kind : kinds) {
        for (const double ratio : {2.0, 2.5, 4.0, 7.3, 16.0, 100.0}) {
            auto config = clean(kind);
            config.samples_per_symbol = ratio;
            config.offset_of_symbol_rate = ratio > 2.2 ? 0.11 : 0.02;
            config.symbols = 8000;
            check_whole(config);
        }
    }
}

TEST_CASE("dsp/block_receiver: every symbol arrives, at every roll-off") {
    for (const auto kind : kinds) {
        for (const double roll_off : {0.2, 0.25, 0.35, 0.5, 0.6}) {
            auto config = clean(kind);
            config.wave.roll_off = roll_off;
            check_whole(config);
        }
    }
}

TEST_CASE("dsp/block_receiver: every symbol arrives, with clock and carrier off") {
    std::uint64_t seed = 1;
    for (const auto kind : kinds) {
        for (const double sign : {-1.0, 1.0}) {
            auto config = clean(kind);
            config.seed = seed++;
            config.clock_error_ppm = sign * 100.0;
            config.offset_of_symbol_rate = -sign * 0.25;
            config.channel.phase_rad = sign * 2.0;
            check_whole(config);
        }
    }
}

TEST_CASE("dsp/block_receiver: mirrored spectra and exchanged rails are set right") {
    for (const auto kind : kinds) {
        for (const bool inverted : {false, true}) {
            auto config = clean(kind);
            config.wave.spectrum_inverted = inverted;
            config.wave.iq_swapped = true;
            // The report speaks of the samples as they came: mirrored, unless by both.
            config.offset_of_symbol_rate = 0.0;
            check_whole(config);
            config.offset_of_symbol_rate = 0.1;
            config.wave.iq_swapped = !inverted;
            config.wave.spectrum_inverted = inverted;
            const auto link = test::simulate(config);
            const auto got = test::receive(link);
            REQUIRE(got.parts.size() == 1);
            CHECK(test::compare(link, got.parts[0]).errors == 0);
            CHECK(got.report.frequency_offset_hz == doctest::Approx(-1e5).epsilon(1e-3));
        }
    }
}

TEST_CASE("dsp/block_receiver: Doppler rates of low orbits are followed") {
    for (const auto kind : kinds) {
        for (const double rate_hz_s : {-800.0, 800.0}) {
            auto config = clean(kind);
            config.symbols = 100'000;
            config.wave.symbol_rate_hz = 50'000.0; // 3.2e-7 cycles per symbol²
            config.channel.doppler_rate_hz_s = rate_hz_s;
            config.channel.es_n0_db = 12.5;
            const auto link = test::simulate(config);
            const auto got = test::receive(link);
            REQUIRE(got.parts.size() == 1);
            const auto seen = test::compare(link, got.parts[0]);
            CHECK(seen.first_symbol == 0);
            CHECK(seen.symbols + 2 >= config.symbols);
            CHECK(seen.errors < 12);
            CHECK(got.report.doppler_rate_hz_s == doctest::Approx(rate_hz_s).epsilon(0.2));
        }
    }
}

TEST_CASE("dsp/block_receiver: estimates of E_s/N_0 are within 0.3 dB") {
    for (const auto kind : kinds) {
        for (const double es_n0_db : {0.4, 3.4, 6.0, 10.0, 15.0, 20.0}) {
            if (kind != modulation::bpsk && es_n0_db < 3.0) {
                continue;
            }
            auto config = clean(kind);
            config.symbols = 60'000;
            config.channel.es_n0_db = es_n0_db;
            config.seed = 3;
            const auto got = test::receive(test::simulate(config));
            CAPTURE(static_cast<int>(kind));
            CHECK(got.report.mean_es_n0_db == doctest::Approx(es_n0_db).scale(1).epsilon(0.3));
            CHECK(got.report.es_n0_db == doctest::Approx(es_n0_db).scale(1).epsilon(0.7));
            const double evm = 100.0 * std::pow(10.0, -es_n0_db / 20.0);
            if (es_n0_db >= 15.0) { // decisions are right
                CHECK(got.report.evm_percent == doctest::Approx(evm).epsilon(0.05));
            }
        }
    }
}

TEST_CASE("dsp/block_receiver: noise is not received") {
    for (const auto kind : {modulation::bpsk, modulation::qpsk}) {
        test::link_config config;
        config.wave.kind = kind;
        config.samples_per_symbol = 2.0;
        config.symbols = 2;
        config.lead_symbols = 500'000.0;
        config.channel.es_n0_db = 0.0;
        const auto got = test::receive(test::simulate(config));
        CHECK(got.report.acquisitions == 0);
        CHECK(got.parts.empty());
    }
}

TEST_CASE("dsp/block_receiver: after a fade the symbols right behind it are there") {
    for (const auto kind : kinds) {
        for (const std::size_t block : {std::size_t{1000}, std::size_t{0}}) {
            auto config = clean(kind);
            config.symbols = 70'000;
            config.channel.es_n0_db = 8.0;
            config.channel.fades = {{0.025, 0.045, -100.0}};
            const auto link = test::simulate(config);
            const auto got = test::receive(link, dsp::engine::block, block);
            CAPTURE(static_cast<int>(kind));
            CAPTURE(block);
            REQUIRE(got.parts.size() == 2);
            CHECK(got.report.losses == 1);
            const auto before = test::compare(link, got.parts[0]);
            CHECK(before.first_symbol == 0);
            CHECK(before.last_symbol > 24'800);
            CHECK(before.last_symbol < 25'500);
            const auto after = test::compare(link, got.parts[1], 45'010);
            CHECK(after.first_symbol < 45'100);
            CHECK(after.last_symbol > 69'990);
            CHECK(static_cast<double>(after.errors) <
                  1.5 * 25'000.0 * test::symbol_error_rate(kind, 8.0) + 10.0);
            CHECK(after.worst_error_symbols < 0.1);
        }
    }
}

TEST_CASE("dsp/block_receiver: steps of gain cost nothing") {
    for (const auto kind : kinds) {
        for (const double step_db : {-10.0, 10.0}) {
            auto config = clean(kind);
            config.symbols = 40'000;
            config.channel.amplitude = 0.1F;
            config.channel.gain_steps = {{0.02, step_db}};
            const auto link = test::simulate(config);
            const auto got = test::receive(link);
            REQUIRE(got.parts.size() == 1);
            const auto seen = test::compare(link, got.parts[0]);
            CHECK(seen.errors == 0);
            CHECK(seen.symbols + 2 >= config.symbols);
        }
    }
}

TEST_CASE("dsp/block_receiver: the level of the samples does not matter") {
    for (const auto kind : kinds) {
        for (const float amplitude : {1e-9F, 1e-4F, 1e6F}) {
            auto config = clean(kind);
            config.channel.amplitude = amplitude;
            CAPTURE(amplitude);
            check_whole(config);
        }
    }
}

TEST_CASE("dsp/block_receiver: zeros, alone and amid a signal, do no harm") {
    for (const auto kind : kinds) {
        auto config = clean(kind);
        auto link = test::simulate(config);
        const auto kept = link.samples;
        link.samples.assign(50'000, {});
        const auto nothing = test::receive(link);
        CHECK(nothing.parts.empty());
        link.samples = kept;
        std::fill(link.samples.begin() + 15'000, link.samples.begin() + 15'500, base::cf32{});
        const auto got = test::receive(link);
        REQUIRE(got.parts.size() == 1);
        const auto seen = test::compare(link, got.parts[0]);
        CHECK(seen.symbols + 2 >= config.symbols);
        CHECK(seen.errors < 230); // the 200 symbols that were blanked
        CHECK(test::compare(link, got.parts[0], 6220).errors == 0);
    }
}

TEST_CASE("dsp/block_receiver: soft bits do not depend on the size of the blocks") {
    for (const auto kind : kinds) {
        for (const double ratio : {2.5, 20.0}) {
            auto config = clean(kind);
            config.samples_per_symbol = ratio;
            config.symbols = 30'000;
            config.lead_symbols = 3000.0;
            config.channel.es_n0_db = 5.0;
            config.channel.fades = {{0.015, 0.020, -100.0}};
            const auto link = test::simulate(config);
            const auto once = test::receive(link, dsp::engine::block, 0);
            for (const std::size_t block : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
                if (block < 1000 && ratio > 16.0) {
                    continue;
                }
                const auto got = test::receive(link, dsp::engine::block, block);
                REQUIRE(got.parts.size() == once.parts.size());
                for (std::size_t p = 0; p < got.parts.size(); ++p) {
                    CHECK(got.parts[p].soft == once.parts[p].soft);
                }
            }
        }
    }
}

TEST_CASE("dsp/block_receiver: a new stream after flush is received like the first") {
    for (const auto kind : kinds) {
        const auto link = test::simulate(clean(kind));
        const auto receiver = dsp::make_receiver(link.receiver, dsp::engine::block);
        std::array<std::size_t, 2> bits{};
        for (std::size_t& count : bits) {
            auto sink = [&](const dsp::soft_block& soft) {
                CHECK(soft.restart == (count == 0));
                count += soft.soft.size();
            };
            receiver->push(link.samples, sink);
            receiver->flush(sink);
        }
        CHECK(bits[0] == bits[1]);
    }
}

TEST_CASE("dsp/receiver: what cannot be received is said") {
    dsp::receiver_config config;
    config.sample_rate_hz = 1.9e6;
    CHECK(dsp::unsupported(config, dsp::engine::block) != nullptr);
    config.sample_rate_hz = 1.001e9;
    CHECK(dsp::unsupported(config, dsp::engine::block) != nullptr);
    config.sample_rate_hz = std::nan("");
    CHECK(dsp::unsupported(config, dsp::engine::block) != nullptr);
    config.sample_rate_hz = 2e6;
    CHECK(dsp::unsupported(config, dsp::engine::block) == nullptr);
    config.wave.kind = modulation::oqpsk;
    CHECK(dsp::unsupported(config, dsp::engine::liquid) != nullptr);
}
