// SPDX-License-Identifier: MIT
#include "dsp/fsk_iq.h"

#include "dsp/fsk_modulator.h"
#include "dsp/receiver.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr double two_pi = 2.0 * std::numbers::pi;
constexpr double follow_memory = 0.85;
constexpr double explore_memory = 0.6;
constexpr double bins_per_symbol_rate = 32.0;
constexpr std::size_t looked_at_symbols = 256;                      // at a window's end
constexpr double frequency_steps[] = {0.0, -0.05, 0.05, -0.1, 0.1}; // of the symbol rate
constexpr std::size_t timing_steps = 8;                             // of a symbol
constexpr std::size_t refinements = 3;                              // with either memory
constexpr std::size_t start_block_symbols = 32;
constexpr double max_clock_error = 500e-6;
constexpr std::size_t hasty_steps = 12; // after the start
// The level at which lock is as good as lost: no code in use works there.
constexpr double least_es_n0_db = -1.0;

double cutoff_of(const waveform& wave) noexcept {
    return 0.5 + 0.5 * wave.modulation_index;
}

} // namespace

fsk_iq::fsk_iq(const fsk_iq_config& config)
    : config_(config), sampler_(config.samples_per_symbol, cutoff_of(config.wave)),
      trellis_(config.wave, follow_memory), explorer_(config.wave, explore_memory),
      checker_(config.wave, follow_memory),
      transform_(next_power_of_two(
                     static_cast<std::size_t>(bins_per_symbol_rate * config.samples_per_symbol)),
                 fft_direction::forward),
      taper_(transform_.input().size()), power_(taper_.size()), soft_(looked_at_symbols) {
    for (std::size_t i = 0; i < taper_.size(); ++i) {
        const double turn = (static_cast<double>(i) + 0.5) / static_cast<double>(taper_.size());
        taper_[i] = static_cast<float>(0.5 - 0.5 * std::cos(two_pi * turn));
    }
    calibrate();
}

/// What noise alone looks like to the trellis, and what a signal does; and the signal's spectrum.
void fsk_iq::calibrate() {
    constexpr std::size_t symbols = 2048;
    base::random_source random(1);
    std::vector<std::uint8_t> bits(symbols + 32);
    for (std::uint8_t& bit : bits) {
        bit = random.bit() ? 1 : 0;
    }
    std::vector<cf32> signal;
    fsk_modulator modulator(config_.wave, config_.samples_per_symbol, 0);
    modulator.push(bits, signal);
    spectrum_of(signal, template_);
    double mean = 0.0;
    for (const double value : template_) {
        mean += value / static_cast<double>(template_.size());
    }
    for (double& value : template_) {
        value -= mean;
    }
    const carrier_state begin{.position = 8.0 * config_.samples_per_symbol,
                              .step = config_.samples_per_symbol};
    const fsk_block clean = look(signal, begin, looked_at_symbols, checker_);
    clean_power_ = clean.power;
    clean_signal_ = clean.amplitude * clean.amplitude;
    const double ratio = std::pow(10.0, least_es_n0_db / 10.0);
    const double deviation = std::sqrt(0.5 * config_.samples_per_symbol / ratio);
    std::vector<cf32> noise(signal.size());
    for (std::size_t i = 0; i < signal.size(); ++i) {
        noise[i] = {static_cast<float>(deviation * random.gaussian()),
                    static_cast<float>(deviation * random.gaussian())};
        signal[i] += noise[i];
    }
    const auto measure = [&](const std::vector<cf32>& samples) {
        double sum = 0.0;
        std::size_t blocks = 0;
        for (std::size_t k = 8; k + looked_at_symbols + 8 < symbols; k += looked_at_symbols) {
            const carrier_state at{.position = static_cast<double>(k) * config_.samples_per_symbol,
                                   .step = config_.samples_per_symbol};
            sum += metric_of(look(samples, at, looked_at_symbols, checker_), looked_at_symbols);
            ++blocks;
        }
        return sum / static_cast<double>(blocks);
    };
    noise_metric_ = measure(noise);
    threshold_ = 0.5 * (measure(signal) - noise_metric_);
}

