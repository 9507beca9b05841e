// SPDX-License-Identifier: MIT
// Tracking of a found carrier: gain, timing and phase, updated once per block of symbols.
#pragma once

#include "base/sample.h"
#include "dsp/matched_filter.h"
#include "dsp/waveform.h"

#include <array>
#include <cstddef>
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

/// Follows one carrier through a buffer, block by block of matched_filter::block_symbols.
class tracker {
  public:
    static constexpr std::size_t block_symbols = matched_filter::block_symbols;

    /// What a block gave. Rails have unit amplitude where the signal is.
    struct block {
        std::array<base::cf32, block_symbols> points; ///< OQPSK: I at its instant, Q at its own
        double lock_wanted = 0.0; ///< sums for the lock detector: see lock_metric()
        double lock_power = 0.0;
        double error_power =
            0.0; ///< sum of squared distances to the nearest point, rail amplitude 1
    };

    explicit tracker(const tracking_config& config);

    void start(const carrier_state& at, double rail_amplitude, double rail_power);
    /// One past the last sample that the next `blocks` steps need.
    [[nodiscard]] std::ptrdiff_t end_sample(std::size_t blocks) const noexcept {
        return filter_.end_sample(state_, blocks * block_symbols);
    }
    void step(std::span<const base::cf32> buffer, block& out);

    [[nodiscard]] const carrier_state& state() const noexcept { return state_; }
    /// The buffer's first `samples` samples are dropped.
    void rebase(double samples) noexcept { state_.position -= samples; }

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
    detector detect_psk(block& out);
    detector detect_staggered(block& out);
    void update_gain(const detector& seen);
    void update_loops(const detector& seen);

    tracking_config config_;
    matched_filter filter_;
    carrier_state state_;
    double amplitude_ = 1.0;
    double power_ = 2.0;
    double phase_slope_ = 1.0;
    double timing_slope_ = 1.0;
    std::size_t blocks_ = 0;
    std::array<base::cf32, block_symbols> value_{};
    std::array<base::cf32, block_symbols> slope_{};
    std::array<base::cf32, block_symbols> value_late_{};
    std::array<base::cf32, block_symbols> slope_late_{};
};

} // namespace landfall::dsp
