// SPDX-License-Identifier: MIT
// The second half of a receive chain: soft bits in, frames and packets out. Does no I/O.
#pragma once

#include "app/chain_record.h"
#include "app/chain_status.h"
#include "app/sample_clock.h"
#include "config/mission.h"
#include "dsp/fec/stream_decoder.h"
#include "framing/deframer.h"

#include <cstdint>
#include <span>

namespace landfall::app {

class decoding {
  public:
    explicit decoding(const config::mission& mission);

    void take(const chain_record& record, const framing::deframer_sinks& sinks);
    /// Soft bits of unknown place, positive for bit 0.
    void push_soft(std::span<const std::int8_t> soft, const framing::deframer_sinks& sinks);
    /// Enters behind the decoder: one transfer frame.
    void push_frame(base::octets frame, const framing::deframer_sinks& sinks);

    [[nodiscard]] decoding_status status() const;
    [[nodiscard]] std::span<const framing::channel_counters> channels() const noexcept {
        return deframer_.channels();
    }
    [[nodiscard]] bool locked() const noexcept { return decoder_.locked(); }

  private:
    void take_frame(const fec::decoded_frame& frame, const framing::deframer_sinks& sinks);

    dsp::modulation modulation_;
    bool checked_; ///< by Reed-Solomon
    fec::stream_decoder decoder_;
    framing::deframer deframer_;
    sample_clock clock_;
    soft_bit_clock soft_clock_;
    std::int64_t next_soft_ = 0;
};

} // namespace landfall::app
