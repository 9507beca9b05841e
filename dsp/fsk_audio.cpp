// SPDX-License-Identifier: MIT
#include "dsp/fsk_audio.h"

#include "dsp/receiver.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr std::size_t quarters = symbol_sampler::per_symbol;
constexpr double cutoff_symbol_rates = 0.9;
constexpr std::size_t looked_at_symbols = 384; // at a window's end
constexpr std::size_t start_block_symbols = 64;
// What sets symbols apart from the places half way between them, in power and in kurtosis: 0 on
// average in noise of any distribution (without a carrier the audio is nearly uniform, which looks
// like two levels). Its deviation in noise is 0.09 in a step; a clean signal has 0.2 (BT 0.3) to
// 0.5.
constexpr double threshold = 0.1;
constexpr double search_threshold = 0.16;
// Over a symbol's quarters: less than the whole symbol, as receivers' audio is band-limited.
constexpr std::array<float, quarters> weights{1.0F / 6, 2.0F / 6, 2.0F / 6, 1.0F / 6};
constexpr double level_share = 0.25;
constexpr double click_amplitudes = 2.0;    // beyond which it is a click of the demodulator
constexpr double max_clock_error = 1000e-6; // sound cards
constexpr std::size_t hasty_steps = 12;
constexpr int level_rounds = 3;

struct moments {
    double count = 0.0, square = 0.0, fourth = 0.0;

    void add(double value) noexcept {
        count += 1.0;
        square += value * value;
        fourth += value * value * value * value;
    }
    /// 1 for two levels, 0 for Gaussian noise; its root is the levels' share of the power.
    [[nodiscard]] double two_levels() const noexcept {
        return square > 0.0 ? std::clamp(1.5 - 0.5 * fourth * count / (square * square), 0.0, 1.0)
                            : 0.0;
    }
};

} // namespace

fsk_audio::fsk_audio(double samples_per_symbol)
    : samples_per_symbol_(samples_per_symbol), sampler_(samples_per_symbol, cutoff_symbol_rates) {}

/// Fills `whole_` with `count` symbols and `half_` with the places behind all but the last.
void fsk_audio::integrate(std::span<const cf32> buffer, const carrier_state& at,
                          std::size_t count) {
    const auto samples = sampler_.run(buffer, at, count);
    for (std::size_t k = 0; k < count; ++k) {
        const auto sum_from = [&](std::size_t first) {
            float sum = 0;
            for (std::size_t i = 0; i < quarters; ++i) {
                sum += weights[i] * samples[first + i].real();
            }
            return sum;
        };
        whole_[k] = sum_from(k * quarters);
        half_[k] = k + 1 < count ? sum_from(k * quarters + quarters / 2) : 0.0F;
    }
}

fsk_audio::levels fsk_audio::levels_of(std::size_t symbol_count) const noexcept {
    const auto symbols = std::span(whole_).first(symbol_count);
    const auto count = static_cast<double>(symbol_count);
    levels seen;
    for (const float value : symbols) {
        seen.middle += static_cast<double>(value) / count;
    }
    for (int round = 0; round < level_rounds; ++round) {
        std::array<double, 2> sum{};
        std::array<double, 2> number{};
        for (const float value : symbols) {
            const std::size_t side = static_cast<double>(value) > seen.middle ? 1 : 0;
            sum[side] += static_cast<double>(value);
            number[side] += 1.0;
        }
        if (number[0] < 1.0 || number[1] < 1.0) {
            return seen;
        }
        const double low = sum[0] / number[0];
        const double high = sum[1] / number[1];
        seen.middle = 0.5 * (low + high);
        seen.amplitude = 0.5 * (high - low);
    }
    const double most = click_amplitudes * seen.amplitude;
    moments whole;
    moments between;
    for (std::size_t k = 0; k < symbol_count; ++k) {
        const auto add = [&](moments& to, float value) {
            to.add(std::clamp(static_cast<double>(value) - seen.middle, -most, most));
        };
        add(whole, whole_[k]);
        if (k + 1 < symbol_count) {
            add(between, half_[k]);
        }
    }
    const double power = whole.square / count;
    seen.amplitude = std::sqrt(std::sqrt(std::max(whole.two_levels(), 0.01)) * power);
    seen.noise = power - seen.amplitude * seen.amplitude;
    const double power_between = between.square / std::max(count - 1.0, 1.0);
    fsk_patterns patterns{};
    std::size_t pattern = 0;
    for (std::size_t k = 0; k < symbol_count; ++k) {
        pattern =
            pattern * 2 % patterns.size() + (static_cast<double>(whole_[k]) > seen.middle ? 1 : 0);
        patterns[pattern] += k < 2 ? 0 : 1;
    }
    if (power + power_between > 0.0 && is_varied(patterns)) {
        seen.metric = (power - power_between) / (power + power_between) +
                      0.5 * (whole.two_levels() - between.two_levels());
    }
    return seen;
}

