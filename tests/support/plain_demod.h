// SPDX-License-Identifier: MIT
// The demodulator's kernels, plainly; and whether the kernels do the same.
#pragma once

#include "dsp/demod_kernels.h"
#include "dsp/receiver.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::test {

inline bool mixes_rightly(std::span<const base::cf32> samples, double phase, double turn,
                          float scale) {
    std::vector<std::int16_t> i(samples.size());
    std::vector<std::int16_t> q(samples.size());
    const float peak =
        dsp::mix_down(samples.data(), samples.size(), phase, turn, scale, i.data(), q.data());
    double largest = 0.0;
    for (const base::cf32 sample : samples) {
        largest = std::max(largest, std::abs(std::complex<double>(sample)));
    }
    bool right = std::abs(static_cast<double>(peak) - largest) <= 1e-6 * largest;
    if (largest * static_cast<double>(scale) > 32767.0) {
        return right; // the caller's peak says so
    }
    for (std::size_t n = 0; n < samples.size(); ++n) {
        const auto exact =
            std::complex<double>(samples[n]) *
            std::polar(static_cast<double>(scale), -(phase + turn * static_cast<double>(n)));
        right =
            right && std::abs(exact.real() - i[n]) <= 0.6 && std::abs(exact.imag() - q[n]) <= 0.6;
    }
    return right;
}

/// `last_start` of the job is at most the rails' length less the taps; its outputs are ours.
inline bool filters_rightly(dsp::filter_job job, dsp::slopes wanted) {
    std::vector<base::cf32> value(job.count);
    std::vector<base::cf32> slope(job.count);
    job.value = value.data();
    job.slope = slope.data();
    dsp::filter_symbols(job, wanted);
    const auto dot = [&](const std::int16_t* samples, const std::int16_t* taps, bool is_wanted) {
        std::int64_t sum = 0;
        for (std::size_t tap = 0; tap < job.taps; ++tap) {
            sum += std::int64_t{samples[tap]} * taps[tap];
        }
        return is_wanted ? static_cast<float>(sum) * job.unit : 0.0F;
    };
    const bool i = wanted == dsp::slopes::both || wanted == dsp::slopes::i_only;
    const bool q = wanted == dsp::slopes::both || wanted == dsp::slopes::q_only;
    for (std::size_t k = 0; k < job.count; ++k) {
        const std::uint64_t fine = (job.place + k * job.step) >> 32U;
        const std::size_t start = std::min<std::size_t>(fine >> job.phases_log2, job.last_start);
        const std::size_t phase = fine & ((1U << job.phases_log2) - 1U);
        const std::int16_t* row = job.bank + phase * job.bank_step;
        if (value[k] != base::cf32{dot(job.i + start, row, true), dot(job.q + start, row, true)} ||
            slope[k] != base::cf32{dot(job.i + start, row + job.taps, i),
                                   dot(job.q + start, row + job.taps, q)}) {
            return false;
        }
    }
    return true;
}

/// As the ordinary filter, twice: with the taps that follow. The bank has four rows a phase.
inline bool filters_staggered_rightly(dsp::filter_job job) {
    std::array<std::vector<base::cf32>, 6> out;
    for (auto& each : out) {
        each.resize(job.count);
    }
    const auto run = [&](std::size_t value, std::size_t slope, std::size_t skipped) {
        dsp::filter_job other = job;
        other.bank += skipped;
        other.value = out[value].data();
        other.slope = out[slope].data();
        dsp::filter_symbols(other, dsp::slopes::both);
    };
    run(0, 1, 0);
    run(2, 3, 2 * job.taps);
    job.value = out[4].data();
    job.slope = out[5].data();
    std::vector<base::cf32> late(job.count);
    dsp::filter_staggered(job, late.data());
    bool right = out[4] == out[0] && late == out[2];
    for (std::size_t k = 0; k < job.count; ++k) {
        right = right && out[5][k] == base::cf32{out[1][k].real(), out[3][k].imag()};
    }
    return right;
}

struct plain_sums {
    double amplitude = 0, power = 0, timing = 0, slope_loss = 0, phase = 0, turn_loss = 0;
    double lock_wanted = 0, lock_power = 0, error = 0;
};

