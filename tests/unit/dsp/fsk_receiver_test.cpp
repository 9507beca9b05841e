// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <fstream>
#include <string>

using namespace landfall;
using base::cf32;
using dsp::modulation;

namespace {

struct kind {
    modulation modulated;
    double index;
    double bt;
};

constexpr std::array kinds{kind{modulation::fsk, 0.5, 0.5},  kind{modulation::fsk, 0.7, 0.5},
                           kind{modulation::fsk, 1.0, 0.5},  kind{modulation::gmsk, 0.5, 0.3},
                           kind{modulation::gmsk, 0.5, 0.5}, kind{modulation::gmsk, 0.5, 1.0},
                           kind{modulation::gmsk, 1.0, 0.3}};

test::link_config clean(const kind& which) {
    test::link_config config;
    config.wave.kind = which.modulated;
    config.wave.modulation_index = which.index;
    config.wave.gaussian_bt = which.bt;
    config.channel.es_n0_db = 14.0;
    config.symbols = 6000;
    config.samples_per_symbol = 4.0;
    return config;
}

/// The first few symbols count with carrier alone before them.
void check_whole(const test::link_config& config, const test::simulated_link& link) {
    const auto got = test::receive(link);
    CAPTURE(config.wave.modulation_index);
    CAPTURE(config.wave.gaussian_bt);
    CAPTURE(config.samples_per_symbol);
    CAPTURE(config.clock_error_ppm);
    CAPTURE(config.offset_of_symbol_rate);
    CHECK(got.report.acquisitions == 1);
    REQUIRE(got.parts.size() == 1);
    const auto seen = test::compare(link, got.parts[0]);
    CHECK(seen.errors == 0);
    CHECK(seen.first_symbol <= (link.receiver.fm_audio ? 64 : 32));
    CHECK(seen.last_symbol + 2 >= std::ssize(link.bits));
    CHECK(seen.contiguous);
    CHECK(seen.worst_error_symbols < 0.1);
    CHECK(std::abs(got.report.symbol_rate_error_ppm - config.clock_error_ppm) < 25.0);
    if (!link.receiver.fm_audio) {
        CHECK(std::abs(got.report.frequency_offset_hz / config.wave.symbol_rate_hz -
                       config.offset_of_symbol_rate) < 2e-3);
    }
}

/// What an FM receiver makes of the samples: their change of phase, with an offset of its own.
void demodulate(test::simulated_link& link, float scale, float offset) {
    cf32 before{1.0F, 0.0F};
    for (cf32& sample : link.samples) {
        const float turn = std::arg(sample * std::conj(before));
        before = sample;
        sample = {scale * turn + offset, 0.0F};
    }
    link.first_position += 0.5; // between the two samples
    link.receiver.fm_audio = true;
}

double error_rate(const test::link_config& config) {
    const auto link = test::simulate(config);
    const auto got = test::receive(link);
    REQUIRE(got.parts.size() == 1);
    const auto seen = test::compare(link, got.parts[0]);
    CHECK(seen.contiguous);
    REQUIRE(seen.symbols + 512 > config.symbols);
    return static_cast<double>(seen.errors) / static_cast<double>(seen.symbols);
}

std::vector<std::int8_t> octets_of(const std::string& name) {
    std::ifstream file(std::string(std::getenv("LANDFALL_SOURCE")) + "/tests/vectors/dsp/" + name,
                       std::ios::binary);
    REQUIRE(file.is_open());
    std::vector<std::int8_t> octets;
    for (char c = 0; file.get(c);) {
        octets.push_back(static_cast<std::int8_t>(c));
    }
    return octets;
}

} // namespace

TEST_CASE("dsp/fsk_receiver: every symbol arrives, at any number of samples per symbol") {
    for (const kind& which : kinds) {
        for (const double ratio : {2.2, 2.5, 4.0, 7.3, 16.0, 40.0}) {
            auto config = clean(which);
            config.samples_per_symbol = ratio;
            config.offset_of_symbol_rate = ratio > 2.3 ? 0.1 : 0.02;
            if (ratio < 2.3 && which.index > 0.9) {
                continue; // such a signal is wider
            }
            check_whole(config, test::simulate(config));
        }
    }
}

