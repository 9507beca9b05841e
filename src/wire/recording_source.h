// SPDX-License-Identifier: MIT
// A file of samples, complex or real, as a source of IQ.
#pragma once

#include "wire/analytic.h"
#include "wire/iq_source.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace landfall::wire {

/// Reads samples from one file, one after the other.
class sample_reader {
  public:
    sample_reader() = default;
    sample_reader(const sample_reader&) = delete;
    sample_reader& operator=(const sample_reader&) = delete;
    virtual ~sample_reader() = default;

    [[nodiscard]] virtual bool is_complex() const noexcept = 0;
    /// Samples in the file; 0 where not known.
    [[nodiscard]] virtual std::uint64_t total() const noexcept = 0;
    /// Fills `out` as far as there are samples; fewer only at the end. One of the two is used.
    virtual decoded_samples read_complex(std::span<base::cf32> out) = 0;
    virtual decoded_samples read_real(std::span<float> out) = 0;
    /// At the end: what is wrong with the file, if anything is.
    [[nodiscard]] virtual std::optional<base::failure> fault() const = 0;
};

/// Samples from `first_sample` of the file on have this frequency and time.
struct recording_segment {
    std::uint64_t first_sample = 0;
    double center_frequency_hz = 0;
    std::optional<base::timestamp> time; ///< of that sample
};

struct recording {
    std::string name;
    std::string format;
    double sample_rate_hz = 0;               ///< of the file
    std::vector<recording_segment> segments; ///< in order; the first begins at 0
    std::size_t block_samples = default_block_samples;
    bool fm_audio = false; ///< if it is real
};

/// A real signal is made complex by `analytic_converter`: half the rate, and a quarter of the
/// file's rate added to the centre frequency. An FM receiver's audio is left as it is.
std::unique_ptr<iq_source> make_recording_source(recording description,
                                                 std::unique_ptr<sample_reader> reader);

/// Raw samples. A last sample that is cut is a fault.
struct raw_layout {
    sample_format format = sample_format::cf32_le;
    std::uint64_t header_octets = 0;   ///< to skip at the beginning
    std::uint64_t trailing_octets = 0; ///< to leave at the end
};
base::result<std::unique_ptr<sample_reader>> open_raw_reader(const std::string& path,
                                                             const raw_layout& layout);

/// Audio: two channels are I and Q, one is a real signal.
struct audio_file {
    std::unique_ptr<sample_reader> reader;
    double sample_rate_hz = 0;
    std::string format;
};
base::result<audio_file> open_audio_reader(const std::string& path);

/// SigMF, by the path of either file or their common name.
base::result<std::unique_ptr<iq_source>> open_sigmf(const std::string& path,
                                                    const source_options& options);
/// The common name of a SigMF recording, when the path is of one.
[[nodiscard]] std::optional<std::string> sigmf_base(const std::string& path);

} // namespace landfall::wire
