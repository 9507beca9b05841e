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
    std::vector<std::int16_t> pairs(2 * samples.size());
    const float power =
        dsp::mix_down(samples.data(), samples.size(), phase, turn, scale, pairs.data());
    double largest = 0.0;
    for (const base::cf32 sample : samples) {
        largest = std::max(largest, std::abs(std::complex<double>(sample)));
    }
    bool right = std::abs(std::sqrt(static_cast<double>(power)) - largest) <= 1e-6 * largest;
    if (largest * static_cast<double>(scale) > 32767.0) {
        return right; // the caller's peak says so
    }
    for (std::size_t n = 0; n < samples.size(); ++n) {
        const auto exact =
            std::complex<double>(samples[n]) *
            std::polar(static_cast<double>(scale), -(phase + turn * static_cast<double>(n)));
        const std::int16_t* pair = &pairs[n / 2 * 4];
        right = right && std::abs(exact.real() - pair[n % 2]) <= 0.6 &&
                std::abs(exact.imag() - pair[2 + n % 2]) <= 0.6;
    }
    return right;
}

/// `last_start` of the job is at most the samples' number less the taps; its outputs are ours. The
/// bank has values and slopes, and late values if `staggered`.
inline bool filters_rightly(dsp::filter_job job, bool staggered) {
    const base::cf32 untouched{-7.0F, 7.0F};
    std::array<std::vector<base::cf32>, 3> out;
    for (auto& each : out) {
        each.assign(job.count, untouched);
    }
    const bool sloped = job.slope != nullptr;
    job.value = out[0].data();
    job.slope = sloped ? out[1].data() : nullptr;
    if (staggered) {
        dsp::filter_staggered(job, out[2].data());
    } else {
        dsp::filter_symbols(job);
    }
    for (std::size_t k = 0; k < job.count; ++k) {
        const std::uint64_t fine = (job.place + k * job.step) >> 32U;
        const std::size_t start = fine >> job.phases_log2;
        const std::size_t phases = std::size_t{1} << job.phases_log2;
        const std::int16_t* row = job.bank + (fine % phases + start % 2 * phases) * job.bank_step;
        const std::int16_t* samples = job.pairs + start / 2 * 4;
        for (std::size_t r = 0; r < out.size(); ++r, row += 2 * job.taps) {
            std::int64_t sums[2]{};
            const bool wanted =
                start <= job.last_start && (r != 1 || sloped) && (r != 2 || staggered);
            for (std::size_t at = 0; wanted && at < 2 * job.taps; ++at) {
                sums[at / 2 % 2] += std::int64_t{samples[at]} * row[at];
            }
            const base::cf32 sum{static_cast<float>(sums[0]) * job.unit,
                                 static_cast<float>(sums[1]) * job.unit};
            if (out[r][k] != (wanted ? sum : untouched)) {
                return false;
            }
        }
    }
    return true;
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
