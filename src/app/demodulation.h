// SPDX-License-Identifier: MIT
// The first half of a receive chain: timed IQ in, soft bits out. Does no I/O.
#pragma once

#include "app/chain_record.h"
#include "app/chain_status.h"
#include "config/mission.h"
#include "dsp/receiver.h"
#include "wire/iq_block.h"

#include <cstdint>
#include <memory>
#include <span>

namespace landfall::app {

struct chain_config {
    config::mission mission;
    bool fm_audio = false; ///< the samples are an FM receiver's audio
};

/// A receiver, and the samples that it is for.
struct fitted_receiver {
    double sample_rate_hz = 0.0;
    double center_frequency_hz = 0.0; ///< 0: not known
    std::unique_ptr<dsp::receiver> receiver;
};

/// Samples may come in blocks of any size. Lost samples are replaced by zeros up to half a second,
/// so that the frame in which they fell is the only one hit; a longer loss or a change of the
/// sample rate ends the reception and begins a new one.
class demodulation {
  public:
    explicit demodulation(const chain_config& config) : config_(config) {}

    /// Null, or why this sample rate cannot carry the mission.
    [[nodiscard]] const char* unsupported(double sample_rate_hz) const noexcept;
    /// False: `push` would make a receiver for the block, which takes memory and time.
    [[nodiscard]] bool has_receiver_for(const wire::iq_block& block) const noexcept;
    /// A receiver for such samples, which `unsupported` must not refuse; any thread's.
    [[nodiscard]] fitted_receiver fit(double sample_rate_hz, double center_frequency_hz) const;
    /// Ends the reception, and takes the receiver for the one before.
    void swap(fitted_receiver& with, record_sink sink);

    /// `unsupported(block.sample_rate_hz)` must be null.
    void push(const wire::iq_block& block, record_sink sink);
    /// The recording ends, or pauses.
    void finish(record_sink sink);

    [[nodiscard]] demodulation_status status() const;
    [[nodiscard]] std::span<const base::cf32> constellation() const;
    [[nodiscard]] const config::mission& mission() const noexcept { return config_.mission; }

  private:
    void begin(const wire::iq_block& block, record_sink sink);
    void end_reception(record_sink sink);
    void push_samples(std::span<const base::cf32> samples, record_sink sink);
    void take_soft(const dsp::soft_block& soft, record_sink sink) const;
    void add_up(const dsp::receiver_report& ended);

    chain_config config_;
    fitted_receiver fitted_; ///< kept between receptions of the same samples
    bool receiving_ = false;
    double sample_rate_hz_ = 0.0; ///< of the reception, as the next
    double center_frequency_hz_ = 0.0;
    std::int64_t reception_first_ = 0; ///< index of the reception's first sample
    std::int64_t next_sample_ = 0;     ///< index over all receptions, lost samples included
    std::uint64_t samples_ = 0;
    double signal_seconds_ = 0.0;
    std::uint64_t locked_symbols_ = 0; ///< of the receivers before this one
    std::uint64_t losses_ = 0;
    std::uint64_t acquisitions_ = 0;
    dsp::receiver_report last_report_;
};

} // namespace landfall::app
