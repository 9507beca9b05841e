// SPDX-License-Identifier: MIT
// The acquisition of OQPSK, whose symbol clock shows only together with the carrier.
#include "dsp/acquisition.h"
#include "dsp/acquisition_math.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace landfall::dsp {
namespace {

using base::cf32;

constexpr double least_pair_line = 34.0; // the sum of two lines' powers
constexpr double least_share = 0.15;     // of the weaker of the two
constexpr double least_noise = 1e-3;     // of the densest noise in the window
constexpr double sure_line = 200.0;      // for the weaker alone
// Of a short window weaker lines will do where the rails that they lead to are those of a signal,
// by standard deviations of noise. Beside an unmodulated carrier both are needed.
constexpr double weak_pair_line = 18.0;
constexpr double least_refined_line = 14.0;
constexpr double least_rail_certainty = 7.0;

constexpr std::size_t pair_decimation = 4; // of the squared band edges
constexpr double most_pair_rates = 64.0;
constexpr double pair_rates_items = 8192.0; // of a window that may have that many
constexpr std::size_t most_places = 16;

} // namespace

acquisition::pair_line acquisition::strongest_pair(const edges& bands, const rate_range& rates) {
    // The squared band edges of OQPSK have lines at twice the carrier, plus and minus the symbol
    // rate; with the rate known they stand (almost) in the same bin of both spectra. The carrier is
    // near the edges' centre, so a quarter of their bandwidth is enough.
    const std::size_t count = bands.items / pair_decimation;
    const std::size_t points = next_power_of_two(2 * count);
    const double item_samples = bands.decimation * pair_decimation;
    const double nominal =
        (2.0 / config_.samples_per_symbol - 2.0 * (bands.upper_shift - bands.lower_shift)) *
        item_samples; // difference of the two lines' frequencies
    const auto reach = static_cast<std::ptrdiff_t>(
                           std::ceil(config_.max_clock_error * item_samples /
                                     config_.samples_per_symbol * static_cast<double>(points))) +
                       1;
    square_edge(bands.upper, 0.5 * nominal, count, upper_squared_);
    square_edge(bands.lower, -0.5 * nominal, count, lower_squared_);
    pair_line best;
    for (std::ptrdiff_t r = -rates.count; r <= rates.count; ++r) {
        const double rate = rates.middle + static_cast<double>(r) * rates.step;
        line_powers(upper_squared_, rate, points, upper_power_);
        line_powers(lower_squared_, rate, points, lower_power_);
        const paired_bins seen = strongest_bins(static_cast<std::size_t>(reach));
        if (static_cast<double>(seen.power) > best.power) {
            best.power = static_cast<double>(seen.power);
            const std::ptrdiff_t top = seen.upper;
            const std::ptrdiff_t top_distance = seen.distance;
            const auto fine = [&](const std::vector<float>& line, std::ptrdiff_t at) {
                const auto value = [&](std::ptrdiff_t i) {
                    return static_cast<double>(line[wrapped(i, points)]);
                };
                return (static_cast<double>(at) +
                        peak_offset(value(at - 1), value(at), value(at + 1))) /
                       static_cast<double>(points);
            };
            const double high = fine(upper_power_, top);
            const double low = fine(lower_power_, top - top_distance);
            const double sum = high + low;
            const auto lower_place = wrapped(top - top_distance, points);
            best.weaker = static_cast<double>(
                std::min(upper_power_[static_cast<std::size_t>(top)], lower_power_[lower_place]));
            best.item_rate = rate;
            best.rate = rate / (pair_decimation * pair_decimation);
            best.sum = (sum - 2.0 * std::round(sum / 2.0)) / pair_decimation;
            best.difference = (high - low + nominal) / pair_decimation;
        }
    }
    return best;
}