void fsk_iq::spectrum_of(std::span<const cf32> samples, std::vector<double>& power) {
    const std::size_t size = taper_.size();
    power.assign(size, 0.0);
    for (std::size_t at = 0; at + size <= samples.size(); at += size / 2) {
        const auto input = transform_.input();
        for (std::size_t i = 0; i < size; ++i) {
            input[i] = taper_[i] * samples[at + i];
        }
        const auto output = transform_.run();
        for (std::size_t i = 0; i < size; ++i) {
            power[i] += static_cast<double>(std::norm(output[i]));
        }
    }
}

/// Cycles per sample: where the spectrum looks most like the signal's.
double fsk_iq::coarse_frequency(std::span<const cf32> window) {
    spectrum_of(window, power_);
    const auto size = static_cast<std::ptrdiff_t>(power_.size());
    const auto bins = static_cast<double>(size);
    const std::ptrdiff_t middle = std::lround(config_.frequency_hint * bins);
    const auto reach = static_cast<std::ptrdiff_t>(config_.search_range * bins);
    double best = -1.0;
    std::ptrdiff_t place = middle;
    for (std::ptrdiff_t offset = middle - reach; offset <= middle + reach; ++offset) {
        double sum = 0.0;
        for (std::ptrdiff_t k = 0; k < size; ++k) {
            sum += template_[static_cast<std::size_t>(k)] *
                   power_[static_cast<std::size_t>(((k + offset) % size + size) % size)];
        }
        if (sum > best) {
            best = sum;
            place = offset;
        }
    }
    return static_cast<double>(place) / bins;
}

double fsk_iq::metric_of(const fsk_block& seen, std::size_t symbols) const noexcept {
    if (!(seen.power > 0.0) || !is_varied(seen.patterns)) {
        return 0.0;
    }
    return seen.reference / (static_cast<double>(symbols) * std::sqrt(seen.power));
}

fsk_iq::correction fsk_iq::errors_of(const fsk_block& seen, const fsk_trellis& by) noexcept {
    correction found;
    if (seen.timing_slope > 0.0) {
        found.timing = std::clamp(seen.timing / seen.timing_slope, -0.2, 0.2);
    }
    found.turn = std::arg(seen.turn) / by.turn_symbols();
    return found;
}

void fsk_iq::move(carrier_state& at, const correction& by, double share) noexcept {
    const double samples = share * by.timing * at.step;
    at.position += samples;
    at.phase += at.frequency * samples;
    at.frequency += share * by.turn / at.step;
}

fsk_block fsk_iq::look(std::span<const cf32> window, const carrier_state& at, std::size_t count,
                       fsk_trellis& trellis) {
    trellis.reset();
    return trellis.detect(sampler_.run(window, at, count), std::span(soft_).first(count));
}

/// Of the symbols at the window's end.
carrier_state fsk_iq::strongest_start(std::span<const cf32> window, double frequency) {
    const double step = config_.samples_per_symbol;
    const double first =
        std::max(0.0, static_cast<double>(window.size()) - (looked_at_symbols + 2.0) * step -
                          static_cast<double>(sampler_.reach()));
    carrier_state best;
    double highest = -1.0;
    for (const double offset : frequency_steps) {
        for (std::size_t t = 0; t < timing_steps; ++t) {
            const carrier_state at{.position = first + static_cast<double>(t) * step / timing_steps,
                                   .step = step,
                                   .frequency = two_pi * (frequency + offset / step)};
            const fsk_block seen = look(window, at, looked_at_symbols, explorer_);
            const double height = metric_of(seen, looked_at_symbols);
            if (height > highest) {
                highest = height;
                best = at;
            }
        }
    }
    return best;
}

