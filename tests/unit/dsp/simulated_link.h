// SPDX-License-Identifier: MIT
// A modulated signal through the channel, a receiver, and the comparison of what it gives with what
// was sent: symbol by symbol, by the positions that the receiver states.
#pragma once

#include "base/sample.h"
#include "dsp/channel.h"
#include "dsp/receiver.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace landfall::test {

struct link_config {
    dsp::waveform wave{.kind = dsp::modulation::qpsk, .symbol_rate_hz = 1e6, .roll_off = 0.35};
    std::size_t symbols = 20'000;
    double samples_per_symbol = 2.5; ///< of the receiver; the signal's has the clock error in it
    double clock_error_ppm = 0.0;
    double lead_symbols = 0.0;     ///< noise before the signal
    double trail_symbols = 0.0;    ///< noise behind it
    dsp::channel_config channel{}; ///< sample rate and samples per symbol are set here
    double offset_of_symbol_rate = 0.0;
    std::uint64_t seed = 1;
};

struct simulated_link {
    std::vector<std::uint8_t> bits;
    std::vector<base::cf32> samples;
    double samples_per_symbol = 0.0; ///< true
    double first_position = 0.0;     ///< of symbol 0, in samples
    dsp::receiver_config receiver;
};

/// Sends `bits`, or random ones if there are none.
[[nodiscard]] simulated_link simulate(const link_config& config,
                                      std::vector<std::uint8_t> bits = {});

/// Soft bits of one unbroken stretch.
struct reception {
    std::vector<std::int8_t> soft;
    std::vector<double> position; ///< of every symbol, in samples
};

struct received {
    std::vector<reception> parts; ///< one per restart
    dsp::receiver_report report;  ///< at the end
};

/// Pushes in blocks of `block` samples (0: all at once) and flushes.
[[nodiscard]] received receive(const simulated_link& link, dsp::engine engine = dsp::engine::block,
                               std::size_t block = 4096);

struct comparison {
    std::size_t symbols = 0; ///< compared
    std::size_t errors = 0;  ///< symbols with a wrong bit, under the best rotation
    std::ptrdiff_t first_symbol = -1;
    std::ptrdiff_t last_symbol = -1;
    double first_error_symbols = 0.0; ///< of the position of the first symbol
    double worst_error_symbols = 0.0; ///< of all positions
    bool contiguous = true;           ///< every symbol follows the one before
};

/// Symbols before `from` and from `to` on (as sent) are not counted.
[[nodiscard]] comparison compare(const simulated_link& link, const reception& got,
                                 std::ptrdiff_t from = 0,
                                 std::ptrdiff_t to = std::numeric_limits<std::ptrdiff_t>::max());

/// Gaussian tail.
[[nodiscard]] double q_function(double x);
/// Theory for coherent detection in white noise: symbols with a wrong bit.
[[nodiscard]] double symbol_error_rate(dsp::modulation kind, double es_n0_db);
/// The E_s/N_0 in dB at which theory gives `rate`.
[[nodiscard]] double es_n0_for(dsp::modulation kind, double rate);

} // namespace landfall::test
