// SPDX-License-Identifier: MIT
#include "dsp/channel.h"

#include <cmath>
#include <numbers>

namespace landfall::dsp {

using base::cf32;

channel::channel(const channel_config& config)
    : config_(config), random_(config.seed),
      noise_per_rail_(
          std::sqrt(0.5 * config.samples_per_symbol * std::pow(10.0, -config.es_n0_db / 10.0))) {}

void channel::apply(std::span<cf32> samples) {
    for (cf32& sample : samples) {
        const double time = static_cast<double>(sample_) / config_.sample_rate_hz;
        ++sample_;
        const double cycles =
            (config_.frequency_offset_hz + 0.5 * config_.doppler_rate_hz_s * time) * time;
        double signal = 1.0;
        for (const fade& one : config_.fades) {
            if (time >= one.start_s && time < one.end_s) {
                signal *= std::pow(10.0, one.gain_db / 20.0);
            }
        }
        auto gain = static_cast<double>(config_.amplitude);
        for (const gain_step& step : config_.gain_steps) {
            if (time >= step.time_s) {
                gain *= std::pow(10.0, step.gain_db / 20.0);
            }
        }
        const std::complex<double> turned =
            std::complex<double>(sample) *
            std::polar(signal,
                       2.0 * std::numbers::pi * (cycles - std::floor(cycles)) + config_.phase_rad);
        sample = {
            static_cast<float>(gain * (turned.real() + noise_per_rail_ * random_.gaussian())),
            static_cast<float>(gain * (turned.imag() + noise_per_rail_ * random_.gaussian()))};
    }
}

} // namespace landfall::dsp
