// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "tests/support/plain_demod.h"

#include <doctest/doctest.h>
#include <hwy/highway.h>

#include <functional>
#include <numbers>

using namespace landfall;

namespace {

/// On every instruction set that this machine has.
void on_every_target(const std::function<void()>& run) {
    hwy::SetSupportedTargetsForTest(0);
    const std::int64_t all = hwy::SupportedTargets() & HWY_TARGETS;
    unsigned count = 0;
    for (std::int64_t left = all; left != 0; left &= left - 1, ++count) {
        const std::int64_t target = left & -left;
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        CAPTURE(hwy::TargetName(target));
        run();
    }
    CHECK(count > 0);
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

float normal(base::random_source& random) {
    return static_cast<float>(random.gaussian());
}

} // namespace

TEST_CASE("dsp/demod_kernels: mixing is that of the plain reference") {
    on_every_target([] {
        base::random_source random(1);
        for (const std::size_t count : {16U, 32U, 176U, 1360U}) {
            std::vector<base::cf32> samples(count);
            for (const float size : {0.0F, 1.0F, 3e-9F, 4e7F}) {
                float peak = 0.0F;
                for (base::cf32& sample : samples) {
                    sample = {size * normal(random), size * normal(random)};
                    peak = std::max(peak, std::abs(sample));
                }
                const float scale = peak > 0.0F ? 30'000.0F / peak : 1e22F;
                for (const double turn : {0.0, 0.013, -1.7, std::numbers::pi}) {
                    CHECK(test::mixes_rightly(samples, 12.3, turn, scale));
                }
                CHECK(test::mixes_rightly(samples, -4.0, 0.2, 4.0F * scale)); // too large
            }
        }
    });
}

TEST_CASE("dsp/demod_kernels: filtering is that of the plain reference") {
    on_every_target([] {
        base::random_source random(2);
        for (const std::size_t taps : {8U, 24U, 32U, 40U, 184U}) {
            std::vector<std::int16_t> pairs(2 * (taps + 200));
            alignas(64) static std::array<std::int16_t, std::size_t{2} * 64 * 6 * 184> bank;
            for (const bool extreme : {false, true}) {
                // The sum of a row's magnitudes stays below 2^16.
                const auto most = static_cast<std::int64_t>(65535 / taps);
                const auto draw = [&](std::int64_t size) {
                    const auto value = static_cast<std::int64_t>(
                        random.below(static_cast<std::uint32_t>(2 * size + 1)));
                    return static_cast<std::int16_t>(extreme ? (value & 1 ? size : -size)
                                                             : value - size);
                };
                std::ranges::generate(pairs, [&] { return draw(32'767); });
                std::ranges::generate(bank,
                                      [&] { return draw(std::min<std::int64_t>(most, 32'767)); });
                for (const double step : {0.5, 2.0, 2.00004, 2.5, 7.3}) {
                    for (const std::size_t count : {0U, 1U, 3U, 128U}) {
                        const auto fixed = [](double samples) {
                            return static_cast<std::uint64_t>(std::ldexp(samples, 38));
                        };
                        base::cf32 wanted;
                        dsp::filter_job job{.pairs = pairs.data(),
                                            .bank = bank.data(),
                                            .taps = taps,
                                            .bank_step = 4 * taps,
                                            .phases_log2 = 6,
                                            .last_start = pairs.size() / 2 - taps,
                                            .place = fixed(0.37 * step),
                                            .step = fixed(step),
                                            .count = count,
                                            .unit = 3e-7F,
                                            .value = nullptr,
                                            .slope = nullptr};
                        CHECK(test::filters_rightly(job, false));
                        job.slope = &wanted;
                        CHECK(test::filters_rightly(job, false));
                        job.bank_step = 6 * taps;
                        CHECK(test::filters_rightly(job, true));
                    }
                }
            }
        }
    });
}

TEST_CASE("dsp/demod_kernels: detectors are those of the plain reference") {
    on_every_target([] {
        base::random_source random(3);
        std::array<std::array<base::cf32, 64>, 3> symbols{};
        for (const auto kind :
             {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
            CAPTURE(static_cast<int>(kind));
            for (const float size : {0.0F, 0.1F, 1.0F, 30.0F}) {
                for (auto& each : symbols) {
                    for (base::cf32& value : each) {
                        value = {size * normal(random), size * normal(random)};
                    }
                }
                for (const float certainty : {0.3F, 2.0F, 20.0F}) {
                    for (const std::size_t count : {8U, 32U, 64U}) {
                        CHECK(test::detects_rightly(
                            kind, {symbols[0].data(), symbols[1].data(), count, certainty},
                            symbols[2].data()));
                    }
                }
            }
        }
    });
}
