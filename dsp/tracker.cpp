// SPDX-License-Identifier: MIT
#include "dsp/tracker.h"

#include "dsp/psk8.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr loop_bandwidth wide{.carrier = 0.004, .timing = 0.002};
constexpr loop_bandwidth narrow{.carrier = 0.0016, .timing = 0.0007};
constexpr std::size_t wide_symbols = 768;
constexpr std::size_t wide_block_symbols = 32;
constexpr std::size_t steady_symbols = 3072; // from then on the Doppler rate is tracked, too
constexpr double slope_memory_symbols = 1024.0;
constexpr double rate_share = 0.3; // of the third-order loop's gain that is used
constexpr double gain_memory_symbols = 1024.0;
constexpr double max_clock_error = 300e-6;
constexpr double most_certainty = 20.0;
constexpr double most_psk8_certainty = 100.0;
// The phase of QPSK and 8PSK is noisiest at the lowest useful E_s/N_0: 0.002 costs 0.1 dB more.
constexpr loop_bandwidth narrowest{.carrier = 0.001, .timing = 0.0007};

bool is_noisy(modulation kind) noexcept {
    return kind == modulation::qpsk || kind == modulation::psk8;
}

/// Of the raised cosine at its centre, per sample².
double pulse_curvature(const tracking_config& config) noexcept {
    const double alpha = config.wave.roll_off;
    const double pi2 = std::numbers::pi * std::numbers::pi;
    const double step = config.samples_per_symbol;
    return (pi2 / 3.0 + alpha * alpha * (pi2 - 8.0)) / (step * step);
}

} // namespace

/// Of loops that are updated once in `count` symbols.
tracker::loop_gains tracker::gains_of(const loop_bandwidth& width, std::size_t count,
                                      double samples_per_symbol) noexcept {
    const double symbols = static_cast<double>(count);
    const double samples = symbols * samples_per_symbol;
    // Third-order loop for the phase: a Doppler rate leaves no standing error.
    const double wn = width.carrier * symbols / 0.7845;
    // Second-order loop for the timing, damping 0.707.
    const double theta = width.timing * symbols / 1.06;
    const double spread = 1.0 + 1.414 * theta + theta * theta;
    return {.phase = 2.4 * wn,
            .frequency = 1.1 * wn * wn / samples,
            .frequency_rate = rate_share * wn * wn * wn / (samples * samples),
            .position = 2.828 * theta / spread,
            .step = 4.0 * theta * theta / spread / symbols};
}

tracker::tracker(const tracking_config& config)
    : config_(config), filter_(config.wave.roll_off, config.samples_per_symbol,
                               config.wave.kind == modulation::oqpsk),
      curvature_(pulse_curvature(config)),
      wide_(gains_of(wide, wide_block_symbols, config.samples_per_symbol)),
      narrow_(gains_of(is_noisy(config.wave.kind) ? narrowest : narrow, most_block_symbols,
                       config.samples_per_symbol)) {
    if (config.wave.equalize && config.wave.kind != modulation::oqpsk) {
        equalizer_.emplace(config.wave.kind);
    }
}

void tracker::start(const carrier_state& at, double rail_amplitude, double rail_power) {
    state_ = at;
    amplitude_ = std::max(rail_amplitude, 1e-12);
    power_ = std::max(rail_power, 1.01 * amplitude_ * amplitude_);
    phase_slope_ = 1.0;
    timing_slope_ = 0.0;
    symbols_ = 0;
    filter_.restart();
    if (equalizer_) {
        equalizer_->reset(amplitude_, power_);
    }
}

double tracker::es_n0() const noexcept {
    const double signal = amplitude_ * amplitude_;
    const double noise = std::max(power_ - signal, 1e-5 * power_);
    const double per_rail = signal / noise;
    return config_.wave.kind == modulation::bpsk ? 0.5 * per_rail : per_rail;
}

std::size_t tracker::next_symbols() const noexcept {
    return symbols_ < wide_symbols ? wide_block_symbols : most_block_symbols;
}

tracker::block tracker::step(std::span<const cf32> buffer, std::int8_t* soft, cf32* points) {
    const std::size_t count = next_symbols();
    const double signal = amplitude_ * amplitude_;
    const double certainty =
        std::clamp(signal / std::max(power_ - signal, 1e-6 * power_), 0.3,
                   config_.wave.kind == modulation::psk8 ? most_psk8_certainty : most_certainty);
    filter_.mix(buffer, state_, count, symbols_ >= wide_symbols);
    const detector_sums sums = detect(count, static_cast<float>(certainty), soft, points);
    const double per_symbol = 1.0 / static_cast<double>(count);
    const double per_rail = config_.wave.kind == modulation::bpsk ? per_symbol : 0.5 * per_symbol;
    const detector seen{.phase = per_symbol * static_cast<double>(sums.phase),
                        .phase_slope =
                            per_symbol * (static_cast<double>(sums.turn_gain) -
                                          certainty * static_cast<double>(sums.turn_loss)),
                        .timing = per_rail * static_cast<double>(sums.timing),
                        .timing_slope = per_rail * certainty * static_cast<double>(sums.slope_loss),
                        .amplitude = per_rail * static_cast<double>(sums.amplitude),
                        .power = per_rail * static_cast<double>(sums.power)};
    update_gain(seen, count);
    update_loops(seen, count);
    symbols_ += count;
    return {.symbols = count,
            .lock_wanted = static_cast<double>(sums.lock_wanted),
            .lock_power = static_cast<double>(sums.lock_power),
            .error_power = static_cast<double>(sums.error)};
}

