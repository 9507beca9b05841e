// SPDX-License-Identifier: MIT
#include "dsp/matched_filter.h"
#include "dsp/modulator.h"
#include "tests/unit/dsp/simulated_link.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numbers>

using namespace landfall;

namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;
constexpr std::size_t block = dsp::matched_filter::block_symbols;

struct block_output {
    std::array<base::cf32, block> value;
    std::array<base::cf32, block> slope;
};

block_output filter(std::span<const base::cf32> samples, const dsp::carrier_state& at,
                    double roll_off, double ratio) {
    dsp::matched_filter matched(roll_off, ratio);
    block_output out{};
    matched.mix(samples, at, block);
    matched.filter(0.0, 1.0F, {.value = out.value, .slope = out.slope});
    return out;
}

} // namespace

TEST_CASE("dsp/matched_filter: symbols of a clean signal come out as sent") {
    for (const double ratio : {2.0, 2.5, 4.0, 7.3, 15.9}) {
        test::link_config config;
        config.samples_per_symbol = ratio;
        config.symbols = 300;
        config.channel.amplitude = 1.0F;
        const auto link = test::simulate(config);
        const auto out =
            filter(link.samples, {.position = link.first_position + 40.0 * ratio, .step = ratio},
                   config.wave.roll_off, ratio);
        float amplitude = 0.0F;
        for (const auto value : out.value) {
            amplitude += std::abs(value) / static_cast<float>(block);
        }
        for (std::size_t k = 0; k < block; ++k) {
            const float i = link.bits[2 * (k + 40)] == 0 ? 1.0F : -1.0F;
            const float q = link.bits[2 * (k + 40) + 1] == 0 ? 1.0F : -1.0F;
            const base::cf32 wanted = std::sqrt(0.5F) * amplitude * base::cf32(i, q);
            CHECK(std::abs(out.value[k] - wanted) < 0.03F * amplitude);
        }
    }
}

TEST_CASE("dsp/matched_filter: offset, phase and Doppler rate are taken out") {
    test::link_config config;
    config.wave.kind = dsp::modulation::bpsk;
    config.symbols = 300;
    config.offset_of_symbol_rate = 0.21;
    config.channel.phase_rad = 1.0;
    config.channel.amplitude = 1.0F;
    const auto link = test::simulate(config);
    const double ratio = config.samples_per_symbol;
    const double frequency = two_pi * 0.21 / ratio;
    const double position = link.first_position + 100.0 * ratio;
    const auto out = filter(link.samples,
                            {.position = position,
                             .step = ratio,
                             .phase = 1.0 + frequency * position,
                             .frequency = frequency},
                            config.wave.roll_off, ratio);
    for (std::size_t k = 0; k < block; ++k) {
        const float sign = link.bits[k + 100] == 0 ? 1.0F : -1.0F;
        CHECK(out.value[k].real() * sign > 0.0F);
        CHECK(std::abs(out.value[k].imag()) < 0.05F * std::abs(out.value[k].real()));
    }
}

TEST_CASE("dsp/matched_filter: the slope is the derivative by position") {
    test::link_config config;
    config.symbols = 300;
    const auto link = test::simulate(config);
    const double ratio = config.samples_per_symbol;
    dsp::carrier_state at{.position = link.first_position + 50.3 * ratio, .step = ratio};
    const auto middle = filter(link.samples, at, 0.35, ratio);
    at.position -= 0.125;
    const auto before = filter(link.samples, at, 0.35, ratio);
    at.position += 0.25;
    const auto after = filter(link.samples, at, 0.35, ratio);
    for (std::size_t k = 0; k < block; ++k) {
        const base::cf32 wanted = (after.value[k] - before.value[k]) / 0.25F;
        CHECK(std::abs(middle.slope[k] - wanted) < 0.01F);
    }
}

TEST_CASE("dsp/matched_filter: going on gives what a block gives by itself") {
    test::link_config config;
    config.symbols = 3000;
    config.offset_of_symbol_rate = 0.03;
    const auto link = test::simulate(config);
    for (const bool staggered : {false, true}) {
        dsp::matched_filter going_on(0.35, config.samples_per_symbol, staggered);
        dsp::matched_filter anew(0.35, config.samples_per_symbol, staggered);
        dsp::carrier_state at{.position = link.first_position + 10.3,
                              .step = config.samples_per_symbol,
                              .frequency = two_pi * 0.03 / config.samples_per_symbol};
        std::span<const base::cf32> buffer = link.samples;
        block_output outs[2];
        block_output lates[2];
        for (unsigned part = 0; part < 20; ++part) {
            unsigned which = 0;
            for (dsp::matched_filter* const filter : {&going_on, &anew}) {
                const dsp::matched_filter::output out{outs[which].value, outs[which].slope};
                filter->mix(buffer, at, block, filter == &going_on);
                if (staggered) {
                    filter->filter_staggered(1.0F, out, lates[which].value);
                } else {
                    filter->filter(0.0, 1.0F, out);
                }
                ++which;
            }
            for (std::size_t k = 0; k < block; ++k) {
                CHECK(std::abs(outs[0].value[k] - outs[1].value[k]) < 1e-3F);
                CHECK(std::abs(outs[0].slope[k] - outs[1].slope[k]) < 1e-3F);
                CHECK(std::abs(lates[0].value[k] - lates[1].value[k]) < 1e-3F);
            }
            at.advance(block);
            const std::ptrdiff_t dropped = part % 3 == 2 ? 700 : 0; // some samples are forgotten
            buffer = buffer.subspan(static_cast<std::size_t>(dropped));
            at.position -= static_cast<double>(dropped);
            going_on.rebase(dropped);
            anew.rebase(dropped);
        }
    }
}

TEST_CASE("dsp/matched_filter: samples outside the buffer count as zero") {
    const std::vector<base::cf32> samples(64, {1.0F, 0.0F});
    const auto far = filter(samples, {.position = 1e6, .step = 2.5}, 0.35, 2.5);
    const auto early = filter(samples, {.position = -1e6, .step = 2.5}, 0.35, 2.5);
    const auto empty = filter({}, {.position = 3.0, .step = 2.5}, 0.35, 2.5);
    for (std::size_t k = 0; k < block; ++k) {
        CHECK(far.value[k] == base::cf32{});
        CHECK(early.value[k] == base::cf32{});
        CHECK(empty.value[k] == base::cf32{});
    }
}
