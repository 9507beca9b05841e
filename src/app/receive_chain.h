// SPDX-License-Identifier: MIT
// One carrier's receive chain: timed IQ in, transfer frames and packets out. Does no I/O.
#pragma once

#include "app/sample_clock.h"
#include "base/sample.h"
#include "config/mission.h"
#include "dsp/fec/stream_decoder.h"
#include "dsp/receiver.h"
#include "framing/deframer.h"
#include "wire/iq_block.h"

#include <cstdint>
#include <memory>
#include <span>

namespace landfall::app {

struct chain_config {
    config::mission mission;
    dsp::engine engine = dsp::engine::block;
    double frequency_hint_hz = 0.0; ///< of the carrier from the centre of the samples
};

/// Counts and estimates, for displays and reports.
struct chain_status {
    std::uint64_t samples = 0; ///< received, lost ones excluded
    double signal_seconds = 0.0;
    double locked_seconds = 0.0;
    std::uint64_t soft_bits = 0; ///< that went into the decoder
    bool frames_locked = false;
    dsp::receiver_report receiver;
    fec::stream_statistics decoder;
    framing::deframer_totals frames;
    std::uint64_t bad_frames = 0; ///< found but not decodable, or refused by the framing
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
class receive_chain {
  public:
    explicit receive_chain(const chain_config& config);

    /// Null, or why this sample rate cannot carry the mission.
    [[nodiscard]] const char* unsupported(double sample_rate_hz) const noexcept;

    /// False: `push` would make a receiver for the block, which takes memory and time.
    [[nodiscard]] bool has_receiver_for(const wire::iq_block& block) const noexcept;
    /// A receiver for such samples, which `unsupported` must not refuse; any thread's.
    [[nodiscard]] fitted_receiver fit(double sample_rate_hz, double center_frequency_hz) const;
    /// Ends the reception, and takes the receiver for the one before.
    void swap(fitted_receiver& with, const framing::deframer_sinks& sinks);

    /// `unsupported(block.sample_rate_hz)` must be null.
    void push(const wire::iq_block& block, const framing::deframer_sinks& sinks);
    /// Enters the chain behind the receiver: soft bits, positive for bit 0.
    void push_soft(std::span<const std::int8_t> soft, const framing::deframer_sinks& sinks);
    /// Enters the chain behind the decoder: one transfer frame.
    void push_frame(base::octets frame, const framing::deframer_sinks& sinks);
    /// The recording ends.
    void finish(const framing::deframer_sinks& sinks);

    [[nodiscard]] chain_status status() const;
    [[nodiscard]] std::span<const framing::channel_counters> channels() const noexcept {
        return deframer_.channels();
    }
    [[nodiscard]] std::span<const base::cf32> constellation() const;
    [[nodiscard]] const config::mission& mission() const noexcept { return config_.mission; }

  private:
    void begin(const wire::iq_block& block, const framing::deframer_sinks& sinks);
    void end_reception(const framing::deframer_sinks& sinks);
    void push_samples(std::span<const base::cf32> samples, const framing::deframer_sinks& sinks);
    void take_soft(const dsp::soft_block& soft, const framing::deframer_sinks& sinks);
    void take_frame(const fec::decoded_frame& frame, const framing::deframer_sinks& sinks);
    void add_up(const dsp::receiver_report& ended);

    chain_config config_;
    fitted_receiver fitted_; ///< kept between receptions of the same samples
    bool receiving_ = false;
    fec::stream_decoder decoder_;
    framing::deframer deframer_;
    sample_clock clock_;
    soft_bit_clock soft_clock_;
    double sample_rate_hz_ = 0.0; ///< of the reception, as the next
    double center_frequency_hz_ = 0.0;
    std::int64_t reception_first_ = 0; ///< index of the reception's first sample
    std::int64_t next_sample_ = 0;     ///< index over all receptions, lost samples included
    std::int64_t next_soft_ = 0;
    std::uint64_t samples_ = 0;
    double signal_seconds_ = 0.0;
    std::uint64_t locked_symbols_ = 0; ///< of the receivers before this one
    std::uint64_t losses_ = 0;
    std::uint64_t acquisitions_ = 0;
    dsp::receiver_report last_report_;
};

} // namespace landfall::app