/// The bin of the upper edge and the one of the lower, at most `reach` beside it, that are
/// strongest together.
acquisition::paired_bins acquisition::strongest_bins(std::size_t reach) {
    constexpr std::size_t lanes = 16; // maxima apart, so that the loop becomes vector code
    const std::size_t points = upper_power_.size();
    around_.resize(points + 2 * reach);
    std::copy(lower_power_.end() - static_cast<std::ptrdiff_t>(reach), lower_power_.end(),
              around_.begin());
    std::copy(lower_power_.begin(), lower_power_.end(),
              around_.begin() + static_cast<std::ptrdiff_t>(reach));
    std::copy(lower_power_.begin(), lower_power_.begin() + static_cast<std::ptrdiff_t>(reach),
              around_.end() - static_cast<std::ptrdiff_t>(reach));
    std::array<float, lanes> tops{};
    const auto sum_at = [&](std::size_t k) { // the best partner's power added
        float top = around_[k];
        for (std::size_t i = 1; i <= 2 * reach; ++i) {
            top = top < around_[k + i] ? around_[k + i] : top;
        }
        return upper_power_[k] + top;
    };
    for (std::size_t k = 0; k < points; k += lanes) {
        std::array<float, lanes> top;
        std::copy_n(around_.begin() + static_cast<std::ptrdiff_t>(k), lanes, top.begin());
        for (std::size_t i = 1; i <= 2 * reach; ++i) {
            for (std::size_t l = 0; l < lanes; ++l) {
                const float other = around_[k + i + l];
                top[l] = top[l] < other ? other : top[l];
            }
        }
        for (std::size_t l = 0; l < lanes; ++l) {
            const float sum = upper_power_[k + l] + top[l];
            tops[l] = tops[l] < sum ? sum : tops[l];
        }
    }
    paired_bins best;
    best.power = *std::max_element(tops.begin(), tops.end());
    std::size_t at = 0;
    while (at + 1 < points && sum_at(at) < best.power) {
        ++at;
    }
    const auto first = around_.begin() + static_cast<std::ptrdiff_t>(at);
    const auto partner =
        std::max_element(first, first + static_cast<std::ptrdiff_t>(2 * reach + 1)) - first;
    best.upper = static_cast<std::ptrdiff_t>(at);
    best.distance = static_cast<std::ptrdiff_t>(reach) - partner;
    return best;
}

/// The edge squared, turned by `shift` cycles per decimated item, and decimated by summing.
void acquisition::square_edge(std::span<const cf32> edge, double shift, std::size_t count,
                              std::vector<cf32>& out) {
    out.resize(count);
    const double middle = 0.5 * static_cast<double>(count);
    cf64 turn = turned(shift * middle);
    const cf64 step = turned(-shift);
    for (std::size_t k = 0; k < count; ++k) {
        cf32 sum{};
        for (std::size_t i = 0; i < pair_decimation; ++i) {
            const cf32 item = edge[k * pair_decimation + i];
            sum += product(item, item);
        }
        out[k] = product(sum, cf32(turn));
        turn = product(turn, step);
    }
}

/// The power spectrum of items whose frequency rises by `rate`, over its noise.
void acquisition::line_powers(std::span<const cf32> items, double rate, std::size_t points,
                              std::vector<float>& out) {
    fft& plan = transform_of(points, fft_direction::forward);
    const auto input = plan.input();
    take_chirp_out(items, rate, input);
    std::fill(input.begin() + static_cast<std::ptrdiff_t>(items.size()), input.end(), cf32{});
    const auto output = plan.run();
    out.resize(points);
    for (std::size_t k = 0; k < points; ++k) {
        out[k] = std::norm(output[k]);
    }
    // The noise of squared edges is densest in the middle of the band, where the line is, too.
    double noise = 0.0;
    for (std::size_t k = 0; k < points / 8; ++k) {
        noise += static_cast<double>(out[k]) + static_cast<double>(out[points - 1 - k]);
    }
    // Next to a signal without noise there is next to nothing: lines over that are none.
    noise_floor_ = std::max(noise_floor_, least_noise * noise);
    noise = std::max(noise, noise_floor_);
    const auto scale =
        static_cast<float>(noise > 0.0 ? static_cast<double>(points / 8) * 2.0 / noise : 0.0);
    for (float& power : out) {
        power *= scale;
    }
}

/// Places where the band holds most energy, at most most_places of them.
std::span<const double> acquisition::likely_places() {
    const double stride = 0.25 * config_.wave.roll_off / config_.samples_per_symbol;
    const auto steps = static_cast<std::ptrdiff_t>(std::ceil(config_.search_range / stride));
    const double bins = static_cast<double>(spectrum_.size());
    const auto half = static_cast<std::ptrdiff_t>(0.5 * bins / config_.samples_per_symbol);
    std::vector<std::pair<double, double>>& places = places_;
    places.clear();
    const auto energy_at = [&](std::ptrdiff_t bin) {
        return static_cast<double>(std::norm(spectrum_[wrapped(bin, spectrum_.size())]));
    };
    std::ptrdiff_t low = std::lround((config_.frequency_hint - config_.search_range) * bins) - half;
    std::ptrdiff_t high = low; // the running sum is over bins from low up to high
    double energy = 0.0;
    for (std::ptrdiff_t s = -steps; s <= steps; ++s) {
        const double frequency = config_.frequency_hint + static_cast<double>(s) * stride;
        const std::ptrdiff_t centre = std::lround(frequency * bins);
        for (; high <= centre + half; ++high) {
            energy += energy_at(high);
        }
        for (; low < centre - half; ++low) {
            energy -= energy_at(low);
        }
        places.emplace_back(energy, frequency);
    }
    const std::size_t kept = std::min(places.size(), most_places);
    std::partial_sort(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept),
                      places.end(), std::greater<>());
    std::vector<double>& frequencies = scratch_;
    frequencies.resize(kept);
    std::transform(places.begin(), places.begin() + static_cast<std::ptrdiff_t>(kept),
                   frequencies.begin(), [](const auto& place) { return place.second; });
    return frequencies;
}

