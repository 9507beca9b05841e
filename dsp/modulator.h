// SPDX-License-Identifier: MIT
// Channel bits to samples, for the simulator.
#pragma once

#include "base/sample.h"
#include "dsp/fsk_modulator.h"
#include "dsp/pulse.h"
#include "dsp/waveform.h"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace landfall::dsp {

/// Root-raised-cosine PSK, FSK or GMSK at any number of samples per symbol. Mean power of the
/// samples is 1; of PSK bit 0 is +1; QPSK takes bits I, Q; OQPSK's Q is half a symbol late.
class modulator {
  public:
    /// `samples_per_symbol`: 2 or more, with the simulated clock error in it.
    modulator(const waveform& wave, double samples_per_symbol);

    /// Appends the samples that `bits` (0 or 1 each) complete. Symbol k's pulse is centred on
    /// sample (k + pulse_span_symbols) * samples_per_symbol; OQPSK's Q half a symbol later.
    void push(std::span<const std::uint8_t> bits, std::vector<base::cf32>& out);
    /// Appends what is left of the last pulses.
    void flush(std::vector<base::cf32>& out);

  private:
    void emit(std::vector<base::cf32>& out);

    modulation kind_;
    double samples_per_symbol_;
    pulse shape_;
    std::vector<float> fine_;
    std::vector<base::cf32> symbols_; ///< those whose pulses are not over
    std::int64_t first_symbol_ = 0;
    std::int64_t next_sample_ = 0;
    std::vector<std::uint8_t> odd_bit_;
    std::optional<fsk_modulator> fsk_;
};

} // namespace landfall::dsp
