// SPDX-License-Identifier: MIT
#include "dsp/fsk_trellis.h"

#include "dsp/frequency_pulse.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr double pi = std::numbers::pi;
constexpr unsigned fine_steps = 16; // per quarter of a symbol

float size_of(float re, float im) noexcept {
    return std::sqrt(re * re + im * im);
}

} // namespace

// A state is three bits, the latest being the lowest. Symbol k's waveform is that of the bits
// k - 1, k, k + 1: a Gaussian pulse of BT 0.3 and more hardly reaches further.
fsk_trellis::fsk_trellis(const waveform& wave, double memory)
    : memory_(static_cast<float>(memory)), turn_symbols_(2.0 * (1.0 / (1.0 - memory) - 0.5)),
      value_re_(most_symbols), value_im_(most_symbols), forward_(most_symbols + 1),
      backward_(most_symbols + 1) {
    const frequency_pulse pulse(wave);
    for (unsigned bits = 0; bits < states; ++bits) {
        const auto phase_at = [&](double time) { // from -0.5 to 0.5
            double turns = 0.0;
            for (int i = -1; i <= 1; ++i) {
                const double level = (bits >> (1 - i) & 1U) == 0 ? -1.0 : 1.0;
                turns += level * (pulse.area(time - i) - pulse.area(-0.5 - i));
            }
            return pi * wave.modulation_index * turns;
        };
        for (std::size_t quarter = 0; quarter < quarters; ++quarter) {
            std::complex<double> mean{};
            for (unsigned step = 0; step < fine_steps; ++step) {
                const double part = static_cast<double>(quarter) + (step + 0.5) / fine_steps;
                mean += std::polar(1.0 / fine_steps, phase_at(part / quarters - 0.5));
            }
            shape_[bits][quarter] = cf32(mean);
            const double begin = static_cast<double>(quarter) / quarters - 0.5;
            deviation_[bits][quarter] =
                static_cast<float>(quarters * (phase_at(begin + 1.0 / quarters) - phase_at(begin)));
        }
        turn_re_[bits] = static_cast<float>(std::cos(phase_at(0.5)));
        turn_im_[bits] = static_cast<float>(std::sin(phase_at(0.5)));
    }
}

void fsk_trellis::reset() noexcept {
    forward_[0] = {};
}

void fsk_trellis::correlate(std::span<const cf32> samples) noexcept {
    for (std::size_t k = 0; k < samples.size() / quarters; ++k) {
        row re{};
        row im{};
        for (std::size_t quarter = 0; quarter < quarters; ++quarter) {
            const cf32 z = samples[k * quarters + quarter];
            for (std::size_t s = 0; s < states; ++s) {
                const cf32 shape = shape_[s][quarter];
                re[s] += z.real() * shape.real() + z.imag() * shape.imag();
                im[s] += z.imag() * shape.real() - z.real() * shape.imag();
            }
        }
        value_re_[k] = re;
        value_im_[k] = im;
    }
}

/// From the paths before `symbol`, whose latest bit is that of `symbol`, to those behind it.
void fsk_trellis::forward(const paths& before, std::size_t symbol, paths& after) const noexcept {
    const row& value_re = value_re_[symbol];
    const row& value_im = value_im_[symbol];
    for (std::size_t s = 0; s < states; ++s) {
        const std::size_t one = s >> 1U;
        const std::size_t other = one + states / 2;
        const float re1 = memory_ * before.re[one];
        const float im1 = memory_ * before.im[one];
        const float re2 = memory_ * before.re[other];
        const float im2 = memory_ * before.im[other];
        const float metric1 =
            before.metric[one] - size_of(re1, im1) + size_of(re1 + value_re[s], im1 + value_im[s]);
        const float metric2 = before.metric[other] - size_of(re2, im2) +
                              size_of(re2 + value_re[s], im2 + value_im[s]);
        const bool second = metric2 > metric1;
        const float re = (second ? re2 : re1) + value_re[s];
        const float im = (second ? im2 : im1) + value_im[s];
        after.metric[s] = second ? metric2 : metric1;
        after.re[s] = re * turn_re_[s] - im * turn_im_[s];
        after.im[s] = re * turn_im_[s] + im * turn_re_[s];
    }
    const float best = *std::max_element(after.metric.begin(), after.metric.end());
    for (float& metric : after.metric) {
        metric -= best;
    }
}

