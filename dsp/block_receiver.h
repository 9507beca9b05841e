// SPDX-License-Identifier: MIT
// The block engine: acquires forward on a buffered window, rewinds, and tracks in blocks.
#pragma once

#include "base/fixed_queue.h"
#include "dsp/acquisition.h"
#include "dsp/band_search.h"
#include "dsp/front_end.h"
#include "dsp/receiver.h"
#include "dsp/sample_buffer.h"
#include "dsp/symbol_sums.h"
#include "dsp/tracker.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace landfall::dsp {

/// Soft bits leave in blocks of stretch_symbols, some eight blocks after they were made: until
/// then the lock detector may find that the signal had ended, and the samples are sought anew.
class block_receiver final : public receiver {
  public:
    explicit block_receiver(const receiver_config& config);

    void push(std::span<const base::cf32> samples, soft_sink sink) override;
    void flush(soft_sink sink) override;
    [[nodiscard]] receiver_report report() const override;
    [[nodiscard]] std::span<const base::cf32> constellation() const override { return points_; }

  private:
    static constexpr std::size_t stretch_symbols = 256;
    static constexpr std::size_t most_pending = 64;

    /// Soft bits that wait for the lock detector's verdict.
    struct stretch {
        std::vector<std::int8_t> soft;
        carrier_state first; ///< in absolute samples of the engine
        double metric = 0.0;
        double error_power = 0.0;
        double es_n0 = 0.0;
    };

    void prepare_searches();
    void take(std::span<const base::cf32> samples, soft_sink sink);
    void take_wide(soft_sink sink);
    void end_reception(soft_sink sink);
    void advance(soft_sink sink, bool ending);
    bool try_acquire(bool ending);
    bool acquire_in(std::size_t window_symbols, std::size_t seen);
    void track_stretch(soft_sink sink);
    void judge(soft_sink sink);
    void release(soft_sink sink);
    void lose(soft_sink sink);
    void forget(std::size_t samples);
    void note(const stretch& done);

    receiver_config config_;
    front_end front_;
    double samples_per_symbol_;       ///< behind the front end
    double sample_rate_hz_;           ///< behind the front end
    std::optional<band_search> wide_; ///< where the carrier of a wide recording has to be found
    std::vector<base::cf32> raw_;     ///< samples of a wide recording that wait for it
    std::int64_t raw_seen_ = 0;       ///< samples given to the front end
    std::int64_t origin_ = 0;         ///< of these, before the engine's first
    acquisition acquisition_;
    tracker tracker_;
    sample_buffer buffer_;
    std::int64_t buffer_first_ = 0; ///< absolute index of buffer_[0]
    std::int64_t end_of_samples_ = std::numeric_limits<std::int64_t>::max();
    std::size_t silent_strides_ = 0; ///< searched in vain since the last signal
    std::size_t unsearched_ = 0;     ///< samples at the buffer's end that no search has seen
    bool tracking_ = false;
    bool restart_ = true;
    bool locked_ = false;
    std::size_t bad_stretches_ = 0;
    base::fixed_queue<stretch> pending_{most_pending};
    std::vector<stretch> spare_;
    std::vector<base::cf32> points_;
    receiver_report report_;
    symbol_sums sums_;
};

} // namespace landfall::dsp
