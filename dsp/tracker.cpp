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
constexpr std::size_t wide_blocks = 24;
constexpr std::size_t steady_blocks = 96; // from then on the Doppler rate is tracked, too
constexpr double rate_share = 0.3;        // of the third-order loop's gain that is used
constexpr double gain_memory_symbols = 1024.0;
constexpr double max_clock_error = 300e-6;

/// tanh, within 0.0014 and never beyond 1: a strong signal's amplitude and noise are estimated with
/// it.
float soft_sign(float x) noexcept {
    const float clipped = std::clamp(x, -3.64673F, 3.64673F);
    const float square = clipped * clipped;
    return clipped * (945.0F + square * (105.0F + square)) /
           (945.0F + square * (420.0F + 15.0F * square));
}

/// One rail of one symbol, in units of the rail's amplitude.
struct rail_sums {
    float amplitude = 0, power = 0;
    float uncertainty = 0; // sum of 1 - decision²
    float timing = 0;      // decision · derivative
    float slope_loss = 0;  // (1 - decision²) · derivative²
};

float add_rail(rail_sums& sums, float value, float derivative, float certainty) noexcept {
    const float decision = soft_sign(certainty * value);
    const float doubt = 1.0F - decision * decision;
    sums.amplitude += decision * value;
    sums.power += value * value;
    sums.uncertainty += doubt;
    sums.timing += decision * derivative;
    sums.slope_loss += doubt * derivative * derivative;
    return decision;
}

double nearest_point_error(float value) noexcept {
    const double miss = std::abs(static_cast<double>(value)) - 1.0;
    return miss * miss;
}

} // namespace

tracker::tracker(const tracking_config& config)
    : config_(config), filter_(config.wave.roll_off, config.samples_per_symbol) {}

void tracker::start(const carrier_state& at, double rail_amplitude, double rail_power) {
    state_ = at;
    amplitude_ = std::max(rail_amplitude, 1e-12);
    power_ = std::max(rail_power, 1.01 * amplitude_ * amplitude_);
    phase_slope_ = 1.0;
    timing_slope_ = 0.0;
    blocks_ = 0;
}

double tracker::es_n0() const noexcept {
    const double signal = amplitude_ * amplitude_;
    const double noise = std::max(power_ - signal, 1e-5 * power_);
    const double per_rail = signal / noise;
    return config_.wave.kind == modulation::bpsk ? 0.5 * per_rail : per_rail;
}

void tracker::step(std::span<const cf32> buffer, block& out) {
    const bool staggered = config_.wave.kind == modulation::oqpsk;
    filter_.mix(buffer, state_, block_symbols);
    filter_.filter(0.0, {value_, slope_});
    if (staggered) {
        filter_.filter(0.5, {value_late_, slope_late_});
    }
    const detector seen = staggered ? detect_staggered(out) : detect_psk(out);
    update_gain(seen);
    update_loops(seen);
    ++blocks_;
}

tracker::detector tracker::detect_psk(block& out) {
    const bool bpsk = config_.wave.kind == modulation::bpsk;
    const auto scale = static_cast<float>(1.0 / amplitude_);
    const double signal = amplitude_ * amplitude_;
    const auto certainty = static_cast<float>(
        std::clamp(signal / std::max(power_ - signal, 1e-6 * power_), 0.3, 20.0));
    rail_sums rails;
    float phase = 0;
    float turn_gain = 0;
    float turn_loss = 0;
    float wanted = 0;
    float power = 0;
    double error = 0.0;
    for (std::size_t k = 0; k < block_symbols; ++k) {
        const cf32 y = scale * value_[k];
        const cf32 dy = scale * slope_[k];
        out.points[k] = y;
        const float i = add_rail(rails, y.real(), dy.real(), certainty);
        const float square = y.real() * y.real();
        const float other = y.imag() * y.imag();
        power += square + other;
        phase += i * y.imag();
        turn_gain += i * y.real();
        turn_loss += certainty * (1.0F - i * i) * other;
        error += nearest_point_error(y.real());
        if (bpsk) {
            wanted += square - other;
            error += static_cast<double>(other);
            continue;
        }
        const float q = add_rail(rails, y.imag(), dy.imag(), certainty);
        phase -= q * y.real();
        turn_gain += q * y.imag();
        turn_loss += certainty * (1.0F - q * q) * square;
        // -Re z^4 / |z|^2, which is 1 · |z|^2 on the diagonals
        const float difference = square - other;
        const float product = 2.0F * y.real() * y.imag();
        wanted += square + other > 0.0F
                      ? (product * product - difference * difference) / (square + other)
                      : 0.0F;
        error += nearest_point_error(y.imag());
    }
    out.lock_wanted = static_cast<double>(wanted);
    out.lock_power = static_cast<double>(power);
    out.error_power = error;
    const double rail_count = bpsk ? block_symbols : 2.0 * block_symbols;
    return {.phase = static_cast<double>(phase) / block_symbols,
            .phase_slope = static_cast<double>(turn_gain - turn_loss) / block_symbols,
            .timing = static_cast<double>(rails.timing) / rail_count,
            .timing_slope = static_cast<double>(certainty * rails.slope_loss) / rail_count,
            .amplitude = static_cast<double>(rails.amplitude) / rail_count,
            .power = static_cast<double>(rails.power) / rail_count};
}