/// The change point: up to where, going back, the blocks speak for a signal.
carrier_state fsk_iq::signal_start(std::span<const cf32> window, const carrier_state& at,
                                   std::size_t symbols) {
    carrier_state first = at;
    carrier_state now = at;
    double sum = 0.0;
    double highest = 0.0;
    const double least = static_cast<double>(sampler_.reach());
    for (std::size_t back = 0; back < symbols; back += start_block_symbols) {
        now = now.advanced(-static_cast<double>(start_block_symbols));
        if (now.position < -0.5 * least) {
            break;
        }
        const fsk_block seen = look(window, now, start_block_symbols, checker_);
        sum += std::max(metric_of(seen, start_block_symbols) - noise_metric_, 0.0) - threshold_;
        if (sum >= highest) {
            highest = sum;
            first = now;
        }
    }
    return first;
}

std::optional<carrier_state> fsk_iq::search(std::span<const cf32> window) {
    carrier_state at = strongest_start(window, coarse_frequency(window));
    fsk_block seen;
    for (std::size_t i = 0; i < 2 * refinements; ++i) {
        fsk_trellis& trellis = i < refinements ? explorer_ : checker_;
        seen = look(window, at, looked_at_symbols, trellis);
        move(at, errors_of(seen, trellis), 1.0);
    }
    if (metric_of(seen, looked_at_symbols) < noise_metric_ + threshold_) {
        return std::nullopt;
    }
    return signal_start(window, at,
                        static_cast<std::size_t>(static_cast<double>(window.size()) / at.step));
}

void fsk_iq::start(const carrier_state& at) {
    state_ = at;
    trellis_.reset();
    steps_ = 0;
}

std::ptrdiff_t fsk_iq::end_sample() const noexcept {
    return sampler_.end_sample(state_, fsk_step::symbols + ahead_symbols);
}

void fsk_iq::step(std::span<const cf32> buffer, fsk_step& out) {
    constexpr std::size_t count = fsk_step::symbols;
    const auto samples = sampler_.run(buffer, state_, count + ahead_symbols);
    const auto soft = std::span(soft_).first(count);
    const fsk_block seen = trellis_.detect(samples, soft);
    double size = 0.0;
    for (const float value : soft) {
        size += static_cast<double>(std::abs(value)) / count;
    }
    const double share = steps_ == 0 ? 1.0 : 0.125;
    soft_mean_ += share * (size - soft_mean_);
    amplitude_ += share * (seen.amplitude - amplitude_);
    power_mean_ += share * (seen.power - power_mean_);
    const auto scale = static_cast<float>(soft_mean_ > 0.0 ? 1.0 / soft_mean_ : 0.0);
    out.error_power = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
        const float value = scale * soft[k];
        out.soft[k] = static_cast<std::int8_t>(
            std::lrint(std::clamp(value * soft_amplitude, -127.0F, 127.0F)));
        out.points[k] = {value, 0.0F};
        const double miss = std::abs(static_cast<double>(value)) - 1.0;
        out.error_power += miss * miss;
    }
    const double signal = amplitude_ * amplitude_ / clean_signal_;
    const double noise = std::max(power_mean_ - signal * clean_power_, 1e-4 * power_mean_);
    out.es_n0 = power_mean_ > 0.0
                    ? signal * config_.samples_per_symbol * sampler_.noise_gain() / noise
                    : 0.0;
    out.metric = std::max((metric_of(seen, count) - noise_metric_) / threshold_, 0.0) - 1.0;

    const correction found = errors_of(seen, trellis_);
    const bool hasty = steps_ < hasty_steps;
    ++steps_;
    state_ = state_.advanced(count);
    move(state_, found, hasty ? 0.5 : 0.2);
    const double change = (hasty ? 0.12 : 0.02) * found.timing / count;
    const double nominal = config_.samples_per_symbol;
    state_.step = std::clamp(state_.step * (1.0 + change), nominal * (1.0 - max_clock_error),
                             nominal * (1.0 + max_clock_error));
    state_.phase = std::remainder(state_.phase, two_pi);
}

} // namespace landfall::dsp
