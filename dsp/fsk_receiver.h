// SPDX-License-Identifier: MIT
// The engine for FSK and GMSK, from baseband IQ or an FM receiver's audio: searches a window,
// rewinds to where the signal begins, follows, and judges before it gives anything out.
#pragma once

#include "base/fixed_queue.h"
#include "dsp/front_end.h"
#include "dsp/fsk_detector.h"
#include "dsp/receiver.h"
#include "dsp/symbol_sums.h"

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

namespace landfall::dsp {

class fsk_receiver final : public receiver {
  public:
    explicit fsk_receiver(const receiver_config& config);

    void push(std::span<const base::cf32> samples, soft_sink sink) override;
    void flush(soft_sink sink) override;
    [[nodiscard]] receiver_report report() const override;
    [[nodiscard]] std::span<const base::cf32> constellation() const override { return points_; }

  private:
    static constexpr std::size_t most_pending = 32;

    /// A step that waits for the verdict.
    struct pending_step {
        fsk_step step;
        carrier_state first; ///< in absolute samples of the engine
        std::size_t symbols = fsk_step::symbols;
    };

    void take(std::span<const base::cf32> samples, soft_sink sink);
    void advance(soft_sink sink, bool ending);
    bool try_acquire(bool ending);
    void follow(soft_sink sink);
    void judge(soft_sink sink);
    void release(soft_sink sink);
    void lose(soft_sink sink);
    void forget(std::size_t samples);
    void forget_followed();

    receiver_config config_;
    front_end front_;
    double samples_per_symbol_; ///< behind the front end
    std::unique_ptr<fsk_detector> detector_;
    std::vector<base::cf32> buffer_;
    std::int64_t buffer_first_ = 0; ///< absolute index of buffer_[0]
    std::int64_t end_of_samples_ = std::numeric_limits<std::int64_t>::max();
    std::size_t unsearched_ = 0; ///< samples at the buffer's end that no search has seen
    bool tracking_ = false;
    bool restart_ = true;
    bool locked_ = false;
    std::size_t bad_steps_ = 0;
    base::fixed_queue<pending_step> pending_{most_pending};
    std::vector<base::cf32> points_;
    receiver_report report_;
    symbol_sums sums_;
};

} // namespace landfall::dsp
