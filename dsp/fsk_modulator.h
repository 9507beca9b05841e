// SPDX-License-Identifier: MIT
// FSK and GMSK: bits to samples of constant magnitude, for the simulator.
#pragma once

#include "base/sample.h"
#include "dsp/frequency_pulse.h"
#include "dsp/waveform.h"

#include <cstdint>
#include <span>
#include <vector>

namespace landfall::dsp {

/// At any number of samples per symbol; a one is the higher frequency.
class fsk_modulator {
  public:
    /// Symbol 0 is centred `lead_symbols` behind the first sample; carrier alone comes before.
    fsk_modulator(const waveform& wave, double samples_per_symbol, unsigned lead_symbols);

    void push(std::span<const std::uint8_t> bits, std::vector<base::cf32>& out);
    /// Ends with `lead_symbols` of carrier alone.
    void flush(std::vector<base::cf32>& out);

  private:
    void emit(std::vector<base::cf32>& out);

    frequency_pulse pulse_;
    double index_;
    double samples_per_symbol_;
    unsigned lead_symbols_;
    std::vector<std::int8_t> levels_; ///< of symbols; 0: carrier alone
    std::int64_t first_symbol_ = 0;   ///< of levels_
    std::int64_t over_ = 0;           ///< the pulses of the symbols before it are over
    double turned_ = 0.0;             ///< sum of their levels
    std::int64_t next_sample_ = 0;
};

} // namespace landfall::dsp