tracker::detector tracker::detect_staggered(block& out) {
    const auto scale = static_cast<float>(1.0 / amplitude_);
    const double signal = amplitude_ * amplitude_;
    const auto certainty = static_cast<float>(
        std::clamp(signal / std::max(power_ - signal, 1e-6 * power_), 0.3, 20.0));
    rail_sums rails;
    float phase = 0;
    float turn_gain = 0;
    float turn_loss = 0;
    float square_sum = 0;
    float fourth_sum = 0;
    double error = 0.0;
    for (std::size_t k = 0; k < block_symbols; ++k) {
        const cf32 early = scale * value_[k];
        const cf32 late = scale * value_late_[k];
        const float i = add_rail(rails, early.real(), scale * slope_[k].real(), certainty);
        const float q = add_rail(rails, late.imag(), scale * slope_late_[k].imag(), certainty);
        out.points[k] = {early.real(), late.imag()};
        phase += i * early.imag() - q * late.real();
        turn_gain += i * early.real() + q * late.imag();
        turn_loss += certainty * ((1.0F - i * i) * early.imag() * early.imag() +
                                  (1.0F - q * q) * late.real() * late.real());
        const float i2 = early.real() * early.real();
        const float q2 = late.imag() * late.imag();
        square_sum += i2 + q2;
        fourth_sum += i2 * i2 + q2 * q2;
        error += nearest_point_error(early.real()) + nearest_point_error(late.imag());
    }
    out.lock_wanted = static_cast<double>(fourth_sum);
    out.lock_power = static_cast<double>(square_sum);
    out.error_power = error;
    constexpr double rail_count = 2.0 * block_symbols;
    return {.phase = static_cast<double>(phase) / block_symbols,
            .phase_slope = static_cast<double>(turn_gain - turn_loss) / block_symbols,
            .timing = static_cast<double>(rails.timing) / rail_count,
            .timing_slope = static_cast<double>(certainty * rails.slope_loss) / rail_count,
            .amplitude = static_cast<double>(rails.amplitude) / rail_count,
            .power = static_cast<double>(rails.power) / rail_count};
}

void tracker::update_gain(const detector& seen) {
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
    constexpr double share = block_symbols / gain_memory_symbols;
    const double block_amplitude = seen.amplitude * amplitude_;
    amplitude_ += share * (block_amplitude - amplitude_);
    power_ += share * (block_power - power_);
    amplitude_ = std::max(amplitude_, 0.1 * std::sqrt(power_));
    power_ = std::max(power_, amplitude_ * amplitude_ * (1.0 + 1e-6));
}

void tracker::update_loops(const detector& seen) {
    const double span_samples = static_cast<double>(block_symbols) * state_.step;
    // The pulse's curvature at its centre (raised cosine), per sample².
    const double alpha = config_.wave.roll_off;
    const double pi2 = std::numbers::pi * std::numbers::pi;
    const double curvature =
        (pi2 / 3.0 + alpha * alpha * (pi2 - 8.0)) / (state_.step * state_.step);
    const double rails = config_.wave.kind == modulation::bpsk ? 1.0 : 2.0;
    const double timing_gain = std::max(curvature * seen.amplitude - seen.timing_slope, 0.0);
    if (blocks_ == 0) {
        phase_slope_ = 0.7 * rails;
        timing_slope_ = 0.7 * curvature;
    }
    phase_slope_ += 0.03 * (seen.phase_slope - phase_slope_);
    timing_slope_ += 0.03 * (timing_gain - timing_slope_);
    const double phase_error =
        std::clamp(seen.phase / std::max(phase_slope_, 0.15 * rails), -0.8, 0.8);
    const double timing_error = std::clamp(seen.timing / std::max(timing_slope_, 0.15 * curvature),
                                           -0.3 * state_.step, 0.3 * state_.step);

    const loop_bandwidth width = blocks_ < wide_blocks ? wide : narrow;
    // Third-order loop for the phase: a Doppler rate leaves no standing error.
    const double wn = width.carrier * static_cast<double>(block_symbols) / 0.7845;
    // Second-order loop for the timing, damping 0.707.
    const double theta = width.timing * static_cast<double>(block_symbols) / 1.06;
    const double spread = 1.0 + 1.414 * theta + theta * theta;

    state_ = state_.advanced(block_symbols);
    state_.phase += 2.4 * wn * phase_error;
    state_.frequency += 1.1 * wn * wn * phase_error / span_samples;
    if (blocks_ >= steady_blocks) {
        state_.frequency_rate +=
            rate_share * wn * wn * wn * phase_error / (span_samples * span_samples);
    }
    const double moved = 2.828 * theta / spread * timing_error;
    state_.position += moved;
    state_.phase += state_.frequency * moved; // the carrier is where it was
    state_.phase = std::remainder(state_.phase, 2.0 * std::numbers::pi);
    state_.step += 4.0 * theta * theta / spread * timing_error / static_cast<double>(block_symbols);
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
