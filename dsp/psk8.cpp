// SPDX-License-Identifier: MIT
#include "dsp/psk8.h"

#include <algorithm>
#include <array>

namespace landfall::dsp {
namespace {

using base::cf32;

// Of a point's three soft bits of radius √2 the mean size is 0.747: soft_amplitude over that.
constexpr float soft_scale = 48.2F;
constexpr float inner_slope = 0.765367F; // 2 sin 22.5°
constexpr float outer_slope = 0.541196F; // cos 22.5° - sin 22.5°

constexpr std::array<cf32, 8> points{{{psk8_far, psk8_near},
                                      {psk8_near, psk8_far},
                                      {-psk8_near, psk8_far},
                                      {-psk8_far, psk8_near},
                                      {-psk8_far, -psk8_near},
                                      {-psk8_near, -psk8_far},
                                      {psk8_near, -psk8_far},
                                      {psk8_far, -psk8_near}}};

std::int8_t soft_bit(float value) noexcept {
    return static_cast<std::int8_t>(std::lrint(std::clamp(soft_scale * value, -127.0F, 127.0F)));
}

} // namespace

cf32 psk8_point(unsigned first, unsigned second, unsigned third) noexcept {
    const float x = third == 0 ? psk8_far : psk8_near;
    const float y = third == 0 ? psk8_near : psk8_far;
    return {second == 0 ? x : -x, first == 0 ? y : -y};
}

detector_sums detect_psk8(const detector_input& in, std::int8_t* soft) noexcept {
    detector_sums sums;
    for (std::size_t k = 0; k < in.count; ++k) {
        const cf32 y = in.value[k];
        const cf32 dy = in.slope[k];
        std::array<float, points.size()> along{};
        std::array<float, points.size()> across{};
        std::array<float, points.size()> slope{};
        float most = -1e30F;
        for (std::size_t p = 0; p < points.size(); ++p) {
            along[p] = y.real() * points[p].real() + y.imag() * points[p].imag();
            across[p] = y.imag() * points[p].real() - y.real() * points[p].imag();
            slope[p] = dy.real() * points[p].real() + dy.imag() * points[p].imag();
            most = std::max(most, along[p]);
        }
        float weights = 0, gain = 0, turn = 0, turn2 = 0, late = 0, late2 = 0;
        for (std::size_t p = 0; p < points.size(); ++p) {
            const float weight = std::exp(in.certainty * (along[p] - most));
            weights += weight;
            gain += weight * along[p];
            turn += weight * across[p];
            turn2 += weight * across[p] * across[p];
            late += weight * slope[p];
            late2 += weight * slope[p] * slope[p];
        }
        const float share = 1.0F / weights;
        turn *= share;
        late *= share;
        sums.phase += turn;
        sums.turn_gain += share * gain;
        sums.turn_loss += share * turn2 - turn * turn;
        sums.timing += late;
        sums.slope_loss += share * late2 - late * late;
        const float power = std::norm(y);
        sums.power += power;
        sums.error += power - 2.0F * most + 2.0F;
        const cf32 z2 = y * y;
        const cf32 z4 = z2 * z2;
        const cf32 z8 = z4 * z4;
        sums.lock_wanted += power > 1e-12F ? -z8.real() / (power * power * power) : 0.0F;
    }
    sums.amplitude = sums.turn_gain;
    sums.lock_power = sums.power;
    psk8_soft({in.value, in.count}, soft);
    return sums;
}

void psk8_soft(std::span<const cf32> received, std::int8_t* soft) noexcept {
    for (const cf32 z : received) {
        const float x = std::abs(z.real());
        const float y = std::abs(z.imag());
        const float first = inner_slope * y + outer_slope * std::max(y - x, 0.0F);
        const float second = inner_slope * x + outer_slope * std::max(x - y, 0.0F);
        *soft++ = soft_bit(std::copysign(first, z.imag()));
        *soft++ = soft_bit(std::copysign(second, z.real()));
        *soft++ = soft_bit(outer_slope * (x - y));
    }
}

} // namespace landfall::dsp
