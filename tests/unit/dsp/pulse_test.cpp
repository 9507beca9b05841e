// SPDX-License-Identifier: MIT
#include "dsp/pulse.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

using namespace landfall;

namespace {

/// The root-raised cosine in closed form, unit peak.
double closed_form(double t, double a) {
    constexpr double pi = std::numbers::pi;
    const double peak = 1.0 - a + 4.0 * a / pi;
    if (std::abs(t) < 1e-9) {
        return 1.0;
    }
    if (std::abs(std::abs(4.0 * a * t) - 1.0) < 1e-6) {
        return a / std::sqrt(2.0) *
               ((1.0 + 2.0 / pi) * std::sin(pi / (4.0 * a)) +
                (1.0 - 2.0 / pi) * std::cos(pi / (4.0 * a))) /
               peak;
    }
    const double x = 4.0 * a * t;
    return (std::sin(pi * t * (1.0 - a)) + x * std::cos(pi * t * (1.0 + a))) /
           (pi * t * (1.0 - x * x)) / peak;
}

} // namespace

TEST_CASE("dsp/pulse: the pulse is the root-raised cosine in closed form") {
    for (const double roll_off : {0.2, 0.25, 0.35, 0.5, 0.6}) {
        const dsp::pulse shape(roll_off);
        for (double t = -7.99; t < 7.99; t += 0.0137) {
            // Around its 0/0 liquid takes the limit.
            const double near = std::abs(std::abs(4.0 * roll_off * t) - 1.0) < 0.01 ? 1e-3 : 1e-4;
            CHECK(shape.at(t) == doctest::Approx(closed_form(t, roll_off)).scale(1).epsilon(near));
        }
        CHECK(shape.at(8.01) == 0.0);
        CHECK(shape.at(-8.01) == 0.0);
    }
}

TEST_CASE("dsp/pulse: the slope is the pulse's derivative") {
    const dsp::pulse shape(0.35);
    for (double t = -7.5; t < 7.5; t += 0.113) {
        if (std::abs(std::abs(4.0 * 0.35 * t) - 1.0) < 0.02) {
            continue;
        }
        const double step = 1e-5;
        const double wanted =
            (closed_form(t + step, 0.35) - closed_form(t - step, 0.35)) / (2.0 * step);
        CHECK(shape.slope_at(t) == doctest::Approx(wanted).scale(1).epsilon(2e-3));
    }
}

TEST_CASE("dsp/pulse: two pulses in cascade cross zero at every other symbol") {
    for (const double roll_off : {0.2, 0.35, 0.5, 0.6}) {
        const dsp::pulse shape(roll_off);
        const auto cascade = [&](int symbols) {
            double sum = 0.0;
            for (double t = -8.0; t <= 8.0; t += 1.0 / 256) {
                sum += shape.at(t) * shape.at(static_cast<double>(symbols) - t);
            }
            return sum;
        };
        const double peak = cascade(0);
        double interference = 0.0;
        for (int k = 1; k < 16; ++k) {
            interference += 2.0 * std::pow(cascade(k) / peak, 2);
        }
        MESSAGE("roll-off " << roll_off << ": " << 10.0 * std::log10(interference) << " dB");
        // What the cut at ± 8 symbols leaves.
        CHECK(10.0 * std::log10(interference) < (roll_off < 0.3 ? -38.0 : -47.0));
    }
}

TEST_CASE("dsp/pulse: the bank holds the pulse and its slope at every fraction of a sample") {
    for (const double ratio : {2.0, 2.5, 7.3, 16.0}) {
        const dsp::pulse shape(0.35);
        const dsp::pulse_bank bank(0.35, ratio, 5, true);
        CHECK(bank.taps() % 8 == 0);
        CHECK(static_cast<double>(bank.taps()) >= 11.5 * ratio);
        const auto unit = static_cast<double>(bank.unit());
        for (std::size_t phase = 0; phase < bank.phases(); ++phase) {
            long sum = 0;
            long slope_sum = 0;
            for (std::size_t tap = 0; tap < bank.taps(); ++tap) {
                const double symbols = (static_cast<double>(tap) - bank.lead() -
                                        static_cast<double>(phase) / bank.phases()) /
                                       ratio;
                for (const std::size_t rail : {0U, 1U}) {
                    const bool used = tap + 1 < bank.taps();
                    // Of the row that begins with a pair's first sample, and with its second.
                    const std::size_t place = tap / 2 * 4 + rail * 2 + tap % 2;
                    const std::size_t next = (tap + 1) / 2 * 4 + rail * 2 + (tap + 1) % 2;
                    const auto check = [&](const std::int16_t* row, const std::int16_t* odd,
                                           double wanted) {
                        const int value = row[place];
                        CHECK(std::abs(unit * value - (used ? wanted : 0.0)) <= 0.501 * unit);
                        if (used) {
                            CHECK(odd[next] == value);
                        }
                        return std::abs(value);
                    };
                    const double later = rail == 0 ? symbols : symbols - 0.5;
                    const int value = check(bank.row(phase, false), bank.row(phase, true),
                                            shape.at(symbols) / ratio);
                    const int slope =
                        check(bank.slope_row(phase, false), bank.slope_row(phase, true),
                              -shape.slope_at(later) / ratio / ratio);
                    check(bank.late_row(phase, false), bank.late_row(phase, true),
                          shape.at(symbols - 0.5) / ratio);
                    sum += rail == 0 ? value : 0;
                    slope_sum += rail == 0 ? slope : 0;
                }
            }
            CHECK(bank.row(phase, true)[0] == 0);
            CHECK(std::max(sum, slope_sum) < 65536);
            CHECK(std::max(sum, slope_sum) > 32768); // nor is precision thrown away
        }
    }
}