/// tanh as the kernels have it.
inline double plain_soft_sign(double x) {
    const double c = std::clamp(x, -3.64673, 3.64673);
    const double s = c * c;
    return c * (945 + s * (105 + s)) / (945 + s * (420 + 15 * s));
}

inline double plain_rail(plain_sums& sums, double value, double slope, double across,
                         double certainty) {
    const double decision = plain_soft_sign(certainty * value);
    const double doubt = 1 - decision * decision;
    sums.amplitude += decision * value;
    sums.power += value * value;
    sums.timing += decision * slope;
    sums.slope_loss += doubt * slope * slope;
    sums.turn_loss += doubt * across * across;
    sums.error += std::pow(std::abs(value) - 1, 2);
    return decision;
}

inline bool is_near(float got, double wanted, double size) {
    return std::abs(static_cast<double>(got) - wanted) <= 2e-5 * size + 1e-30;
}

/// `late` is OQPSK's.
inline bool detects_rightly(dsp::modulation kind, const dsp::detector_input& early,
                            const base::cf32* late) {
    const std::size_t bits = dsp::bits_per_symbol(kind);
    std::vector<std::int8_t> soft(bits * early.count);
    std::vector<base::cf32> points(early.count);
    const bool staggered = kind == dsp::modulation::oqpsk;
    const dsp::detector_sums got = kind == dsp::modulation::bpsk
                                       ? dsp::detect_bpsk(early, soft.data())
                                   : kind == dsp::modulation::qpsk
                                       ? dsp::detect_qpsk(early, soft.data())
                                       : dsp::detect_oqpsk(early, late, soft.data(), points.data());
    plain_sums sums;
    double size = 0.0; // of what was added up
    bool right = true;
    const auto check_soft = [&](std::int8_t bit, double value) {
        const double exact = std::clamp(36.0 * value, -127.0, 127.0);
        right = right && std::abs(bit - exact) <= 0.501;
    };
    const auto certainty = static_cast<double>(early.certainty);
    for (std::size_t k = 0; k < early.count; ++k) {
        const std::complex<double> a(early.value[k]);
        const std::complex<double> b(staggered ? late[k] : early.value[k]);
        const std::complex<double> slope(early.slope[k]);
        const double i = plain_rail(sums, a.real(), slope.real(), a.imag(), certainty);
        sums.phase += i * a.imag();
        check_soft(soft[bits * k], a.real());
        const double i2 = a.real() * a.real();
        const double q2 = b.imag() * b.imag();
        size += 1 + std::norm(a) + std::norm(b) + std::norm(slope) +
                (staggered ? i2 * i2 + q2 * q2 : 0.0);
        if (kind == dsp::modulation::bpsk) {
            sums.lock_wanted += i2 - q2;
            sums.lock_power += i2 + q2;
            sums.error += q2;
            continue;
        }
        const double q = plain_rail(sums, b.imag(), slope.imag(), b.real(), certainty);
        sums.phase -= q * b.real();
        check_soft(soft[bits * k + 1], b.imag());
        sums.lock_power += i2 + q2;
        if (staggered) {
            sums.lock_wanted += i2 * i2 + q2 * q2;
            right = right && points[k] == base::cf32{early.value[k].real(), late[k].imag()};
        } else if (i2 + q2 > 1e-25) {
            sums.lock_wanted += (4 * i2 * q2 - std::pow(i2 - q2, 2)) / (i2 + q2);
        }
    }
    return right && is_near(got.amplitude, sums.amplitude, size) &&
           is_near(got.turn_gain, sums.amplitude, size) && is_near(got.power, sums.power, size) &&
           is_near(got.timing, sums.timing, size) &&
           is_near(got.slope_loss, sums.slope_loss, size) && is_near(got.phase, sums.phase, size) &&
           is_near(got.turn_loss, sums.turn_loss, size) &&
           is_near(got.lock_wanted, sums.lock_wanted, size) &&
           is_near(got.lock_power, sums.lock_power, size) && is_near(got.error, sums.error, size);
}

} // namespace landfall::test
