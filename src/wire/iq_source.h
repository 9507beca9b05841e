// SPDX-License-Identifier: MIT
// Recordings as a sequence of timed IQ blocks, in constant memory whatever their length.
#pragma once

#include "base/error.h"
#include "base/time.h"
#include "wire/iq_block.h"
#include "wire/samples.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace landfall::wire {

inline constexpr std::size_t default_block_samples = 65536;

struct source_info {
    std::string name;               ///< what is read: a path, "and N more"
    std::string format;             ///< "SigMF, cf32_le", "DIFI packets in a capture"
    double sample_rate_hz = 0;      ///< of the complex samples yielded; 0 until a block tells it
    double center_frequency_hz = 0; ///< 0: not known
    std::optional<base::timestamp> start_time; ///< POSIX time of the first sample, where known
};

class iq_source {
  public:
    iq_source() = default;
    iq_source(const iq_source&) = delete;
    iq_source& operator=(const iq_source&) = delete;
    virtual ~iq_source() = default;

    /// True: `block` is the next one, and its samples are valid until the next call. False: the
    /// end. A failure comes after every sample that could be read before it; the end follows it.
    virtual base::result<bool> next(iq_block& block) = 0;

    [[nodiscard]] virtual double progress() const = 0;      ///< 0 to 1
    [[nodiscard]] virtual double seconds_total() const = 0; ///< of signal; 0 where not known
    /// Complete once a block has been yielded.
    [[nodiscard]] virtual const source_info& info() const = 0;
    [[nodiscard]] virtual iq_counters counters() const = 0;
    /// Of one stream of a capture; of everything where there are no streams.
    [[nodiscard]] virtual iq_counters counters(std::uint32_t stream_id) const = 0;
};

struct source_options {
    /// Raw files only: both are needed, unless the file's extension names the format.
    std::optional<sample_format> format;
    double sample_rate_hz = 0;
    double center_frequency_hz = 0; ///< of raw and audio files
    /// A real signal is an FM receiver's audio, and is yielded as it is.
    bool fm_audio = false;
    /// Captures only.
    std::optional<std::uint32_t> stream_id;
    std::optional<std::uint16_t> udp_port;
    /// Samples per block, about.
    std::size_t block_samples = default_block_samples;
};

/// Opens what the paths name, by content and extension: captures (pcap, pcapng; several make one
/// sequence), SigMF (either file or the name without ending), audio (WAV, RF64, W64, FLAC, Ogg),
/// raw samples. A failure names the file; its code is `usage` where an option is missing.
base::result<std::unique_ptr<iq_source>> open_source(std::span<const std::string> paths,
                                                     const source_options& options);

/// What `open_source` understands, for messages.
[[nodiscard]] const char* understood_formats() noexcept;

} // namespace landfall::wire