/// Of a block whose symbols are filtered, and their slopes.
void tracker::equalize(std::size_t count, float certainty, cf32* points) {
    filter_.filter(0.5, static_cast<float>(1.0 / amplitude_),
                   {.value = {late_.data(), count}, .slope = {late_slope_.data(), count}});
    equalizer_->run({{points, count}, {slope_.data(), count}},
                    {{late_.data(), count}, {late_slope_.data(), count}},
                    static_cast<float>(amplitude_), certainty);
}

/// Filters the block that was mixed.
detector_sums tracker::detect(std::size_t count, float certainty, std::int8_t* soft, cf32* points) {
    const auto scale = static_cast<float>(1.0 / amplitude_);
    detector_input in{
        .value = points, .slope = slope_.data(), .count = count, .certainty = certainty};
    matched_filter::output out{.value = {points, count}, .slope = std::span(slope_).first(count)};
    if (config_.wave.kind == modulation::oqpsk) {
        in.value = value_.data();
        out.value = std::span(value_).first(count);
        filter_.filter_staggered(scale, out, std::span(late_).first(count));
        return detect_oqpsk(in, late_.data(), soft, points);
    }
    filter_.filter(0.0, scale, out);
    if (equalizer_) {
        equalize(count, certainty, points);
    }
    switch (config_.wave.kind) {
    case modulation::bpsk:
        return detect_bpsk(in, soft);
    case modulation::qpsk:
        return detect_qpsk(in, soft);
    case modulation::psk8:
        return detect_psk8(in, soft);
    case modulation::oqpsk:
    case modulation::fsk:
    case modulation::gmsk:
        break; // of another engine
    }
    return {};
}

void tracker::update_gain(const detector& seen, std::size_t count) {
    // Expectation-maximisation of amplitude and noise of a rail of ± a in Gaussian noise.
    const double block_power = seen.power * amplitude_ * amplitude_;
    if (!(block_power > 1e-6 * power_)) {
        return; // silence: what is known of the signal is kept
    }
    if (block_power > 4.0 * power_ || block_power < 0.1 * power_) { // a step of gain, not noise
        amplitude_ = std::max(amplitude_ * std::sqrt(block_power / power_), 1e-12);
        power_ = std::max(block_power, 1.01e-24);
        return;
    }
    const double share = static_cast<double>(count) / gain_memory_symbols;
    const double block_amplitude = seen.amplitude * amplitude_;
    amplitude_ += share * (block_amplitude - amplitude_);
    power_ += share * (block_power - power_);
    if (amplitude_ * amplitude_ < 0.01 * power_) {
        amplitude_ = 0.1 * std::sqrt(power_);
    }
    power_ = std::max(power_, amplitude_ * amplitude_ * (1.0 + 1e-6));
}

void tracker::update_loops(const detector& seen, std::size_t count) {
    const double symbols = static_cast<double>(count);
    const double step = config_.samples_per_symbol;
    const double rails = config_.wave.kind == modulation::bpsk ? 1.0 : 2.0;
    const double timing_gain = std::max(curvature_ * seen.amplitude - seen.timing_slope, 0.0);
    if (symbols_ == 0) {
        phase_slope_ = 0.7 * rails;
        timing_slope_ = 0.7 * curvature_;
    }
    const double share = symbols / slope_memory_symbols;
    phase_slope_ += share * (seen.phase_slope - phase_slope_);
    timing_slope_ += share * (timing_gain - timing_slope_);
    const double phase_error =
        std::clamp(seen.phase / std::max(phase_slope_, 0.15 * rails), -0.8, 0.8);
    const double timing_error = std::clamp(seen.timing / std::max(timing_slope_, 0.15 * curvature_),
                                           -0.3 * step, 0.3 * step);

    const loop_gains& gains = symbols_ < wide_symbols ? wide_ : narrow_;
    state_.advance(symbols);
    state_.phase += gains.phase * phase_error;
    state_.frequency += gains.frequency * phase_error;
    if (symbols_ >= steady_symbols) {
        state_.frequency_rate += gains.frequency_rate * phase_error;
    }
    const double moved = gains.position * timing_error;
    state_.position += moved;
    state_.phase += state_.frequency * moved; // the carrier is where it was
    constexpr double turn = 2.0 * std::numbers::pi;
    state_.phase -= turn * std::nearbyint(state_.phase * (1.0 / turn));
    state_.step = std::clamp(state_.step + gains.step * timing_error,
                             step * (1.0 - max_clock_error), step * (1.0 + max_clock_error));
}

double tracker::lock_metric(double wanted, double power, std::size_t symbols) const {
    if (!(power > 0.0)) {
        return 0.0;
    }
    if (config_.wave.kind != modulation::oqpsk) {
        return wanted / power;
    }
    const double rails = 2.0 * static_cast<double>(symbols);
    const double mean_square = power / rails;
    return 1.5 - 0.5 * (wanted / rails) / (mean_square * mean_square);
}

double tracker::lock_threshold() const noexcept {
    switch (config_.wave.kind) {
    case modulation::bpsk:
        return 0.2;
    case modulation::qpsk:
        return 0.08;
    case modulation::oqpsk:
        return 0.15;
    case modulation::psk8:
        return 0.045;
    case modulation::fsk:
    case modulation::gmsk:
        break; // of another engine
    }
    return 0.0;
}

} // namespace landfall::dsp