/// The carrier near the window's middle, from the phases of the two lines.
carrier_state acquisition::staggered_state(const edges& bands, const pair_line& line) {
    const std::size_t items = bands.items;
    const auto phase_of = [&](std::span<const cf32> edge, double frequency) {
        work_.resize(items);
        for (std::size_t k = 0; k < items; ++k) {
            work_[k] = edge[k] * edge[k];
        }
        return std::arg(correlate(work_, frequency, line.rate));
    };
    const double high = phase_of(bands.upper, 0.5 * (line.sum + line.difference));
    const double low = phase_of(bands.lower, 0.5 * (line.sum - line.difference));
    // At the window's middle; shifts of the bands turn the squared edges as well.
    const double at = 0.5 * static_cast<double>(items) * bands.decimation;
    const double upper_phase = high + two_pi * 2.0 * bands.upper_shift * at;
    const double lower_phase = low + two_pi * 2.0 * bands.lower_shift * at;
    const double rate_hz =
        (line.difference / bands.decimation + 2.0 * (bands.upper_shift - bands.lower_shift)) / 2.0;
    carrier_state middle;
    middle.step = 1.0 / rate_hz;
    middle.frequency =
        two_pi * (line.sum / bands.decimation + 2.0 * (bands.upper_shift + bands.lower_shift)) /
        4.0;
    middle.frequency_rate = two_pi * line.rate / (2.0 * bands.decimation * bands.decimation);
    const double phase = (upper_phase + lower_phase) / 4.0;
    const double turns = std::remainder((upper_phase - lower_phase) / 2.0, two_pi) / two_pi;
    // The phases are known to a turn each: another choice turns the carrier by a quarter and moves
    // the symbols by a half, which is the ambiguity of OQPSK that the decoder resolves.
    middle.position = at - turns * middle.step;
    middle.phase = phase - middle.frequency * turns * middle.step;
    return middle;
}

std::optional<acquired_carrier> acquisition::search_staggered(std::span<const cf32> window) {
    noise_floor_ = 0.0;
    double best_power = 0.0;
    double best_frequency = 0.0;
    double best_rate = 0.0;
    const auto step_of = [&](const edges& bands) { // half a turn at the window's ends
        const double middle = 0.5 * static_cast<double>(bands.items / pair_decimation);
        return 1.0 / (middle * middle);
    };
    const auto carrier_of = [&](const edges& bands, const pair_line& line) {
        return (line.sum / bands.decimation + 2.0 * (bands.upper_shift + bands.lower_shift)) / 4.0;
    };
    for (const double frequency : likely_places()) {
        const edges& bands = band_edges(frequency);
        const double symbols = bands.decimation * pair_decimation / config_.samples_per_symbol;
        const double step = step_of(bands);
        const double limit = 2.0 * config_.max_frequency_rate * symbols * symbols;
        // Long windows are for weak signals with little Doppler: their many rates cost too much.
        const double share = std::min(1.0, pair_rates_items / static_cast<double>(bands.items));
        const auto count = std::min(static_cast<std::ptrdiff_t>(std::ceil(limit / step - 1e-9)),
                                    static_cast<std::ptrdiff_t>(most_pair_rates * share * share));
        const pair_line line = strongest_pair(bands, {.middle = 0.0, .step = step, .count = count});
        if (line.power > best_power) {
            best_power = line.power;
            best_frequency = carrier_of(bands, line);
            best_rate = line.item_rate;
        }
    }
    promise_ = best_power / least_pair_line;
    if (best_power < least_refined_line) {
        return std::nullopt;
    }
    const edges& bands = band_edges(best_frequency);
    const pair_line line =
        strongest_pair(bands, {.middle = best_rate, .step = 0.2 * step_of(bands), .count = 3});
    // A bare carrier in one of the edges has one line only. Of a signal without noise both are
    // high, but over next to nothing, so that their ratio says little.
    const double least_weaker = std::min(least_share * line.power, sure_line);
    const bool sure = line.power >= least_pair_line;
    if (line.power < (is_short(window) ? weak_pair_line : least_pair_line) ||
        line.weaker < least_weaker) {
        return std::nullopt;
    }
    acquired_carrier carrier = finish(window, staggered_state(bands, line));
    const bool certain = carrier.rail_certainty >= least_rail_certainty;
    const bool alone = !has_bare_line() && (sure || !has_strong_neighbour(best_frequency));
    const bool accepted = (sure && certain) || ((sure || certain) && alone);
    if (!accepted || !in_range(carrier.state)) {
        return std::nullopt;
    }
    carrier.clock_line = line.power;
    carrier.carrier_line = line.power;
    return carrier;
}

} // namespace landfall::dsp
