// SPDX-License-Identifier: MIT
#include "dsp/band_search.h"

#include <algorithm>
#include <cmath>

namespace landfall::dsp {
namespace {

constexpr double bins_per_width = 16.0;
constexpr std::size_t most_segments = 256;
constexpr double clear_deviations = 6.0;

} // namespace

band_search::band_search(double sample_rate_hz, double width_hz)
    : sample_rate_hz_(sample_rate_hz),
      points_(
          next_power_of_two(static_cast<std::size_t>(bins_per_width * sample_rate_hz / width_hz))),
      width_bins_(static_cast<std::size_t>(
          std::lround(width_hz / sample_rate_hz * static_cast<double>(points_)))),
      transform_(points_, fft_direction::forward), power_(points_), bands_(points_),
      sorted_(points_) {}

double band_search::centre_of(std::size_t first_bin) const noexcept {
    double place = static_cast<double>(first_bin) + 0.5 * static_cast<double>(width_bins_ - 1);
    if (place >= 0.5 * static_cast<double>(points_)) {
        place -= static_cast<double>(points_);
    }
    return place / static_cast<double>(points_) * sample_rate_hz_;
}

std::optional<double> band_search::strongest(std::span<const base::cf32> samples, double near_hz,
                                             double reach_hz) {
    const std::size_t segments = std::min(samples.size() / points_, most_segments);
    if (segments == 0) {
        return std::nullopt;
    }
    std::fill(power_.begin(), power_.end(), 0.0);
    for (std::size_t s = 0; s < segments; ++s) {
        const std::size_t first = s * (samples.size() / segments);
        const auto part = samples.subspan(first, points_);
        std::copy(part.begin(), part.end(), transform_.input().begin());
        const auto spectrum = transform_.run();
        for (std::size_t k = 0; k < points_; ++k) {
            power_[k] += static_cast<double>(std::norm(spectrum[k]));
        }
    }
    double sum = 0.0;
    for (std::size_t k = 0; k < width_bins_; ++k) {
        sum += power_[k];
    }
    for (std::size_t k = 0; k < points_; ++k) { // the band that begins at bin k
        bands_[k] = sum;
        sum += power_[(k + width_bins_) % points_] - power_[k];
    }
    sorted_ = bands_;
    const auto middle = sorted_.begin() + static_cast<std::ptrdiff_t>(points_ / 2);
    std::nth_element(sorted_.begin(), middle, sorted_.end());
    const auto averaged = static_cast<double>(segments * width_bins_);
    const double clear = *middle * (1.0 + clear_deviations / std::sqrt(averaged));
    std::optional<std::size_t> top;
    std::optional<std::size_t> top_near;
    for (std::size_t k = 0; k < points_; ++k) {
        if (!(bands_[k] > clear)) {
            continue;
        }
        if (!top || bands_[k] > bands_[*top]) {
            top = k;
        }
        const bool near = std::abs(centre_of(k) - near_hz) < reach_hz;
        if (near && (!top_near || bands_[k] > bands_[*top_near])) {
            top_near = k;
        }
    }
    const auto chosen = top_near ? top_near : top;
    return chosen ? std::optional(centre_of(*chosen)) : std::nullopt;
}

} // namespace landfall::dsp
