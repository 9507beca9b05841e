// SPDX-License-Identifier: MIT
// The root-raised-cosine pulse, and its samples at any fraction of a sample.
#pragma once

#include <cstddef>
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

/// Polyphase samples of the pulse and of its derivative, for dot products with interleaved I and Q:
/// every tap stands twice, and a phase's row is padded with zeros to a multiple of 8 floats.
class pulse_bank {
  public:
    pulse_bank(double roll_off, double samples_per_symbol, unsigned phases);

    /// Rows of `row_floats()` values; tap j of phase p belongs to the sample that lies
    /// j - reach() - p / phases() samples from the pulse's centre.
    [[nodiscard]] const float* row(std::size_t phase) const noexcept {
        return &values_[phase * row_floats_];
    }
    /// The same for the derivative with respect to the centre's position, per sample.
    [[nodiscard]] const float* slope_row(std::size_t phase) const noexcept {
        return &slopes_[phase * row_floats_];
    }
    [[nodiscard]] std::size_t row_floats() const noexcept { return row_floats_; }
    [[nodiscard]] std::size_t reach() const noexcept { return reach_; }
    [[nodiscard]] unsigned phases() const noexcept { return phases_; }

  private:
    unsigned phases_;
    std::size_t reach_;
    std::size_t row_floats_;
    std::vector<float> values_;
    std::vector<float> slopes_;
};

} // namespace landfall::dsp
