// SPDX-License-Identifier: MIT
// Where in a wide recording the carrier may be: the band of a signal's width that holds most power.
#pragma once

#include "base/sample.h"
#include "dsp/fft.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace landfall::dsp {

class band_search {
  public:
    /// `width_hz`: of the band that is sought, the symbol rate.
    band_search(double sample_rate_hz, double width_hz);

    /// The centre of the strongest band, Hz; nothing where no band stands out of the others. A band
    /// within `reach_hz` of `near_hz` that stands out goes before all others (reach 0: none does).
    std::optional<double> strongest(std::span<const base::cf32> samples, double near_hz,
                                    double reach_hz);

  private:
    [[nodiscard]] double centre_of(std::size_t first_bin) const noexcept;

    double sample_rate_hz_;
    std::size_t points_;
    std::size_t width_bins_;
    fft transform_;
    std::vector<double> power_;
    std::vector<double> bands_;
    std::vector<double> sorted_;
};

} // namespace landfall::dsp
