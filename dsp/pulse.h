// SPDX-License-Identifier: MIT
// The root-raised-cosine pulse, and its samples at any fraction of a sample.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::dsp {

inline constexpr unsigned pulse_span_symbols = 8; ///< the pulse is cut at ± this

/// A root-raised-cosine pulse of unit peak, designed by liquid-dsp.
class pulse {
  public:
    explicit pulse(double roll_off);
    /// The pulse at `time_symbols` from its centre; zero beyond ± pulse_span_symbols.
    [[nodiscard]] double at(double time_symbols) const noexcept;
    /// Its derivative, per symbol.
    [[nodiscard]] double slope_at(double time_symbols) const noexcept;

  private:
    std::vector<float> table_;
};

/// Polyphase samples of the pulse and of its derivative, as integers of 16 bits: a phase's sum of
/// magnitudes is below 2^16, so that the sum of products with 16-bit samples fits into 32 bits.
class pulse_bank {
  public:
    /// `staggered`: with rows for instants half a symbol later, from the same samples.
    pulse_bank(double roll_off, double samples_per_symbol, unsigned phases_log2, bool staggered);

    /// `taps()` values, in units of unit(); tap j of phase p belongs to the sample that lies
    /// j - reach() - p / phases() samples from the pulse's centre.
    [[nodiscard]] const std::int16_t* row(std::size_t phase) const noexcept {
        return &lines_[0].values[phase * step()];
    }
    /// The same for the derivative with respect to the centre's position, per sample. It follows
    /// the pulse's taps of the same phase.
    [[nodiscard]] const std::int16_t* slope_row(std::size_t phase) const noexcept {
        return row(phase) + taps_;
    }
    /// Half a symbol later, and its derivative, follow these if `staggered`.
    [[nodiscard]] const std::int16_t* late_row(std::size_t phase) const noexcept {
        return row(phase) + 2 * taps_;
    }
    /// From phase to phase.
    [[nodiscard]] std::size_t step() const noexcept { return rows_ * taps_; }
    [[nodiscard]] float unit() const noexcept { return unit_; }
    [[nodiscard]] std::size_t taps() const noexcept { return taps_; } ///< a multiple of 16
    [[nodiscard]] std::size_t reach() const noexcept { return taps_ / 2 - 1; }
    [[nodiscard]] unsigned phases() const noexcept { return 1U << phases_log2_; }
    [[nodiscard]] unsigned phases_log2() const noexcept { return phases_log2_; }

  private:
    /// Aligned, so that no vector of taps is spread over two.
    struct alignas(64) line {
        std::int16_t values[32];
    };

    unsigned phases_log2_;
    std::size_t taps_;
    std::size_t rows_; ///< of a phase
    float unit_ = 1.0F;
    std::vector<line> lines_;
};

} // namespace landfall::dsp
