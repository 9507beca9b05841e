// SPDX-License-Identifier: MIT
// From samples to soft bits: what every receive engine does.
#pragma once

#include "base/function_ref.h"
#include "base/sample.h"
#include "dsp/waveform.h"

#include <cstdint>
#include <memory>
#include <span>

namespace landfall::dsp {

/// A place in the stream of input samples: `whole` samples since the first one, and a fraction.
struct sample_position {
    std::int64_t whole = 0;
    double fraction = 0.0;
};

/// Soft bits of consecutive channel symbols.
struct soft_block {
    /// bits_per_symbol() values per symbol, I before Q; -127 to 127, positive means bit 0. The
    /// mean amplitude is soft_amplitude.
    std::span<const std::int8_t> soft;
    sample_position first;     ///< centre of the first symbol's pulse (OQPSK: of its I rail)
    double samples_per_symbol; ///< as tracked
    bool restart;              ///< does not continue the block before: symbols are missing between
};

inline constexpr float soft_amplitude = 36.0F;

struct receiver_config {
    waveform wave;
    double sample_rate_hz = 0.0;    ///< 2 to 1000 samples per symbol
    double frequency_hint_hz = 0.0; ///< where the carrier is expected, from the centre
    /// Of a recording of more than 16 samples per symbol, the strongest band as wide as the signal
    /// is received; with this the one near the hint, if there is one that stands out.
    bool frequency_known = false;
    /// ± around the hint; 0: all that the sample rate allows. Carriers beside it, however strong,
    /// are not received.
    double search_range_hz = 0.0;
    double max_doppler_rate_hz_s = 0.0; ///< 0: that of a low orbit, as far as it can matter
    bool fm_audio = false; ///< FSK and GMSK: the samples' real part is an FM receiver's audio
};

/// What the receiver knows of the carrier. Values of an unlocked receiver are those of the last
/// lock.
struct receiver_report {
    bool locked = false;
    double es_n0_db = 0.0;              ///< over the last thousand symbols or so
    double mean_es_n0_db = 0.0;         ///< over all locked symbols
    double frequency_offset_hz = 0.0;   ///< of the carrier from the centre of the samples
    double doppler_rate_hz_s = 0.0;     ///< as tracked
    double symbol_rate_error_ppm = 0.0; ///< of the received symbol clock, by the sample clock
    double evm_percent = 0.0;           ///< rms error vector to the nearest point
    std::uint64_t locked_symbols = 0;
    std::uint64_t acquisitions = 0;
    std::uint64_t losses = 0;
};

/// A receive engine. Not thread-safe; allocates at construction, and while its longest searches
/// are the first.
class receiver {
  public:
    using soft_sink = base::function_ref<void(const soft_block&)>;

    receiver() = default;
    virtual ~receiver() = default;
    receiver(const receiver&) = delete;
    receiver& operator=(const receiver&) = delete;

    /// Takes the samples that follow those before. Non-finite samples must not be given.
    virtual void push(std::span<const base::cf32> samples, soft_sink sink) = 0;
    /// The stream ends, or breaks off: delivers all that can be made of what was pushed. What is
    /// pushed next begins another stream, its places counted from 0; the report goes on.
    virtual void flush(soft_sink sink) = 0;
    [[nodiscard]] virtual receiver_report report() const = 0;
    /// The latest symbols, of unit rail amplitude, for a constellation display; up to 256.
    [[nodiscard]] virtual std::span<const base::cf32> constellation() const = 0;
};

/// Whether `config` can be received at all, by that engine: a short reason if not, else null.
[[nodiscard]] const char* unsupported(const receiver_config& config, engine kind) noexcept;

/// `unsupported(config, kind)` must be null.
[[nodiscard]] std::unique_ptr<receiver> make_receiver(const receiver_config& config, engine kind);

} // namespace landfall::dsp
