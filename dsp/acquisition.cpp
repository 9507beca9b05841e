// SPDX-License-Identifier: MIT
#include "dsp/acquisition.h"

#include "dsp/acquisition_math.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <utility>

namespace landfall::dsp {
namespace {

using base::cf32;

// Heights of lines over noise, as ratios of power. Under noise a bin's power is exponentially
// distributed: among b bins and hypotheses the chance of a false line is b * exp(-height).
constexpr double least_clock_line = 14.0;
constexpr double least_carrier_line = 30.0;
// Of a short window a weaker clock will do where the carrier's line is beyond doubt, and not that
// of an unmodulated carrier, whose powers have lines as well.
constexpr double weak_clock_line = 6.0;
constexpr double sure_carrier_line = 40.0;
constexpr double most_bare_line = 25.0;
constexpr double most_neighbour_density = 8.0; // over that of the carrier's middle
constexpr double range_margin = 0.05;          // symbol rates
constexpr double most_short_symbols = 4500.0;  // of a short window
constexpr double half_carrier_line = 15.0;     // less than that noise may give
constexpr std::size_t most_clock_lines = 2;

/// Windows of one length hold a symbol more or less: not each time memory is taken.
void resize_with_room(std::vector<cf32>& items, std::size_t count) {
    constexpr std::size_t room = 64;
    if (items.capacity() < count) {
        items.reserve(count + room);
    }
    items.resize(count);
}

constexpr std::ptrdiff_t most_tone_rates = 400;
constexpr std::size_t start_block_symbols = 128;
constexpr double noise_block_metric = 0.11; // mean of |sum of M-th powers| / power, 128 symbols
constexpr double least_dip_blocks = 6.0;

} // namespace

acquisition::acquisition(const acquisition_config& config)
    : config_(config), filter_(config.wave.roll_off, config.samples_per_symbol) {}

fft& acquisition::transform_of(std::size_t size, fft_direction direction) {
    auto& plans = direction == fft_direction::forward ? forward_ : backward_;
    auto found = plans.find(size);
    if (found == plans.end()) {
        found = plans.emplace(size, fft(size, direction)).first;
    }
    return found->second;
}

void acquisition::transform(std::span<const cf32> window) {
    window_size_ = window.size();
    // Twice the window's length, so that a line between two bins is not missed.
    fft& plan = transform_of(next_power_of_two(window.size() * 3 / 2), fft_direction::forward);
    const auto input = plan.input();
    double power = 0.0;
    for (const cf32 sample : window) {
        power += static_cast<double>(std::norm(sample));
    }
    // Of unit power, whatever the samples' scale: what follows takes fourth powers.
    const double rms = std::sqrt(power / static_cast<double>(window.size()));
    const auto scale = static_cast<float>(rms > 0.0 ? 1.0 / rms : 0.0);
    std::transform(window.begin(), window.end(), input.begin(),
                   [scale](cf32 sample) { return scale * sample; });
    // Without the taper a strong tone's side lobes reach both band edges and look like a clock.
    const std::size_t taper = window.size() / 20;
    for (std::size_t k = 0; k < taper; ++k) {
        const double turn = (static_cast<double>(k) + 0.5) / static_cast<double>(taper);
        const auto weight = static_cast<float>(0.5 - 0.5 * std::cos(std::numbers::pi * turn));
        input[k] *= weight;
        input[window.size() - 1 - k] *= weight;
    }
    std::fill(input.begin() + std::ssize(window), input.end(), cf32{});
    const auto output = plan.run();
    spectrum_.assign(output.begin(), output.end());
}

/// The products of bins `distance` apart, from `first` on, summed with triangular weights of
/// 2 * half - 1 bins, over their expected noise; the higher of that and what is in `tops`.
void acquisition::raise_clock_lines(std::ptrdiff_t first, std::ptrdiff_t distance,
                                    std::ptrdiff_t half, std::vector<double>& tops) {
    const std::size_t size = spectrum_.size();
    const double padding = static_cast<double>(size) / static_cast<double>(window_size_);
    const auto width = static_cast<std::size_t>(half);
    products_.resize(tops.size() + 2 * width - 1);
    for (std::size_t k = 0; k < products_.size(); ++k) {
        const std::ptrdiff_t low = first + static_cast<std::ptrdiff_t>(k);
        products_[k] = product(spectrum_[wrapped(low + distance, size)],
                               std::conj(spectrum_[wrapped(low, size)]));
    }
    // A triangle is a moving sum of a moving sum.
    moving_sums_.resize(tops.size() + width);
    cf64 sum{};
    double power = 0.0;
    for (std::size_t k = 0; k + 1 < width; ++k) {
        sum += cf64(products_[k]);
    }
    for (std::size_t k = 0; k < moving_sums_.size(); ++k) {
        sum += cf64(products_[k + width - 1]);
        moving_sums_[k] = sum;
        sum -= cf64(products_[k]);
    }
    const auto power_of = [&](std::size_t k) {
        return static_cast<double>(std::norm(products_[k]));
    };
    sum = {};
    for (std::size_t k = 0; k + 1 < width; ++k) {
        sum += moving_sums_[k];
    }
    for (std::size_t k = 0; k + 2 < 2 * width; ++k) {
        power += power_of(k);
    }
    const double noise_share = padding * static_cast<double>(half * half) / 3.0;
    for (std::size_t k = 0; k < tops.size(); ++k) {
        sum += moving_sums_[k + width - 1];
        power += power_of(k + 2 * width - 2);
        tops[k] = std::max(tops[k], power > 0.0 ? std::norm(sum) / (power * noise_share) : 0.0);
        sum -= moving_sums_[k];
        power -= power_of(k);
    }
}

/// The same around one bin, with the weights that a clock has in noise, and exactly.
double acquisition::clock_line_at(std::ptrdiff_t middle, std::ptrdiff_t distance,
                                  std::ptrdiff_t half) const {
    const std::size_t size = spectrum_.size();
    cf64 sum{};
    double power = 0.0;
    for (std::ptrdiff_t k = 1 - half; k < half; ++k) {
        const double weight = clock_weight_[static_cast<std::size_t>(std::abs(k))];
        const cf64 term = weight * cf64(product(spectrum_[wrapped(middle + k + distance, size)],
                                                std::conj(spectrum_[wrapped(middle + k, size)])));
        sum += term;
        power += std::norm(term);
    }
    const double padding = static_cast<double>(size) / static_cast<double>(window_size_);
    return power > 0.0 ? std::norm(sum) / (power * padding) : 0.0;
}

std::span<const acquisition::coarse> acquisition::clock_lines() {
    // Every product of two bins a symbol rate apart carries the symbol clock where both bins lie in
    // the pulse's roll-off: moving sums over products.
    const double bins = static_cast<double>(spectrum_.size());
    const double rate_bins = bins / config_.samples_per_symbol;
    const auto half = static_cast<std::ptrdiff_t>(0.5 * config_.wave.roll_off * rate_bins);
    const auto reach = static_cast<std::ptrdiff_t>(config_.search_range * bins);
    const std::ptrdiff_t middle = std::lround(config_.frequency_hint * bins - rate_bins / 2);
    const auto lag_reach =
        static_cast<std::ptrdiff_t>(std::ceil(0.5 + config_.max_clock_error * rate_bins));
    const std::ptrdiff_t distance = std::lround(rate_bins);
    std::vector<double>& tops = scratch_;
    tops.assign(static_cast<std::size_t>(2 * reach + 1), 0.0);
    for (std::ptrdiff_t lag = -lag_reach; lag <= lag_reach; ++lag) {
        raise_clock_lines(middle - reach - (half - 1), distance + lag, half, tops);
    }
    if (clock_weight_.size() != static_cast<std::size_t>(half)) {
        clock_weight_.resize(static_cast<std::size_t>(half));
        for (std::size_t k = 0; k < clock_weight_.size(); ++k) {
            clock_weight_[k] = std::cos(0.5 * std::numbers::pi * static_cast<double>(k) /
                                        static_cast<double>(half));
        }
    }
    clock_lines_.clear();
    while (clock_lines_.size() < most_clock_lines) {
        const auto top = std::max_element(tops.begin(), tops.end()) - tops.begin();
        const double height = tops[static_cast<std::size_t>(top)];
        const std::ptrdiff_t from = std::max<std::ptrdiff_t>(0, top - half);
        const std::ptrdiff_t to = std::min(std::ssize(tops), top + half + 1);
        if (!(height > 0.0)) {
            break; // what is left lies beside stronger ones
        }
        double weight = 0.0;
        double moment = 0.0; // the line is broad: its centre of gravity is its place
        for (std::ptrdiff_t k = from; k < to; ++k) {
            double& at = tops[static_cast<std::size_t>(k)];
            if (at > 0.5 * height) {
                weight += at;
                moment += at * static_cast<double>(k);
            }
            at = 0.0;
        }
        coarse found;
        const double place = static_cast<double>(middle - reach) + moment / weight;
        found.frequency = (place + rate_bins / 2) / bins;
        for (std::ptrdiff_t lag = -lag_reach; lag <= lag_reach; ++lag) {
            found.line =
                std::max(found.line, clock_line_at(middle - reach + top, distance + lag, half));
        }
        clock_lines_.push_back(found);
    }
    std::sort(clock_lines_.begin(), clock_lines_.end(),
              [](const coarse& a, const coarse& b) { return a.line > b.line; });
    return clock_lines_;
}

/// Long windows are for weaker signals, not for weaker evidence.
bool acquisition::is_short(std::span<const cf32> window) const {
    return static_cast<double>(window.size()) < most_short_symbols * config_.samples_per_symbol;
}

/// Whether a carrier is where one is sought.
bool acquisition::in_range(const carrier_state& carrier) const {
    const double away = carrier.frequency / two_pi - config_.frequency_hint;
    return std::abs(away) <= config_.search_range + range_margin / config_.samples_per_symbol;
}

/// Whether the symbols have a line of their own: an unmodulated carrier's.
bool acquisition::has_bare_line() {
    return strongest_tone(symbols_, symbols_.size(), 0.0).power > most_bare_line;
}

/// Whether a carrier whose clock is weak is what its line shows, and not another that reaches into
/// its band: that would be elsewhere, or its own band much denser.
bool acquisition::is_own_line(const coarse& found, const powered_carrier& carrier) {
    const double away = found.frequency - carrier.middle.frequency / two_pi;
    const double most_away = 0.02 + 0.3 * config_.wave.roll_off; // symbol rates
    return std::abs(away) * config_.samples_per_symbol <= most_away && !has_bare_line() &&
           !has_strong_neighbour(found.frequency);
}

bool acquisition::has_strong_neighbour(double frequency) const {
    const double bins = static_cast<double>(spectrum_.size());
    const auto width = static_cast<std::ptrdiff_t>(0.25 * bins / config_.samples_per_symbol);
    const auto density = [&](std::ptrdiff_t first) {
        double sum = 0.0;
        for (std::ptrdiff_t k = first; k < first + width; ++k) {
            sum += static_cast<double>(std::norm(spectrum_[wrapped(k, spectrum_.size())]));
        }
        return sum;
    };
    const std::ptrdiff_t middle = std::lround(frequency * bins);
    const double own = density(middle - width / 2);
    for (std::ptrdiff_t k = width; k + width < std::ssize(spectrum_); k += width) {
        if (density(middle + k) > most_neighbour_density * own) {
            return true;
        }
    }
    return false;
}

const acquisition::edges& acquisition::band_edges(double frequency) {
    const std::size_t size = spectrum_.size();
    const double bins = static_cast<double>(size);
    const double rate_bins = bins / config_.samples_per_symbol;
    const auto half = static_cast<std::ptrdiff_t>(0.5 * config_.wave.roll_off * rate_bins);
    // Room for the squared band, which is twice as wide.
    const std::size_t points = next_power_of_two(static_cast<std::size_t>(4 * half + 2));
    fft& plan = transform_of(points, fft_direction::backward);
    if (edge_weight_.size() != static_cast<std::size_t>(half + 1)) {
        edge_weight_.resize(static_cast<std::size_t>(half + 1));
        for (std::ptrdiff_t k = 0; k <= half; ++k) {
            const double place = static_cast<double>(k) / static_cast<double>(half + 1);
            edge_weight_[static_cast<std::size_t>(k)] =
                static_cast<float>(std::cos(0.5 * std::numbers::pi * place));
        }
    }
    edges& bands = bands_;
    bands.decimation = bins / static_cast<double>(points);
    bands.items = static_cast<std::size_t>(static_cast<double>(window_size_) / bands.decimation);
    const auto cut = [&](double centre_cycles, std::vector<cf32>& out) {
        const std::ptrdiff_t centre = std::lround(centre_cycles * bins);
        const auto input = plan.input();
        std::fill(input.begin(), input.end(), cf32{});
        for (std::ptrdiff_t k = -half; k <= half; ++k) {
            input[wrapped(k, points)] = edge_weight_[static_cast<std::size_t>(std::abs(k))] *
                                        spectrum_[wrapped(centre + k, size)];
        }
        const auto output = plan.run();
        out.assign(output.begin(), output.begin() + static_cast<std::ptrdiff_t>(bands.items));
        return static_cast<double>(centre) / bins;
    };
    const double half_rate = 0.5 / config_.samples_per_symbol;
    bands.upper_shift = cut(frequency + half_rate, bands.upper);
    bands.lower_shift = cut(frequency - half_rate, bands.lower);
    return bands;
}

acquisition::clock acquisition::fit_clock(const edges& bands) const {
    // The product of the edges turns once per symbol; what is left after the nominal rate is the
    // clock error, sought on sums over short stretches.
    constexpr std::size_t stretches = 64;
    std::array<cf64, stretches> sums{};
    const double nominal =
        (1.0 / config_.samples_per_symbol - (bands.upper_shift - bands.lower_shift)) *
        bands.decimation;
    const double middle = 0.5 * static_cast<double>(bands.items);
    for (std::size_t m = 0; m < bands.items; ++m) {
        const cf64 product = cf64(bands.upper[m]) * std::conj(cf64(bands.lower[m]));
        sums[m * stretches / bands.items] +=
            product * turned(-nominal * (static_cast<double>(m) - middle));
    }
    const double length_symbols =
        static_cast<double>(window_size_) / config_.samples_per_symbol / stretches;
    const auto total = [&](double error) {
        cf64 sum{};
        for (std::size_t s = 0; s < stretches; ++s) {
            const double symbols =
                (static_cast<double>(s) + 0.5 - 0.5 * stretches) * length_symbols;
            sum += sums[s] * turned(-error * symbols);
        }
        return sum;
    };
    const double grid =
        std::min(0.25 / (length_symbols * stretches), 0.25 * config_.max_clock_error);
    double best_error = 0.0;
    double best_power = -1.0;
    for (double error = -config_.max_clock_error; error <= config_.max_clock_error; error += grid) {
        const double power = std::norm(total(error));
        if (power > best_power) {
            best_power = power;
            best_error = error;
        }
    }
    best_error += grid * peak_offset(std::norm(total(best_error - grid)), best_power,
                                     std::norm(total(best_error + grid)));
    clock found;
    found.step = config_.samples_per_symbol / (1.0 + best_error);
    // The edges were shifted to zero, which turned their product as well.
    const double at = middle * bands.decimation;
    const double turns =
        std::arg(total(best_error)) / two_pi + (bands.upper_shift - bands.lower_shift) * at;
    found.position = at - (turns - std::round(turns)) * found.step;
    return found;
}

acquisition::tone acquisition::strongest_tone(std::span<const cf32> items, std::size_t count,
                                              double max_rate) {
    const std::size_t points = next_power_of_two(2 * count);
    fft& plan = transform_of(points, fft_direction::forward);
    // Neighbouring hypotheses differ by a quarter turn at the ends of the longest of these windows.
    const std::size_t most_count = points / 2;
    const double most_middle = 0.5 * static_cast<double>(most_count);
    const double rate_step = 0.5 / (most_middle * most_middle);
    const auto rates = std::min(static_cast<std::ptrdiff_t>(std::ceil(max_rate / rate_step - 1e-9)),
                                most_tone_rates);
    double energy = 0.0;
    for (const cf32 item : items.first(count)) {
        energy += static_cast<double>(std::norm(item));
    }
    tone best;
    for (std::ptrdiff_t r = -rates; r <= rates; ++r) {
        const double rate = static_cast<double>(r) * rate_step;
        const auto input = plan.input();
        if (r == 0) {
            std::copy_n(items.begin(), count, input.begin());
        } else {
            take_chirp_out(items.first(count), rate, input);
        }
        std::fill(input.begin() + static_cast<std::ptrdiff_t>(count), input.end(), cf32{});
        const auto output = plan.run();
        std::size_t top = 0;
        for (std::size_t k = 1; k < points; ++k) {
            top = std::norm(output[k]) > std::norm(output[top]) ? k : top;
        }
        const auto power = static_cast<double>(std::norm(output[top]));
        if (power > best.power) {
            best.power = power;
            best.rate = rate;
            const auto neighbour = [&](std::ptrdiff_t d) {
                return static_cast<double>(
                    std::norm(output[wrapped(static_cast<std::ptrdiff_t>(top) + d, points)]));
            };
            const double place =
                static_cast<double>(top) + peak_offset(neighbour(-1), power, neighbour(1));
            best.frequency = place / static_cast<double>(points);
            best.frequency -= std::round(best.frequency);
        }
    }
    best.power = energy > 0.0 ? best.power / energy : 0.0;
    return best;
}

std::optional<acquired_carrier> acquisition::search(std::span<const cf32> window) {
    transform(window);
    return config_.wave.kind == modulation::oqpsk ? search_staggered(window) : search_psk(window);
}

void acquisition::prepare(std::span<const cf32> window) {
    const double rate = std::exchange(config_.max_frequency_rate, 0.0);
    static_cast<void>(search(window));
    config_.max_frequency_rate = rate;
}

void acquisition::filter_all(std::span<const cf32> window, const carrier_state& from,
                             std::size_t count) {
    const bool staggered = config_.wave.kind == modulation::oqpsk;
    resize_with_room(symbols_, count);
    resize_with_room(staggered_, staggered ? count : 0);
    filter_.restart();
    for (std::size_t k = 0; k < count; k += matched_filter::block_symbols) {
        const std::size_t length = std::min(matched_filter::block_symbols, count - k);
        const carrier_state at = from.advanced(static_cast<double>(k));
        const auto filter = [&](double delay, std::vector<cf32>& to) {
            filter_.filter(delay, 1.0F, {.value = std::span(to).subspan(k, length), .slope = {}});
        };
        filter_.mix(window, at, length);
        filter(0.0, symbols_);
        if (staggered) {
            filter(0.5, staggered_);
        }
    }
}

std::optional<acquired_carrier> acquisition::search_psk(std::span<const cf32> window) {
    const auto clocks = clock_lines();
    promise_ = clocks.empty() ? 0.0 : clocks.front().line / least_clock_line;
    powered_carrier best;
    double clock_line = 0.0;
    for (const coarse& found : clocks) {
        const bool sure = found.line >= least_clock_line;
        if (!sure && (!is_short(window) || found.line < weak_clock_line)) {
            continue;
        }
        const powered_carrier carrier = carrier_at(window, found.frequency);
        const double least = sure ? least_carrier_line : sure_carrier_line;
        if (carrier.line < least || carrier.line < best.line || !in_range(carrier.middle)) {
            continue;
        }
        if (sure || is_own_line(found, carrier)) {
            best = carrier;
            clock_line = found.line;
        }
        if (sure && best.line > 0.0) {
            break;
        }
    }
    if (best.line == 0.0) {
        return std::nullopt;
    }
    acquired_carrier carrier = finish(window, best.middle);
    carrier.clock_line = clock_line;
    carrier.carrier_line = best.line;
    return carrier;
}

/// The clock and the strongest line in the M-th power of the symbols near `frequency`.
acquisition::powered_carrier acquisition::carrier_at(std::span<const cf32> window,
                                                     double frequency) {
    const clock symbol_clock = fit_clock(band_edges(frequency));
    carrier_state middle{.position = symbol_clock.position,
                         .step = symbol_clock.step,
                         .frequency = two_pi * frequency};
    const double before = std::floor(middle.position / middle.step);
    const auto count = static_cast<std::size_t>(
        before + (static_cast<double>(window.size()) - middle.position) / middle.step);
    const unsigned order = config_.wave.kind == modulation::bpsk   ? 2
                           : config_.wave.kind == modulation::psk8 ? 8
                                                                   : 4;
    double line = 0.0;
    for (int pass = 0; pass < 2; ++pass) { // the second with the filter where the carrier is
        filter_all(window, middle.advanced(-before), count);
        resize_with_room(work_, count);
        for (std::size_t k = 0; k < count; ++k) {
            const cf32 squared = symbols_[k] * symbols_[k];
            const float power = std::norm(symbols_[k]);
            work_[k] = order == 2 ? squared : power > 0.0F ? squared * squared / power : cf32{};
            if (order == 8 && power > 0.0F) {
                work_[k] *= work_[k] / power;
            }
        }
        // What the filter's pass already took out is no longer in the symbols.
        const tone power_line =
            strongest_tone(work_, count, pass == 0 ? order * config_.max_frequency_rate : 0.0);
        line = pass == 0 ? power_line.power : std::max(line, power_line.power);
        if (line < half_carrier_line) {
            break; // noise: the second pass would show no more
        }
        const double samples = middle.step;
        const double turn = two_pi * power_line.frequency / order / samples;
        const double rate = two_pi * power_line.rate / order / (samples * samples);
        const cf64 sum = correlate(work_, power_line.frequency, power_line.rate);
        // The line's phase at the count's middle, carried to `middle`.
        const double to_middle = (before - 0.5 * static_cast<double>(count)) * samples;
        const double constellation = order == 2 ? 0.0 : std::numbers::pi;
        const double phase = (std::arg(sum) - constellation) / order;
        middle.phase += phase + (turn + 0.5 * rate * to_middle) * to_middle;
        middle.frequency += turn + rate * to_middle;
        middle.frequency_rate += rate;
    }
    return {middle, line};
}

acquired_carrier acquisition::finish(std::span<const cf32> window, const carrier_state& middle) {
    const double before = std::floor(middle.position / middle.step);
    const carrier_state first = middle.advanced(-before);
    const auto count = static_cast<std::size_t>(
        (static_cast<double>(window.size()) - first.position) / middle.step);
    filter_all(window, first, count);
    const std::size_t start = signal_start(count);
    acquired_carrier carrier;
    carrier.state = first.advanced(static_cast<double>(start));
    double power = 0.0;
    double fourth = 0.0;
    double rails = 0.0;
    const auto add = [&](float value) {
        const double square = static_cast<double>(value) * static_cast<double>(value);
        power += square;
        fourth += square * square;
        rails += 1.0;
    };
    for (std::size_t k = start; k < count; ++k) {
        add(symbols_[k].real());
        if (config_.wave.kind == modulation::qpsk || config_.wave.kind == modulation::psk8) {
            add(symbols_[k].imag());
        } else if (config_.wave.kind == modulation::oqpsk) {
            add(staggered_[k].imag());
        }
    }
    carrier.rail_power = power / rails;
    if (power > 0.0) { // of noise this has a mean of 0 and a deviation of 1
        const double excess = fourth * rails / (power * power) - 3.0;
        carrier.rail_certainty = -excess * std::sqrt(rails / 24.0);
    }
    // Of ± a in Gaussian noise: a^4 = (3 M2^2 - M4) / 2. Of 8PSK's rails M4 is that of a circle's.
    const double scale = config_.wave.kind == modulation::psk8 ? 2.0 / 3.0 : 0.5;
    const double a4 = scale * (3.0 * carrier.rail_power * carrier.rail_power - fourth / rails);
    carrier.rail_amplitude =
        std::sqrt(std::sqrt(std::max(a4, 0.01 * carrier.rail_power * carrier.rail_power)));
    return carrier;
}

std::size_t acquisition::signal_start(std::size_t count) {
    const std::size_t blocks = count / start_block_symbols;
    if (blocks < 2) {
        return 0;
    }
    std::vector<double>& metric = scratch_;
    metric.resize(blocks);
    for (std::size_t b = 0; b < blocks; ++b) {
        double wanted = 0.0;
        double power = 0.0;
        cf64 sum{};
        for (std::size_t k = b * start_block_symbols; k < (b + 1) * start_block_symbols; ++k) {
            const cf64 z = symbols_[k];
            if (config_.wave.kind == modulation::oqpsk) {
                const double i = z.real() * z.real();
                const double q = std::pow(static_cast<double>(staggered_[k].imag()), 2);
                power += 0.5 * (i + q);
                wanted += 0.5 * (i * i + q * q);
            } else {
                power += std::norm(z);
                cf64 lined = config_.wave.kind == modulation::bpsk ? z * z
                             : std::norm(z) > 0.0                  ? z * z * z * z / std::norm(z)
                                                                   : cf64{};
                if (config_.wave.kind == modulation::psk8 && std::norm(z) > 0.0) {
                    lined *= lined / std::norm(z);
                }
                sum += lined;
            }
        }
        if (config_.wave.kind == modulation::oqpsk) {
            const double m2 = power / start_block_symbols;
            metric[b] = m2 > 0.0 ? 1.5 - 0.5 * wanted / start_block_symbols / (m2 * m2) : 0.0;
        } else {
            // The weak line of 8PSK is summed with its phase, which is known by now.
            const double line = config_.wave.kind == modulation::psk8 ? -sum.real() : std::abs(sum);
            metric[b] = power > 0.0 ? line / power : 0.0;
        }
    }
    // The change point: up to where the metric is below half of what it is where it is best. A few
    // blocks too many do not hurt, a frame's beginning too little does: only a clear dip counts.
    std::vector<double>& sorted = more_scratch_;
    sorted = metric;
    std::sort(sorted.begin(), sorted.end());
    const bool signed_metric =
        config_.wave.kind == modulation::oqpsk || config_.wave.kind == modulation::psk8;
    const double noise = signed_metric ? 0.0 : noise_block_metric;
    const double margin = 0.5 * (sorted[sorted.size() * 3 / 4] - noise);
    double sum = 0.0;
    double lowest = -least_dip_blocks * margin;
    std::size_t start = 0;
    for (std::size_t b = 0; b < blocks; ++b) {
        sum += metric[b] - noise - margin;
        if (sum < lowest) {
            lowest = sum;
            start = b + 1;
        }
    }
    return start < blocks ? start * start_block_symbols : 0;
}

} // namespace landfall::dsp
