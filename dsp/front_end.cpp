// SPDX-License-Identifier: MIT
#include "dsp/front_end.h"

#include <liquid/liquid.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr double most_samples_per_symbol = 16.0;
constexpr unsigned filter_taps = 47; // odd: a delay of whole samples
constexpr float stop_band_db = 70.0F;
constexpr float cutoff = 0.25F; // of the sample rate; the pass band ends near 0.2

} // namespace

/// A low-pass filter of liquid's design that keeps every second sample.
class front_end::halving {
  public:
    halving() : taps_(filter_taps) {
        liquid_firdes_kaiser(filter_taps, cutoff, stop_band_db, 0.0F, taps_.data());
        float sum = 0.0F;
        for (const float tap : taps_) {
            sum += tap;
        }
        for (float& tap : taps_) {
            tap /= sum;
        }
    }

    void reserve(std::size_t samples) { buffer_.reserve(samples + filter_taps); }
    void restart() { buffer_.assign(filter_taps / 2, cf32{}); }

    void process(std::vector<cf32>& samples) {
        buffer_.insert(buffer_.end(), samples.begin(), samples.end());
        samples.clear();
        std::size_t at = 0;
        for (; at + filter_taps <= buffer_.size(); at += 2) {
            cf32 sum{};
            for (std::size_t tap = 0; tap < filter_taps; ++tap) {
                sum += taps_[tap] * buffer_[at + tap];
            }
            samples.push_back(sum);
        }
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at));
    }

  private:
    std::vector<float> taps_;
    // Half the filter ahead of the first sample: the output is not delayed.
    std::vector<cf32> buffer_ = std::vector<cf32>(filter_taps / 2);
};

front_end::front_end(const receiver_config& config, std::size_t most_samples)
    : conjugate_(config.wave.spectrum_inverted), swap_(config.wave.iq_swapped),
      sample_rate_hz_(config.sample_rate_hz) {
    double rate = config.sample_rate_hz / config.wave.symbol_rate_hz;
    if (rate <= most_samples_per_symbol) {
        work_.reserve(conjugate_ || swap_ ? most_samples : 0);
        return;
    }
    while (rate > most_samples_per_symbol) {
        stages_.emplace_back();
        rate /= 2.0;
        decimation_ *= 2.0;
    }
    zeros_.resize(static_cast<std::size_t>((filter_taps / 2 + 1) * decimation_));
    work_.reserve(std::max(most_samples, zeros_.size()));
    std::size_t length = work_.capacity();
    for (halving& stage : stages_) {
        stage.reserve(length);
        length = length / 2 + filter_taps;
    }
    retune(mirrored() ? -config.frequency_hint_hz : config.frequency_hint_hz);
}

void front_end::retune(double frequency_hz) {
    mixed_hz_ = frequency_hz;
    phasor_ = {1.0, 0.0};
    turn_ = std::polar(1.0, -2.0 * std::numbers::pi * mixed_hz_ / sample_rate_hz_);
    for (halving& stage : stages_) {
        stage.restart();
    }
}

front_end::~front_end() = default;
front_end::front_end(front_end&&) noexcept = default;
front_end& front_end::operator=(front_end&&) noexcept = default;

std::span<const cf32> front_end::process(std::span<const cf32> samples) {
    if (!conjugate_ && !swap_ && stages_.empty()) {
        return samples;
    }
    work_.assign(samples.begin(), samples.end());
    for (cf32& sample : work_) {
        if (swap_) {
            sample = {sample.imag(), sample.real()};
        }
        if (conjugate_) {
            sample = std::conj(sample);
        }
    }
    if (mixed_hz_ != 0.0) {
        for (cf32& sample : work_) {
            sample = cf32(std::complex<double>(sample) * phasor_);
            phasor_ *= turn_;
        }
        phasor_ /= std::abs(phasor_);
    }
    for (halving& stage : stages_) {
        stage.process(work_);
    }
    return work_;
}

std::span<const cf32> front_end::drain() {
    return stages_.empty() ? std::span<const cf32>{} : process(zeros_);
}

} // namespace landfall::dsp
