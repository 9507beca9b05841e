// SPDX-License-Identifier: MIT
#include "dsp/fft.h"

#include <liquid/liquid.h>

#include <bit>
#include <complex>

namespace landfall::dsp {

struct fft::plan {
    plan(std::size_t size, fft_direction direction)
        : input(size), output(size),
          handle(fft_create_plan(
              static_cast<unsigned>(size), input.data(), output.data(),
              direction == fft_direction::forward ? LIQUID_FFT_FORWARD : LIQUID_FFT_BACKWARD, 0)) {}
    ~plan() { fft_destroy_plan(handle); }
    plan(const plan&) = delete;
    plan& operator=(const plan&) = delete;

    std::vector<base::cf32> input;
    std::vector<base::cf32> output;
    fftplan handle;
};

fft::fft(std::size_t size, fft_direction direction)
    : plan_(std::make_unique<plan>(size, direction)) {}
fft::~fft() = default;
fft::fft(fft&&) noexcept = default;
fft& fft::operator=(fft&&) noexcept = default;

std::span<base::cf32> fft::input() noexcept {
    return plan_->input;
}

std::span<const base::cf32> fft::run() noexcept {
    fft_execute(plan_->handle);
    return plan_->output;
}

std::size_t next_power_of_two(std::size_t value) noexcept {
    return std::bit_ceil(value);
}

} // namespace landfall::dsp
