// SPDX-License-Identifier: MIT
// Finding a carrier in a window of samples, without feedback: frequency, Doppler rate, symbol clock
// and phase at once, so that tracking can start at the window's beginning.
#pragma once

#include "base/sample.h"
#include "dsp/fft.h"
#include "dsp/matched_filter.h"
#include "dsp/waveform.h"

#include <complex>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace landfall::dsp {

struct acquisition_config {
    waveform wave;
    double samples_per_symbol = 0.0; ///< 2 to 16
    double frequency_hint = 0.0;     ///< cycles per sample
    double search_range = 0.0;       ///< ± cycles per sample around the hint
    double max_frequency_rate = 0.0; ///< cycles per symbol per symbol
    double max_clock_error = 130e-6; ///< of the symbol rate
};

/// What was found. Positions are in the window's samples.
struct acquired_carrier {
    carrier_state state;       ///< at the first symbol from which on the signal is there
    double rail_amplitude = 0; ///< of the matched filter's output
    double rail_power = 0;     ///< signal and noise, of one rail
    double rail_certainty = 0; ///< that the rails are no noise, in standard deviations
    double clock_line = 0.0;   ///< height of the symbol-clock line over noise (power ratio)
    double carrier_line = 0.0; ///< height of the M-th power line over noise (power ratio)
};

/// Estimates on whole windows (CCSDS-style PSK; data need not be known):
/// the symbol clock and a coarse frequency from the correlation of the spectrum's two band edges,
/// then frequency, Doppler rate and phase from the M-th power of the symbols (BPSK, QPSK) or the
/// squared band edges (OQPSK).
class acquisition {
  public:
    explicit acquisition(const acquisition_config& config);

    /// The carrier of `window`, or nothing if its lines do not stand out of the noise (about one
    /// false alarm in 10^9 windows).
    std::optional<acquired_carrier> search(std::span<const base::cf32> window);

    /// Takes the memory of later searches of windows of `window`'s length: a search among no
    /// Doppler rates. The window has to hold a signal.
    void prepare(std::span<const base::cf32> window);

    /// After a search in vain: how near the strongest line came to the threshold, 0 to 1. A longer
    /// window is worth its time only where that is more than noise alone gives.
    [[nodiscard]] double promise() const noexcept { return promise_; }

  private:
    struct coarse {
        double frequency = 0.0; ///< cycles per sample
        double line = 0.0;
    };
    struct clock {
        double position = 0.0; ///< of a symbol near the window's middle, in samples
        double step = 0.0;
    };
    struct tone {
        double frequency = 0.0; ///< cycles per item
        double rate = 0.0;      ///< cycles per item per item
        double power = 0.0;     ///< over the mean
    };
    struct edges {
        std::vector<base::cf32> upper; ///< band around +R/2, shifted to zero
        std::vector<base::cf32> lower; ///< band around -R/2, shifted to zero
        double decimation = 0.0;       ///< samples per item
        double upper_shift = 0.0;      ///< cycles per sample
        double lower_shift = 0.0;
        std::size_t items = 0; ///< that lie in the window
    };

    void transform(std::span<const base::cf32> window);
    /// The strongest places of the symbol clock, the best one first; valid until the next call.
    std::span<const coarse> clock_lines();
    void raise_clock_lines(std::ptrdiff_t first, std::ptrdiff_t distance, std::ptrdiff_t half,
                           std::vector<double>& tops);
    [[nodiscard]] double clock_line_at(std::ptrdiff_t middle, std::ptrdiff_t distance,
                                       std::ptrdiff_t half) const;
    [[nodiscard]] bool has_bare_line();
    [[nodiscard]] bool is_short(std::span<const base::cf32> window) const;
    /// Valid until the next call.
    const edges& band_edges(double frequency);
    clock fit_clock(const edges& bands) const;
    tone strongest_tone(std::span<const base::cf32> items, std::size_t count, double max_rate);
    fft& transform_of(std::size_t size, fft_direction direction);

    struct powered_carrier {
        carrier_state middle; ///< at a symbol near the window's middle
        double line = 0.0;    ///< height of the M-th power line over noise (power ratio)
    };
    bool is_own_line(const coarse& found, const powered_carrier& carrier);
    [[nodiscard]] bool has_strong_neighbour(double frequency) const;
    [[nodiscard]] bool in_range(const carrier_state& carrier) const;
    powered_carrier carrier_at(std::span<const base::cf32> window, double frequency);
    std::optional<acquired_carrier> search_psk(std::span<const base::cf32> window);
    std::optional<acquired_carrier> search_staggered(std::span<const base::cf32> window);
    struct pair_line {
        double weaker = 0.0;                ///< power of the lesser of the two, over the mean
        double sum = 0.0, difference = 0.0; ///< of the two lines' frequencies, cycles per item
        double rate = 0.0;                  ///< cycles per item per item
        double item_rate = 0.0;             ///< the same for decimated items
        double power = 0.0;
    };
    struct paired_bins {
        float power = 0.0F;
        std::ptrdiff_t upper = 0, distance = 0; ///< the lower edge's bin is at upper - distance
    };
    paired_bins strongest_bins(std::size_t reach);
    struct rate_range {
        double middle = 0.0, step = 0.0; ///< cycles per decimated item per item
        std::ptrdiff_t count = 0;        ///< steps to either side
    };
    pair_line strongest_pair(const edges& bands, const rate_range& rates);
    carrier_state staggered_state(const edges& bands, const pair_line& line);
    /// Valid until `scratch_` is used again.
    [[nodiscard]] std::span<const double> likely_places();
    static void square_edge(std::span<const base::cf32> edge, double shift, std::size_t count,
                            std::vector<base::cf32>& out);
    void line_powers(std::span<const base::cf32> items, double rate, std::size_t points,
                     std::vector<float>& out);
    void filter_all(std::span<const base::cf32> window, const carrier_state& from,
                    std::size_t count);
    acquired_carrier finish(std::span<const base::cf32> window, const carrier_state& middle);
    std::size_t signal_start(std::size_t count);

    acquisition_config config_;
    matched_filter filter_;
    std::map<std::size_t, fft> forward_;
    std::map<std::size_t, fft> backward_;
    std::size_t window_size_ = 0;
    double promise_ = 0.0;
    double noise_floor_ = 0.0; ///< of squared edges, in the running search
    std::vector<base::cf32> spectrum_;
    std::vector<base::cf32> symbols_;
    std::vector<base::cf32> staggered_;
    std::vector<base::cf32> work_;
    std::vector<base::cf32> upper_squared_;
    std::vector<base::cf32> lower_squared_;
    std::vector<float> upper_power_;
    std::vector<float> lower_power_;
    std::vector<float> around_; ///< lower_power_, continued at both ends
    std::vector<float> edge_weight_;
    std::vector<base::cf32> products_;
    std::vector<std::complex<double>> moving_sums_;
    std::vector<double> clock_weight_;
    std::vector<coarse> clock_lines_;
    edges bands_;
    std::vector<double> scratch_;
    std::vector<double> more_scratch_;
    std::vector<std::pair<double, double>> places_; ///< energy, frequency
};

} // namespace landfall::dsp
