// SPDX-License-Identifier: MIT
// Detection of FSK and GMSK without a carrier loop: every path of bits carries its own estimate of
// the carrier's phase, made of the last symbols alone, forward and backward through time.
#pragma once

#include "base/sample.h"
#include "dsp/symbol_sampler.h"
#include "dsp/waveform.h"

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace landfall::dsp {

/// What a block of symbols tells of the carrier.
struct fsk_block {
    double reference = 0.0; ///< sum of the winning paths' phase references, forward and backward
    double amplitude = 0.0; ///< mean, of the carrier
    double power = 0.0;     ///< mean of the samples
    std::complex<double> turn{}; ///< of the phase, over turn_symbols
    double timing = 0.0;         ///< sums: the signal is late by timing / timing_slope symbols
    double timing_slope = 0.0;
    std::array<std::size_t, 8> patterns{}; ///< how often each three consecutive bits are seen
};

class fsk_trellis {
  public:
    static constexpr std::size_t most_symbols = 288; ///< of one call, those ahead included

    /// `memory`: a symbol's weight in the phase reference over that of the next one, below 1. The
    /// more, the less noise is in the reference, and the less frequency error it bears.
    fsk_trellis(const waveform& wave, double memory);

    /// Forgets what came before.
    void reset() noexcept;

    /// The first `soft.size()` symbols of `samples` (of symbol_sampler, mixed by one continuous
    /// phase); those behind them are only looked at. Soft bits have the samples' unit, positive is
    /// 0. The next call goes on behind soft.size() symbols.
    fsk_block detect(std::span<const base::cf32> samples, std::span<float> soft) noexcept;

    /// Distance in symbols over which `fsk_block::turn` is measured.
    [[nodiscard]] double turn_symbols() const noexcept { return turn_symbols_; }

  private:
    static constexpr std::size_t states = 8; ///< three bits
    static constexpr std::size_t quarters = symbol_sampler::per_symbol;
    using row = std::array<float, states>;
    /// Paths through time that end in each state: carrier phase reference and metric.
    struct paths {
        row re{}, im{}, metric{};
    };

    void correlate(std::span<const base::cf32> samples) noexcept;
    void forward(const paths& before, std::size_t symbol, paths& after) const noexcept;
    void backward(const paths& after, std::size_t symbol, paths& before) const noexcept;
    void add_errors(std::span<const base::cf32> symbol, std::size_t pattern, base::cf32 reference,
                    fsk_block& seen) const noexcept;

    float memory_;
    double turn_symbols_;
    std::array<std::array<base::cf32, quarters>, states> shape_{}; ///< of a symbol, by its bits
    std::array<std::array<float, quarters>, states> deviation_{};  ///< radians per symbol
    row turn_re_{}, turn_im_{};                                    ///< of a whole symbol
    std::vector<row> value_re_, value_im_;                         ///< correlations
    std::vector<paths> forward_, backward_;
};

} // namespace landfall::dsp
