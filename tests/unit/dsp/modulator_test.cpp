// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "dsp/modulator.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace landfall;

namespace {

std::vector<std::uint8_t> random_bits(std::size_t count) {
    base::random_source random(5);
    std::vector<std::uint8_t> bits(count);
    for (auto& bit : bits) {
        bit = random.bit() ? 1 : 0;
    }
    return bits;
}

} // namespace

TEST_CASE("dsp/modulator: mean power is 1") {
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        for (const double ratio : {2.0, 2.5, 7.3}) {
            for (const double roll_off : {0.2, 0.35, 0.6}) {
                dsp::modulator modulator({.kind = kind, .roll_off = roll_off}, ratio);
                std::vector<base::cf32> samples;
                modulator.push(random_bits(40'000), samples);
                double power = 0.0;
                for (std::size_t n = 1000; n < samples.size(); ++n) {
                    power += static_cast<double>(std::norm(samples[n]));
                }
                CHECK(power / static_cast<double>(samples.size() - 1000) ==
                      doctest::Approx(1.0).epsilon(0.02));
            }
        }
    }
}

TEST_CASE("dsp/modulator: the first pulse is centred where the header says") {
    for (const double ratio : {2.0, 2.5, 10.0}) {
        dsp::modulator modulator({.kind = dsp::modulation::bpsk}, ratio);
        std::vector<base::cf32> samples;
        modulator.push(std::vector<std::uint8_t>{0}, samples);
        modulator.flush(samples);
        double weight = 0.0;
        double moment = 0.0;
        for (std::size_t n = 0; n < samples.size(); ++n) {
            weight += static_cast<double>(std::norm(samples[n]));
            moment += static_cast<double>(std::norm(samples[n])) * static_cast<double>(n);
            CHECK(samples[n].imag() == 0.0F);
        }
        CHECK(moment / weight == doctest::Approx(dsp::pulse_span_symbols * ratio).epsilon(1e-3));
    }
}

TEST_CASE("dsp/modulator: the Q rail of OQPSK is half a symbol late") {
    constexpr double ratio = 8.0;
    dsp::modulator modulator({.kind = dsp::modulation::oqpsk}, ratio);
    std::vector<base::cf32> samples;
    modulator.push(std::vector<std::uint8_t>{0, 1}, samples);
    modulator.flush(samples);
    std::size_t i_peak = 0;
    std::size_t q_peak = 0;
    for (std::size_t n = 0; n < samples.size(); ++n) {
        i_peak = samples[n].real() > samples[i_peak].real() ? n : i_peak;
        q_peak = samples[n].imag() < samples[q_peak].imag() ? n : q_peak;
    }
    CHECK(q_peak == i_peak + 4);
}

TEST_CASE("dsp/modulator: samples do not depend on how bits are handed in") {
    const auto bits = random_bits(20'001);
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk}) {
        std::vector<base::cf32> once;
        dsp::modulator whole({.kind = kind}, 2.37);
        whole.push(bits, once);
        whole.flush(once);
        std::vector<base::cf32> often;
        dsp::modulator parts({.kind = kind}, 2.37);
        for (std::size_t at = 0; at < bits.size(); at += 7) {
            parts.push(std::span(bits).subspan(at, std::min<std::size_t>(7, bits.size() - at)),
                       often);
        }
        parts.flush(often);
        CHECK(once == often);
    }
}