/// By how many symbols the signal is late: what stands half way between different symbols.
double fsk_audio::timing_of(const levels& seen, std::size_t count) const noexcept {
    double sum = 0.0;
    double changes = 0.0;
    for (std::size_t k = 0; k + 1 < count; ++k) {
        const bool before = static_cast<double>(whole_[k]) > seen.middle;
        const bool behind = static_cast<double>(whole_[k + 1]) > seen.middle;
        if (before != behind) {
            const double between = static_cast<double>(half_[k]) - seen.middle;
            sum += behind ? -between : between;
            changes += 1.0;
        }
    }
    return changes > 0.0 && seen.amplitude > 0.0
               ? std::clamp(sum / (2.0 * seen.amplitude * changes), -0.2, 0.2)
               : 0.0;
}

/// The symbol clock of the window's end: the integrals' power is highest at the right instants.
carrier_state fsk_audio::clock_at_end(std::span<const cf32> window) {
    const double step = samples_per_symbol_;
    carrier_state at;
    at.step = step;
    at.position =
        std::max(0.0, static_cast<double>(window.size()) - (looked_at_symbols + 1.0) * step -
                          static_cast<double>(sampler_.reach()));
    const auto samples = sampler_.run(window, at, looked_at_symbols);
    double mean = 0.0;
    for (const cf32 sample : samples) {
        mean += static_cast<double>(sample.real()) / static_cast<double>(samples.size());
    }
    std::complex<double> line{};
    constexpr std::array<std::complex<double>, quarters> turns{{{1, 0}, {0, -1}, {-1, 0}, {0, 1}}};
    for (std::size_t i = 0; i + quarters <= samples.size(); ++i) {
        double sum = 0.0;
        for (std::size_t j = i; j < i + quarters; ++j) {
            sum += static_cast<double>(samples[j].real()) - mean;
        }
        line += sum * sum * turns[i % quarters]; // centred i / quarters symbols behind `at`
    }
    const double late = std::arg(line) / (2.0 * std::numbers::pi);
    at.position -= late * step;
    return at;
}

std::optional<carrier_state> fsk_audio::search(std::span<const cf32> window) {
    carrier_state at = clock_at_end(window);
    integrate(window, at, looked_at_symbols);
    const levels seen = levels_of(looked_at_symbols);
    if (!(seen.metric > search_threshold)) {
        return std::nullopt;
    }
    at.position += timing_of(seen, looked_at_symbols) * at.step;
    // Back to where the blocks begin to speak for a signal.
    carrier_state first = at;
    double sum = 0.0;
    double highest = 0.0;
    for (carrier_state now = at.advanced(-static_cast<double>(start_block_symbols));
         now.position > 0.0; now = now.advanced(-static_cast<double>(start_block_symbols))) {
        integrate(window, now, start_block_symbols);
        const double metric = levels_of(start_block_symbols).metric;
        sum += metric - threshold;
        if (sum >= highest) {
            highest = sum;
            first = now;
        }
    }
    return first;
}

void fsk_audio::start(const carrier_state& at) {
    state_ = at;
    steps_ = 0;
}

std::ptrdiff_t fsk_audio::end_sample() const noexcept {
    return sampler_.end_sample(state_, fsk_step::symbols + 1);
}

void fsk_audio::step(std::span<const cf32> buffer, fsk_step& out) {
    constexpr std::size_t count = fsk_step::symbols;
    integrate(buffer, state_, count + 1);
    const levels seen = levels_of(count);
    const bool jump =
        seen.metric > threshold && std::abs(seen.middle - known_.middle) > 0.3 * known_.amplitude;
    const double share = steps_ == 0 || jump ? 1.0 : level_share;
    known_.middle += share * (seen.middle - known_.middle);
    known_.amplitude += share * (seen.amplitude - known_.amplitude);
    known_.noise += share * (seen.noise - known_.noise);
    const double scale = known_.amplitude > 0.0 ? 1.0 / known_.amplitude : 0.0;
    out.error_power = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
        const double value = std::clamp((known_.middle - static_cast<double>(whole_[k])) * scale,
                                        -click_amplitudes, click_amplitudes);
        out.soft[k] = static_cast<std::int8_t>(
            std::lrint(std::clamp(value * static_cast<double>(soft_amplitude), -127.0, 127.0)));
        out.points[k] = {static_cast<float>(value), 0.0F};
        const double miss = std::abs(value) - 1.0;
        out.error_power += miss * miss;
    }
    const double signal = known_.amplitude * known_.amplitude;
    out.es_n0 = signal > 0.0 ? 0.5 * signal / std::max(known_.noise, 1e-4 * signal) : 0.0;
    out.metric = seen.metric / threshold - 1.0;

    const double late = timing_of(seen, count + 1);
    const bool hasty = steps_ < hasty_steps;
    ++steps_;
    state_ = state_.advanced(count);
    state_.position += (hasty ? 0.5 : 0.2) * late * state_.step;
    const double change = (hasty ? 0.12 : 0.02) * late / count;
    state_.step =
        std::clamp(state_.step * (1.0 + change), samples_per_symbol_ * (1.0 - max_clock_error),
                   samples_per_symbol_ * (1.0 + max_clock_error));
}

} // namespace landfall::dsp
