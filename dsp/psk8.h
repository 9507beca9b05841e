// SPDX-License-Identifier: MIT
// 8PSK: Gray-coded points, soft decisions and soft bits. Point k lies at 22.5° + 45°·k and carries
// the bits of k XOR k/2: the first is set below the real axis, the second left of the imaginary
// one, the third near the imaginary one.
#pragma once

#include "base/sample.h"
#include "dsp/demod_kernels.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::dsp {

inline constexpr float psk8_far = 1.306563F;  ///< the larger coordinate of a point, radius √2
inline constexpr float psk8_near = 0.541196F; ///< the smaller

/// The point of three bits.
[[nodiscard]] base::cf32 psk8_point(unsigned first, unsigned second, unsigned third) noexcept;

/// As the other detectors: decisions are the expected points, and the lock detector's wanted sum is
/// -Re y^8 / |y|^6, which is |y|² on the points.
detector_sums detect_psk8(const detector_input& in, std::int8_t* soft) noexcept;

/// Three soft bits of each symbol of radius √2: the greatest likelihoods' logarithms compared, but
/// for a factor. The mean size is soft_amplitude.
void psk8_soft(std::span<const base::cf32> points, std::int8_t* soft) noexcept;

} // namespace landfall::dsp
