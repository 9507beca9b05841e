// SPDX-License-Identifier: MIT
#include "dsp/fft.h"

#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace landfall::dsp {

using base::cf32;

namespace {

/// Real and imaginary parts apart, so that the loops below become vector code.
struct split {
    std::vector<float> re, im;

    explicit split(std::size_t size) : re(size), im(size) {}
};

/// exp(-2πj·k·p/n) for k = 1, 2, 3 and p below n/4.
struct twiddles {
    std::array<std::vector<float>, 3> re, im;

    explicit twiddles(std::size_t n) {
        for (std::size_t k = 0; k < 3; ++k) {
            for (std::size_t p = 0; p < n / 4; ++p) {
                const double turn = -2.0 * std::numbers::pi * static_cast<double>((k + 1) * p) /
                                    static_cast<double>(n);
                re[k].push_back(static_cast<float>(std::cos(turn)));
                im[k].push_back(static_cast<float>(std::sin(turn)));
            }
        }
    }
};

/// Four rows of a pass, a quarter of its data each.
template <class Float>
struct rows {
    Float *re0, *re1, *re2, *re3, *im0, *im1, *im2, *im3;

    rows(Float* re, Float* im, std::size_t step) noexcept
        : re0(re), re1(re + step), re2(re + 2 * step), re3(re + 3 * step), im0(im), im1(im + step),
          im2(im + 2 * step), im3(im + 3 * step) {}
};

/// A butterfly of four: sums and differences, in which the twiddles are not yet.
struct quad {
    float re0, im0, re1, im1, re2, im2, re3, im3;
};

inline quad butterfly(const rows<const float>& x, std::size_t i) noexcept {
    const float sum_ac_re = x.re0[i] + x.re2[i];
    const float sum_ac_im = x.im0[i] + x.im2[i];
    const float difference_ac_re = x.re0[i] - x.re2[i];
    const float difference_ac_im = x.im0[i] - x.im2[i];
    const float sum_bd_re = x.re1[i] + x.re3[i];
    const float sum_bd_im = x.im1[i] + x.im3[i];
    const float turned_bd_re = x.im1[i] - x.im3[i]; // -j (b - d)
    const float turned_bd_im = x.re3[i] - x.re1[i];
    return {sum_ac_re + sum_bd_re,           sum_ac_im + sum_bd_im,
            difference_ac_re + turned_bd_re, difference_ac_im + turned_bd_im,
            sum_ac_re - sum_bd_re,           sum_ac_im - sum_bd_im,
            difference_ac_re - turned_bd_re, difference_ac_im - turned_bd_im};
}

/// The first pass of Stockham's order (it sorts as it goes): neighbouring butterflies have
/// neighbouring twiddles.
void first_pass(std::size_t n, const twiddles& w, const split& x, split& y) noexcept {
    const std::size_t m = n / 4;
    const rows<const float> in(x.re.data(), x.im.data(), m);
    float* const __restrict out_re = y.re.data();
    float* const __restrict out_im = y.im.data();
    const float* const __restrict re1 = w.re[0].data();
    const float* const __restrict re2 = w.re[1].data();
    const float* const __restrict re3 = w.re[2].data();
    const float* const __restrict im1 = w.im[0].data();
    const float* const __restrict im2 = w.im[1].data();
    const float* const __restrict im3 = w.im[2].data();
    for (std::size_t p = 0; p < m; ++p) {
        const quad q = butterfly(in, p);
        out_re[4 * p] = q.re0;
        out_re[4 * p + 1] = re1[p] * q.re1 - im1[p] * q.im1;
        out_re[4 * p + 2] = re2[p] * q.re2 - im2[p] * q.im2;
        out_re[4 * p + 3] = re3[p] * q.re3 - im3[p] * q.im3;
        out_im[4 * p] = q.im0;
        out_im[4 * p + 1] = re1[p] * q.im1 + im1[p] * q.re1;
        out_im[4 * p + 2] = re2[p] * q.im2 + im2[p] * q.re2;
        out_im[4 * p + 3] = re3[p] * q.im3 + im3[p] * q.re3;
    }
}

/// A later one, on transforms of length `n` that lie `stride` apart: neighbouring butterflies have
/// the same twiddles.
void later_pass(std::size_t n, std::size_t stride, const twiddles& w, const split& x,
                split& y) noexcept {
    const std::size_t m = n / 4;
    for (std::size_t p = 0; p < m; ++p) {
        const rows<const float> in(x.re.data() + stride * p, x.im.data() + stride * p, stride * m);
        const rows<float> out(y.re.data() + stride * 4 * p, y.im.data() + stride * 4 * p, stride);
        const float re1 = w.re[0][p];
        const float re2 = w.re[1][p];
        const float re3 = w.re[2][p];
        const float im1 = w.im[0][p];
        const float im2 = w.im[1][p];
        const float im3 = w.im[2][p];
#ifndef __clang__
#pragma GCC ivdep // the two buffers are apart
#endif
        for (std::size_t i = 0; i < stride; ++i) {
            const quad q = butterfly(in, i);
            out.re0[i] = q.re0;
            out.im0[i] = q.im0;
            out.re1[i] = re1 * q.re1 - im1 * q.im1;
            out.im1[i] = re1 * q.im1 + im1 * q.re1;
            out.re2[i] = re2 * q.re2 - im2 * q.im2;
            out.im2[i] = re2 * q.im2 + im2 * q.re2;
            out.re3[i] = re3 * q.re3 - im3 * q.im3;
            out.im3[i] = re3 * q.im3 + im3 * q.re3;
        }
    }
}

/// Transforms of length 2.
void pairs_pass(std::size_t stride, const split& x, split& y) noexcept {
    for (std::size_t i = 0; i < stride; ++i) {
        y.re[i] = x.re[i] + x.re[i + stride];
        y.im[i] = x.im[i] + x.im[i + stride];
        y.re[i + stride] = x.re[i] - x.re[i + stride];
        y.im[i + stride] = x.im[i] - x.im[i + stride];
    }
}

} // namespace