/// The same against time: from the paths behind `symbol` to those before it.
void fsk_trellis::backward(const paths& after, std::size_t symbol, paths& before) const noexcept {
    const row& value_re = value_re_[symbol];
    const row& value_im = value_im_[symbol];
    for (std::size_t s = 0; s < states; ++s) {
        const std::size_t one = s * 2 % states;
        const std::size_t other = one + 1;
        const auto turned = [&](std::size_t from, float& re, float& im) {
            re = memory_ * (after.re[from] * turn_re_[s] + after.im[from] * turn_im_[s]);
            im = memory_ * (after.im[from] * turn_re_[s] - after.re[from] * turn_im_[s]);
        };
        float re1 = 0;
        float im1 = 0;
        float re2 = 0;
        float im2 = 0;
        turned(one, re1, im1);
        turned(other, re2, im2);
        const float metric1 =
            after.metric[one] - size_of(re1, im1) + size_of(re1 + value_re[s], im1 + value_im[s]);
        const float metric2 =
            after.metric[other] - size_of(re2, im2) + size_of(re2 + value_re[s], im2 + value_im[s]);
        const bool second = metric2 > metric1;
        before.metric[s] = second ? metric2 : metric1;
        before.re[s] = (second ? re2 : re1) + value_re[s];
        before.im[s] = (second ? im2 : im1) + value_im[s];
    }
    const float best = *std::max_element(before.metric.begin(), before.metric.end());
    for (float& metric : before.metric) {
        metric -= best;
    }
}

void fsk_trellis::add_errors(std::span<const cf32> symbol, std::size_t pattern, cf32 reference,
                             fsk_block& seen) const noexcept {
    const float length = std::max(std::abs(reference), 1e-20F);
    const cf32 unit = reference / length;
    float aligned = 0;
    float late = 0;
    float slope = 0;
    for (std::size_t quarter = 0; quarter < quarters; ++quarter) {
        const cf32 z = symbol[quarter] * std::conj(shape_[pattern][quarter] * unit);
        const float deviation = deviation_[pattern][quarter];
        aligned += z.real();
        late -= deviation * z.imag();
        slope += deviation * deviation * z.real();
        seen.power += static_cast<double>(std::norm(symbol[quarter])) / quarters;
    }
    seen.amplitude += static_cast<double>(aligned) / quarters;
    seen.timing += static_cast<double>(late);
    seen.timing_slope += static_cast<double>(slope);
    seen.reference += static_cast<double>(length);
}

fsk_block fsk_trellis::detect(std::span<const cf32> samples, std::span<float> soft) noexcept {
    const std::size_t all = samples.size() / quarters;
    const std::size_t count = soft.size();
    assert(all <= most_symbols && count <= all && count > 0);
    correlate(samples);
    for (std::size_t k = 0; k < count; ++k) {
        forward(forward_[k], k, forward_[k + 1]);
    }
    backward_[all] = {};
    for (std::size_t k = all; k-- > 0;) {
        backward(backward_[k + 1], k, backward_[k]);
    }
    fsk_block seen;
    for (std::size_t k = 0; k < count; ++k) {
        const paths& past = forward_[k];
        const paths& future = backward_[k];
        std::array<float, 2> best{-1e30F, -1e30F};
        std::array<std::array<std::size_t, 2>, 2> winner{};
        for (std::size_t s = 0; s < states; ++s) {
            for (std::size_t next = s * 2 % states; next <= s * 2 % states + 1; ++next) {
                const float metric =
                    past.metric[s] + future.metric[next] - size_of(past.re[s], past.im[s]) -
                    size_of(future.re[next], future.im[next]) +
                    size_of(past.re[s] + future.re[next], past.im[s] + future.im[next]);
                if (metric > best[s % 2]) {
                    best[s % 2] = metric;
                    winner[s % 2] = {s, next};
                }
            }
        }
        soft[k] = best[0] - best[1];
        const std::size_t bit = soft[k] < 0 ? 1 : 0;
        const auto [s, next] = winner[bit];
        const cf32 before(past.re[s], past.im[s]);
        const cf32 behind(future.re[next], future.im[next]);
        add_errors(samples.subspan(k * quarters, quarters), next, before + behind, seen);
        seen.turn += std::complex<double>(behind * std::conj(before));
        ++seen.patterns[next];
    }
    seen.amplitude /= static_cast<double>(count);
    seen.power /= static_cast<double>(count);
    forward_[0] = forward_[count];
    return seen;
}

} // namespace landfall::dsp