TEST_CASE("dsp/fsk_receiver: every symbol arrives, with clock and carrier off") {
    std::uint64_t seed = 1;
    for (const kind& which : kinds) {
        for (const double sign : {-1.0, 1.0}) {
            auto config = clean(which);
            config.seed = seed++;
            config.clock_error_ppm = sign * 100.0;
            config.offset_of_symbol_rate = -sign * 0.6;
            check_whole(config, test::simulate(config));
        }
    }
}

TEST_CASE("dsp/fsk_receiver: every symbol arrives from an FM receiver's audio, of either sign") {
    for (const kind& which : kinds) {
        for (const float scale : {-0.05F, 3.0F}) {
            auto config = clean(which);
            config.channel.es_n0_db = 22.0;
            config.clock_error_ppm = scale > 0 ? 150.0 : -80.0;
            config.offset_of_symbol_rate = 0.05;
            auto link = test::simulate(config);
            demodulate(link, scale, 0.3F * scale);
            check_whole(config, link);
        }
    }
}

TEST_CASE("dsp/fsk_receiver: errors are those of coherent detection, within 0.3 dB") {
    // MSK is detected like BPSK, with twice the errors, as each bit is the change between two
    // half-turns: erfc(sqrt(E/N0)). At index 1 the frequencies are orthogonal: Q(sqrt(E/N0)).
    constexpr double most_loss = 0.3;
    const auto msk = [](double db) { return std::erfc(std::pow(10.0, db / 20.0)); };
    const auto orthogonal = [](double db) { return test::q_function(std::pow(10.0, db / 20.0)); };
    for (const double level_db : {2.0, 4.0, 6.0}) {
        CAPTURE(level_db);
        auto config = clean({modulation::fsk, 0.5, 0.5});
        config.symbols = 60'000;
        config.offset_of_symbol_rate = 0.07;
        config.clock_error_ppm = -35.0;
        config.channel.es_n0_db = level_db;
        const double rate = error_rate(config);
        CHECK(rate < msk(level_db - most_loss));
        CHECK(rate > 0.8 * msk(level_db)); // nothing is better than ideal
        config.wave.kind = modulation::gmsk;
        CHECK(error_rate(config) < msk(level_db - most_loss));
        config.wave.kind = modulation::fsk;
        config.wave.modulation_index = 1.0;
        const double orthogonal_rate = error_rate(config);
        CHECK(orthogonal_rate < orthogonal(level_db - most_loss));
        // Better than detection without phase by symbols: exp(-E/2N0) / 2.
        CHECK(orthogonal_rate < 0.5 * std::exp(-0.5 * std::pow(10.0, level_db / 10.0)));
    }
}

TEST_CASE("dsp/fsk_receiver: noise and a bare carrier are no signal") {
    for (const kind& which : {kinds[0], kinds[2], kinds[3]}) {
        for (const bool audio : {false, true}) {
            for (const double tone : {0.0, 1.0}) {
                auto link = test::simulate(clean(which));
                base::random_source random(5);
                for (std::size_t i = 0; i < 400'000; ++i) {
                    const cf32 noise{static_cast<float>(random.gaussian()),
                                     static_cast<float>(random.gaussian())};
                    const cf32 carrier =
                        std::polar(3.0F * static_cast<float>(tone), 0.3F * static_cast<float>(i));
                    if (i < link.samples.size()) {
                        link.samples[i] = noise + carrier;
                    } else {
                        link.samples.push_back(noise + carrier);
                    }
                }
                if (audio) {
                    demodulate(link, 0.2F, 0.0F);
                }
                const auto got = test::receive(link);
                CAPTURE(which.index);
                CAPTURE(audio);
                CAPTURE(tone);
                CHECK(got.report.locked_symbols == 0);
            }
        }
    }
}

TEST_CASE("dsp/fsk_receiver: a burst in noise is received from its beginning to its end") {
    for (const kind& which : kinds) {
        for (const double level_db : {4.0, 8.0}) {
            auto config = clean(which);
            config.symbols = 3000;
            config.lead_symbols = 3333.0;
            config.trail_symbols = 4000.0;
            config.channel.es_n0_db = level_db;
            config.offset_of_symbol_rate = 0.1;
            const auto link = test::simulate(config);
            const auto got = test::receive(link);
            CAPTURE(which.index);
            CAPTURE(level_db);
            REQUIRE(got.parts.size() >= 1);
            const auto seen = test::compare(link, got.parts[0]);
            CHECK(seen.first_symbol <= 64);
            CHECK(seen.last_symbol >= 2900);
            CHECK(seen.errors < seen.symbols / 10);
            CHECK(got.report.locked_symbols < 5000);
        }
    }
}

