// SPDX-License-Identifier: MIT
// Discrete Fourier transforms (Stockham's, radix 4). The search for a carrier is made of them.
#pragma once

#include "base/sample.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace landfall::dsp {

enum class fft_direction : bool { forward, backward };

/// A transform of one size; the backward one is not scaled.
class fft {
  public:
    /// `size`: points, a power of two.
    fft(std::size_t size, fft_direction direction);
    ~fft();
    fft(fft&&) noexcept;
    fft& operator=(fft&&) noexcept;

    /// The points to transform: fill all of them, then call run().
    [[nodiscard]] std::span<base::cf32> input() noexcept;
    /// Transforms input() and returns `size` points, valid until the next call.
    std::span<const base::cf32> run() noexcept;

  private:
    struct plan;
    std::unique_ptr<plan> plan_;
};

/// The smallest power of two that is not less than `value`.
[[nodiscard]] std::size_t next_power_of_two(std::size_t value) noexcept;

} // namespace landfall::dsp
