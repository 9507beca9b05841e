// SPDX-License-Identifier: MIT
// What the parts of the acquisition share.
#pragma once

#include "base/sample.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>
#include <span>

namespace landfall::dsp {

using cf64 = std::complex<double>;
inline constexpr double two_pi = 2.0 * std::numbers::pi;

/// exp(2πj·cycles).
inline cf64 turned(double cycles) {
    return std::polar(1.0, two_pi * cycles);
}

/// a·b; the standard's product looks after infinities, which makes it several times as slow.
template <class Complex>
Complex product(Complex a, Complex b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// A bin, negative ones counted from the end; `size` is a power of two.
inline std::size_t wrapped(std::ptrdiff_t bin, std::size_t size) {
    return static_cast<std::size_t>(bin) & (size - 1);
}

/// The maximum of a parabola through three equidistant values, as an offset from the middle one.
inline double peak_offset(double before, double at, double after) {
    const double curvature = before - 2.0 * at + after;
    return curvature < 0.0 ? std::clamp(0.5 * (before - after) / curvature, -0.5, 0.5) : 0.0;
}

/// Items · exp(-2πj r·i²/2), i counted from the middle: the turn from one to the next turns evenly.
inline void take_chirp_out(std::span<const base::cf32> items, double rate,
                           std::span<base::cf32> out) {
    const double middle = 0.5 * static_cast<double>(items.size());
    cf64 chirp = turned(-0.5 * rate * middle * middle);
    cf64 turn = turned(rate * (middle - 0.5));
    const cf64 more = turned(-rate);
    for (std::size_t k = 0; k < items.size(); ++k) {
        out[k] = product(items[k], base::cf32(chirp));
        chirp = product(chirp, turn);
        turn = product(turn, more);
    }
}

/// Sum of items · exp(-2πj(f·i + r·i²/2)), i counted from the middle.
inline cf64 correlate(std::span<const base::cf32> items, double frequency, double rate) {
    const double middle = 0.5 * static_cast<double>(items.size());
    cf64 sum{};
    for (std::size_t k = 0; k < items.size(); ++k) {
        const double i = static_cast<double>(k) - middle;
        sum += cf64(items[k]) * turned(-(frequency + 0.5 * rate * i) * i);
    }
    return sum;
}

} // namespace landfall::dsp
