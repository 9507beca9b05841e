// SPDX-License-Identifier: MIT
// What comes before a receive engine: mirrored spectra set right, wide recordings centred on the
// carrier and decimated.
#pragma once

#include "base/sample.h"
#include "dsp/receiver.h"

#include <memory>
#include <span>
#include <vector>

namespace landfall::dsp {

/// Mixes and halves the sample rate as often as leaves at least 8 samples per symbol. Output sample
/// n is centred on input sample n * decimation().
class front_end {
  public:
    /// `most_samples`: memory is taken now for as many at once.
    explicit front_end(const receiver_config& config, std::size_t most_samples = 0);
    ~front_end();
    front_end(front_end&&) noexcept;
    front_end& operator=(front_end&&) noexcept;

    /// The samples that the engine sees, valid until the next call.
    std::span<const base::cf32> process(std::span<const base::cf32> samples);
    /// What is still inside the filters.
    std::span<const base::cf32> drain();

    /// Begins anew, with another frequency (Hz in the output's sense) in the middle.
    void retune(double frequency_hz);

    [[nodiscard]] bool is_decimating() const noexcept { return !stages_.empty(); }
    [[nodiscard]] double decimation() const noexcept { return decimation_; }
    /// Frequencies of the output are those of the input with the sign changed.
    [[nodiscard]] bool mirrored() const noexcept { return conjugate_ != swap_; }
    /// What was taken out by mixing, Hz in the output's sense.
    [[nodiscard]] double mixed_hz() const noexcept { return mixed_hz_; }

  private:
    class halving;
    bool conjugate_ = false;
    bool swap_ = false;
    double decimation_ = 1.0;
    double mixed_hz_ = 0.0;
    double sample_rate_hz_ = 1.0;
    std::complex<double> phasor_{1.0, 0.0};
    std::complex<double> turn_{1.0, 0.0};
    std::vector<base::cf32> work_;
    std::vector<base::cf32> zeros_; ///< that push out what is inside the filters
    std::vector<halving> stages_;
};

} // namespace landfall::dsp