TEST_CASE("dsp/fsk_receiver: what comes out does not depend on the pieces pushed") {
    auto config = clean(kinds[4]);
    config.lead_symbols = 700.0;
    config.channel.es_n0_db = 6.0;
    const auto link = test::simulate(config);
    const auto once = test::receive(link, dsp::engine::block, 0);
    for (const std::size_t block : {1U, 77U, 4096U}) {
        const auto got = test::receive(link, dsp::engine::block, block);
        REQUIRE(got.parts.size() == once.parts.size());
        for (std::size_t p = 0; p < got.parts.size(); ++p) {
            CHECK(got.parts[p].soft == once.parts[p].soft);
        }
    }
}

TEST_CASE("dsp/fsk_receiver: mirrored spectra are set right") {
    for (const bool swapped : {false, true}) {
        auto config = clean(kinds[1]);
        config.wave.iq_swapped = swapped;
        config.wave.spectrum_inverted = !swapped;
        config.offset_of_symbol_rate = 0.1;
        const auto link = test::simulate(config);
        const auto got = test::receive(link);
        REQUIRE(got.parts.size() == 1);
        CHECK(test::compare(link, got.parts[0]).errors == 0);
        CHECK(got.report.frequency_offset_hz == doctest::Approx(-1e5).epsilon(0.02));
    }
}

TEST_CASE("dsp/fsk_receiver: signals of independent modulators are received") {
    struct vector_case {
        const char* name;
        kind which;
        std::size_t most_errors; // of 4,000; theory has 0 to 2
    };
    for (const auto& one : {vector_case{"gmsk_bt50_h050", {modulation::gmsk, 0.5, 0.5}, 4},
                            vector_case{"gmsk_bt30_h050", {modulation::gmsk, 0.5, 0.3}, 4},
                            vector_case{"fsk_h070", {modulation::fsk, 0.7, 0.5}, 4},
                            vector_case{"gfsk_bt50_h100", {modulation::gmsk, 1.0, 0.5}, 4},
                            vector_case{"fm_audio_bt50_h070", {modulation::gmsk, 0.7, 0.5}, 4}}) {
        const std::string name = one.name;
        CAPTURE(name);
        test::simulated_link link;
        link.receiver.wave = clean(one.which).wave;
        link.receiver.sample_rate_hz = 4.0 * link.receiver.wave.symbol_rate_hz;
        link.receiver.fm_audio = name.starts_with("fm_audio");
        const auto octets = octets_of(name + (link.receiver.fm_audio ? ".i8" : ".ci8"));
        const std::size_t parts = link.receiver.fm_audio ? 1 : 2;
        for (std::size_t i = 0; i + parts <= octets.size(); i += parts) {
            link.samples.emplace_back(octets[i], parts == 2 ? octets[i + 1] : std::int8_t{0});
        }
        std::vector<bool> sent;
        for (const std::int8_t octet : octets_of(name + ".bits")) {
            for (int bit = 7; bit >= 0; --bit) {
                sent.push_back((static_cast<unsigned>(octet) >> static_cast<unsigned>(bit) & 1U) !=
                               0);
            }
        }
        const auto got = test::receive(link);
        REQUIRE(got.parts.size() == 1);
        const auto& soft = got.parts[0].soft;
        // Delays are the modulators': the place that fits best, of those near the beginning.
        std::size_t fewest = sent.size();
        for (std::size_t shift = 0; shift < 256; ++shift) {
            std::size_t errors = 0;
            for (std::size_t k = 128; k + 128 < sent.size(); ++k) {
                const std::size_t at = k + shift - 128;
                errors += at >= soft.size() || (soft[at] < 0) != sent[k] ? 1U : 0U;
            }
            fewest = std::min(fewest, errors);
        }
        CHECK(fewest <= one.most_errors);
    }
}
