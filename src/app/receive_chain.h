// SPDX-License-Identifier: MIT
// One carrier's receive chain: timed IQ in, transfer frames and packets out. Does no I/O.
#pragma once

#include "app/decoding.h"
#include "app/demodulation.h"

#include <cstdint>
#include <span>

namespace landfall::app {

/// Both halves, one after the other.
class receive_chain {
  public:
    explicit receive_chain(const chain_config& config)
        : demodulation_(config), decoding_(config.mission) {}

    /// Null, or why this sample rate cannot carry the mission.
    [[nodiscard]] const char* unsupported(double sample_rate_hz) const noexcept {
        return demodulation_.unsupported(sample_rate_hz);
    }
    /// `unsupported(block.sample_rate_hz)` must be null.
    void push(const wire::iq_block& block, const framing::deframer_sinks& sinks);
    /// Enters the chain behind the receiver: soft bits, positive for bit 0.
    void push_soft(std::span<const std::int8_t> soft, const framing::deframer_sinks& sinks) {
        decoding_.push_soft(soft, sinks);
    }
    /// Enters the chain behind the decoder: one transfer frame.
    void push_frame(base::octets frame, const framing::deframer_sinks& sinks) {
        decoding_.push_frame(frame, sinks);
    }
    /// The recording ends.
    void finish(const framing::deframer_sinks& sinks);

    [[nodiscard]] chain_status status() const {
        return {demodulation_.status(), decoding_.status()};
    }
    [[nodiscard]] std::span<const framing::channel_counters> channels() const noexcept {
        return decoding_.channels();
    }
    [[nodiscard]] std::span<const base::cf32> constellation() const {
        return demodulation_.constellation();
    }
    [[nodiscard]] const config::mission& mission() const noexcept {
        return demodulation_.mission();
    }

  private:
    demodulation demodulation_;
    decoding decoding_;
};

} // namespace landfall::app
