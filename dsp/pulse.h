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
///
/// They are laid out for samples that lie in pairs, `I I Q Q`: what belongs to a pair is there
/// twice. A window begins with a whole pair; of one that is to begin with the pair's second sample
/// (`odd`) the first tap is zero, else the last.
class pulse_bank {
  public:
    /// `staggered`: for OQPSK, whose Q rail is sent half a symbol later. The slopes that belong to
    /// Q are those then, and values half a symbol later follow, from the same samples.
    pulse_bank(double roll_off, double samples_per_symbol, unsigned phases_log2, bool staggered);

    /// The pulse's 2 · taps() values, in units of unit(). Tap j belongs to the sample that lies
    /// j - lead() - phase / phases() samples from the pulse's centre, of an odd row tap j + 1.
    [[nodiscard]] const std::int16_t* row(std::size_t phase, bool odd) const noexcept {
        return &lines_[0].values[(phase + (odd ? phases() : 0)) * step()];
    }
    /// The same for the derivative with respect to the centre's position, per sample.
    [[nodiscard]] const std::int16_t* slope_row(std::size_t phase, bool odd) const noexcept {
        return row(phase, odd) + 2 * taps_;
    }
    /// For instants half a symbol later, if `staggered`.
    [[nodiscard]] const std::int16_t* late_row(std::size_t phase, bool odd) const noexcept {
        return row(phase, odd) + 4 * taps_;
    }
    /// From phase to phase. The odd ones follow the others.
    [[nodiscard]] std::size_t step() const noexcept { return rows_ * 2 * taps_; }
    [[nodiscard]] float unit() const noexcept { return unit_; }
    [[nodiscard]] std::size_t taps() const noexcept { return taps_; } ///< a multiple of 8
    /// Samples from a window's first to the pulse's centre, less the phase; of an even row.
    [[nodiscard]] double lead() const noexcept { return lead_; }
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
    double lead_;
    float unit_ = 1.0F;
    std::vector<line> lines_;
};

} // namespace landfall::dsp