struct fft::plan {
    plan(std::size_t points, fft_direction way)
        : size(points), direction(way), input(points), output(points), now(points), next(points) {
        assert(std::has_single_bit(points));
        for (std::size_t n = points; n >= 4; n /= 4) {
            passes.emplace_back(n);
        }
    }

    void run() noexcept {
        // The backward transform is the forward one of exchanged parts.
        const bool swapped = direction == fft_direction::backward;
        float* const in_re = swapped ? now.im.data() : now.re.data();
        float* const in_im = swapped ? now.re.data() : now.im.data();
        for (std::size_t i = 0; i < size; ++i) {
            in_re[i] = input[i].real();
            in_im[i] = input[i].imag();
        }
        std::size_t stride = 1;
        std::size_t n = size;
        for (const twiddles& w : passes) {
            stride == 1 ? first_pass(n, w, now, next) : later_pass(n, stride, w, now, next);
            std::swap(now, next);
            n /= 4;
            stride *= 4;
        }
        if (n == 2) {
            pairs_pass(stride, now, next);
            std::swap(now, next);
        }
        const float* const out_re = swapped ? now.im.data() : now.re.data();
        const float* const out_im = swapped ? now.re.data() : now.im.data();
        for (std::size_t i = 0; i < size; ++i) {
            output[i] = {out_re[i], out_im[i]};
        }
    }

    std::size_t size;
    fft_direction direction;
    std::vector<cf32> input;
    std::vector<cf32> output;
    split now, next;
    std::vector<twiddles> passes;
};

fft::fft(std::size_t size, fft_direction direction)
    : plan_(std::make_unique<plan>(size, direction)) {}
fft::~fft() = default;
fft::fft(fft&&) noexcept = default;
fft& fft::operator=(fft&&) noexcept = default;

std::span<cf32> fft::input() noexcept {
    return plan_->input;
}

std::span<const cf32> fft::run() noexcept {
    plan_->run();
    return plan_->output;
}

std::size_t next_power_of_two(std::size_t value) noexcept {
    return std::bit_ceil(value);
}

} // namespace landfall::dsp
