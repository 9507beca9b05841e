// SPDX-License-Identifier: MIT
// Tracking of a found carrier: gain, timing and phase, updated once per block of symbols.
#pragma once

#include "base/sample.h"
#include "dsp/equalizer.h"
#include "dsp/matched_filter.h"
#include "dsp/waveform.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace landfall::dsp {

struct tracking_config {
    waveform wave;
    double samples_per_symbol = 0.0;
};

/// Noise bandwidths of the loops, of the symbol rate: wide while the estimates that tracking starts
/// from are refined, then narrow.
struct loop_bandwidth {
    double carrier = 0.0;
    double timing = 0.0;
};

/// Follows one carrier through a buffer, block by block.
class tracker {
  public:
    static constexpr std::size_t most_block_symbols = matched_filter::block_symbols;

    /// What a block gave.
    struct block {
        std::size_t symbols = 0;
        double lock_wanted = 0.0; ///< sums for the lock detector: see lock_metric()
        double lock_power = 0.0;
        double error_power = 0.0; ///< squared distances to the nearest point, rail amplitude 1
    };

    explicit tracker(const tracking_config& config);

    void start(const carrier_state& at, double rail_amplitude, double rail_power);
    /// Symbols of the next step: loops that are wide are updated more often.
    [[nodiscard]] std::size_t next_symbols() const noexcept;
    /// One past the last sample that steps of so many symbols need.
    [[nodiscard]] std::ptrdiff_t end_sample(std::size_t symbols) const noexcept {
        return filter_.end_sample(state_, symbols);
    }
    /// Writes next_symbols() points (of unit rail amplitude; OQPSK: I at its instant, Q at its own)
    /// and their soft bits.
    block step(std::span<const base::cf32> buffer, std::int8_t* soft, base::cf32* points);

    [[nodiscard]] const carrier_state& state() const noexcept { return state_; }
    /// Symbols by which what a step gives is late.
    [[nodiscard]] std::size_t delay_symbols() const noexcept {
        return equalizer_ ? equalizer::delay_symbols : 0;
    }
    /// The buffer's first `samples` samples are dropped.
    void rebase(std::size_t samples) noexcept {
        state_.position -= static_cast<double>(samples);
        filter_.rebase(static_cast<std::ptrdiff_t>(samples));
    }

    /// E_s/N_0 as a ratio, averaged over about a thousand symbols.
    [[nodiscard]] double es_n0() const noexcept;
    [[nodiscard]] std::size_t reach() const noexcept { return filter_.reach(); }

    /// 0 in noise, towards 1 for a clean signal, from the sums of one or more blocks of `symbols`
    /// in all.
    [[nodiscard]] double lock_metric(double wanted, double power, std::size_t symbols) const;
    [[nodiscard]] double lock_threshold() const noexcept;

  private:
    struct detector {
        double phase = 0.0, phase_slope = 0.0;
        double timing = 0.0, timing_slope = 0.0;
        double amplitude = 0.0, power = 0.0; // means over rails, in units of the amplitude
    };
    struct loop_gains { // of an error in radians, or in samples
        double phase = 0.0, frequency = 0.0, frequency_rate = 0.0;
        double position = 0.0, step = 0.0;
    };
    static loop_gains gains_of(const loop_bandwidth& width, std::size_t count,
                               double samples_per_symbol) noexcept;
    void equalize(std::size_t count, float certainty, base::cf32* points);
    detector_sums detect(std::size_t count, float certainty, std::int8_t* soft, base::cf32* points);
    void update_gain(const detector& seen, std::size_t count);
    void update_loops(const detector& seen, std::size_t count);

    tracking_config config_;
    matched_filter filter_;
    std::optional<equalizer> equalizer_;
    double curvature_;
    loop_gains wide_;
    loop_gains narrow_;
    carrier_state state_;
    double amplitude_ = 1.0;
    double power_ = 2.0;
    double phase_slope_ = 1.0;
    double timing_slope_ = 1.0;
    std::size_t symbols_ = 0; ///< since the start
    std::array<base::cf32, most_block_symbols> slope_{};
    std::array<base::cf32, most_block_symbols> value_{};      // of OQPSK only
    std::array<base::cf32, most_block_symbols> late_{};       // half a symbol later
    std::array<base::cf32, most_block_symbols> late_slope_{}; // for the equaliser
};

} // namespace landfall::dsp
