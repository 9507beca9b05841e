// SPDX-License-Identifier: MIT
#include "dsp/tracker.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr loop_bandwidth wide{.carrier = 0.004, .timing = 0.002};
constexpr loop_bandwidth narrow{.carrier = 0.002, .timing = 0.0007};
constexpr std::size_t wide_symbols = 768;
constexpr std::size_t wide_block_symbols = 32;
constexpr std::size_t steady_symbols = 3072; // from then on the Doppler rate is tracked, too
constexpr double slope_memory_symbols = 1024.0;
constexpr double rate_share = 0.3; // of the third-order loop's gain that is used
constexpr double gain_memory_symbols = 1024.0;
constexpr double max_clock_error = 300e-6;

} // namespace

tracker::tracker(const tracking_config& config)
    : config_(config), filter_(config.wave.roll_off, config.samples_per_symbol) {}

void tracker::start(const carrier_state& at, double rail_amplitude, double rail_power) {
    state_ = at;
    amplitude_ = std::max(rail_amplitude, 1e-12);
    power_ = std::max(rail_power, 1.01 * amplitude_ * amplitude_);
    phase_slope_ = 1.0;
    timing_slope_ = 0.0;
    symbols_ = 0;
    filter_.restart();
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
        std::clamp(signal / std::max(power_ - signal, 1e-6 * power_), 0.3, 20.0);
    filter_.mix(buffer, state_, count);
    const detector_sums sums = detect(
        count, {static_cast<float>(1.0 / amplitude_), static_cast<float>(certainty)}, soft, points);
    const double symbols = static_cast<double>(count);
    const double rails = config_.wave.kind == modulation::bpsk ? symbols : 2.0 * symbols;
    const auto mean = [](float sum, double by) { return static_cast<double>(sum) / by; };
    const detector seen{.phase = mean(sums.phase, symbols),
                        .phase_slope = mean(sums.turn_gain, symbols) -
                                       certainty * mean(sums.turn_loss, symbols),
                        .timing = mean(sums.timing, rails),
                        .timing_slope = certainty * mean(sums.slope_loss, rails),
                        .amplitude = mean(sums.amplitude, rails),
                        .power = mean(sums.power, rails)};
    update_gain(seen, count);
    update_loops(seen, count);
    symbols_ += count;
    return {.symbols = count,
            .lock_wanted = static_cast<double>(sums.lock_wanted),
            .lock_power = static_cast<double>(sums.lock_power),
            .error_power = static_cast<double>(sums.error)};
}

/// Filters the block that was mixed.
detector_sums tracker::detect(std::size_t count, detector_scale by, std::int8_t* soft,
                              cf32* points) {
    const auto on_time = std::span(filtered_).first(count);
    switch (config_.wave.kind) {
    case modulation::bpsk:
        filter_.filter(0.0, slopes::i_only, on_time);
        return detect_bpsk(on_time.data(), count, by, soft, points);
    case modulation::qpsk:
        filter_.filter(0.0, slopes::both, on_time);
        return detect_qpsk(on_time.data(), count, by, soft, points);
    case modulation::oqpsk:
        filter_.filter(0.0, slopes::i_only, on_time);
        filter_.filter(0.5, slopes::q_only, std::span(late_).first(count));
        return detect_oqpsk(on_time.data(), late_.data(), count, by, soft, points);
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
    amplitude_ = std::max(amplitude_, 0.1 * std::sqrt(power_));
    power_ = std::max(power_, amplitude_ * amplitude_ * (1.0 + 1e-6));
}

void tracker::update_loops(const detector& seen, std::size_t count) {
    const double symbols = static_cast<double>(count);
    const double span_samples = symbols * state_.step;
    // The pulse's curvature at its centre (raised cosine), per sample².
    const double alpha = config_.wave.roll_off;
    const double pi2 = std::numbers::pi * std::numbers::pi;
    const double curvature =
        (pi2 / 3.0 + alpha * alpha * (pi2 - 8.0)) / (state_.step * state_.step);
    const double rails = config_.wave.kind == modulation::bpsk ? 1.0 : 2.0;
    const double timing_gain = std::max(curvature * seen.amplitude - seen.timing_slope, 0.0);
    if (symbols_ == 0) {
        phase_slope_ = 0.7 * rails;
        timing_slope_ = 0.7 * curvature;
    }
    const double share = symbols / slope_memory_symbols;
    phase_slope_ += share * (seen.phase_slope - phase_slope_);
    timing_slope_ += share * (timing_gain - timing_slope_);
    const double phase_error =
        std::clamp(seen.phase / std::max(phase_slope_, 0.15 * rails), -0.8, 0.8);
    const double timing_error = std::clamp(seen.timing / std::max(timing_slope_, 0.15 * curvature),
                                           -0.3 * state_.step, 0.3 * state_.step);

    const loop_bandwidth width = symbols_ < wide_symbols ? wide : narrow;
    // Third-order loop for the phase: a Doppler rate leaves no standing error.
    const double wn = width.carrier * symbols / 0.7845;
    // Second-order loop for the timing, damping 0.707.
    const double theta = width.timing * symbols / 1.06;
    const double spread = 1.0 + 1.414 * theta + theta * theta;

    state_ = state_.advanced(symbols);
    state_.phase += 2.4 * wn * phase_error;
    state_.frequency += 1.1 * wn * wn * phase_error / span_samples;
    if (symbols_ >= steady_symbols) {
        state_.frequency_rate +=
            rate_share * wn * wn * wn * phase_error / (span_samples * span_samples);
    }
    const double moved = 2.828 * theta / spread * timing_error;
    state_.position += moved;
    state_.phase += state_.frequency * moved; // the carrier is where it was
    constexpr double turn = 2.0 * std::numbers::pi;
    state_.phase -= turn * std::nearbyint(state_.phase / turn);
    state_.step += 4.0 * theta * theta / spread * timing_error / symbols;
    const double nominal = config_.samples_per_symbol;
    state_.step = std::clamp(state_.step, nominal * (1.0 - max_clock_error),
                             nominal * (1.0 + max_clock_error));
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
    }
    return 0.0;
}

} // namespace landfall::dsp
