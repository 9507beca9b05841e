// SPDX-License-Identifier: MIT
// What a downlink meets on its way: noise, offset, Doppler, steps of gain and fades.
#pragma once

#include "base/random.h"
#include "base/sample.h"

#include <cstdint>
#include <span>
#include <vector>

namespace landfall::dsp {

/// From `start_s` to `end_s` the signal (not the noise) is multiplied by `gain_db`.
struct fade {
    double start_s = 0.0;
    double end_s = 0.0;
    double gain_db = -100.0;
};

/// From `time_s` on everything, noise included, is multiplied by `gain_db`.
struct gain_step {
    double time_s = 0.0;
    double gain_db = 0.0;
};

struct channel_config {
    double sample_rate_hz = 1.0;
    double samples_per_symbol = 2.0;
    double es_n0_db = 100.0;
    double frequency_offset_hz = 0.0;
    double doppler_rate_hz_s = 0.0;
    double phase_rad = 0.0;
    float amplitude = 0.25F; ///< rms of the signal, of full scale
    std::vector<fade> fades;
    std::vector<gain_step> gain_steps;
    std::uint64_t seed = 1;
};

/// Deterministic by seed. Expects samples of unit mean power.
class channel {
  public:
    explicit channel(const channel_config& config);
    /// Applies the channel in place to the samples that follow those before.
    void apply(std::span<base::cf32> samples);

  private:
    channel_config config_;
    base::random_source random_;
    double noise_per_rail_;
    std::uint64_t sample_ = 0;
};

} // namespace landfall::dsp
