// SPDX-License-Identifier: MIT
// A simulated satellite: packets, transfer frames, coding, modulation and the channel.
#pragma once

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "config/mission.h"
#include "dsp/channel.h"
#include "dsp/fec/stream_encoder.h"
#include "dsp/modulator.h"
#include "framing/deframer.h"
#include "framing/frame_builder.h"

#include <cstdint>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace landfall::app {

inline constexpr double most_downlink_seconds = 1e6;

struct downlink_config {
    config::mission mission;
    double seconds = 1.0;        ///< above 0, at most `most_downlink_seconds`
    double sample_rate_hz = 0.0; ///< 0: 2.5 samples per symbol
    double clock_offset_ppm = 0.0;
    unsigned bits = 8;               ///< of the digitiser, 4 to 16
    std::string payload = "counter"; ///< "ip", "counter", or a file's path
    dsp::channel_config channel; ///< sample rate, samples per symbol and amplitude are set by us
    base::timestamp start{1'767'225'600, 0}; ///< of the first sample: 2026-01-01
};

/// Deterministic by the channel's seed.
class downlink {
  public:
    /// Called with every frame that is sent, its time that of its first bit.
    using frame_sink = base::function_ref<void(const framing::delivered_frame&)>;

    /// Refuses lengths and sample rates out of range, missions that cannot be made, and payloads
    /// that are no file with something in it.
    static base::result<std::unique_ptr<downlink>> create(const downlink_config& config);

    /// The next samples, quantised; empty at the end. Valid until the next call.
    std::span<const base::cf32> next(frame_sink sent);

    /// No further frame begins: what `next` still gives is the rest of those that were sent.
    void end() noexcept { stopped_ = true; }

    [[nodiscard]] double sample_rate_hz() const noexcept { return sample_rate_hz_; }
    [[nodiscard]] double progress() const noexcept;
    [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
    /// Of these, idle ones.
    [[nodiscard]] std::uint64_t fill_frames() const noexcept { return sorter_.totals().fill; }
    [[nodiscard]] std::uint64_t samples() const noexcept { return samples_; }

  private:
    explicit downlink(const downlink_config& config);
    void send_frame(frame_sink sent);
    void fill_queue(framing::frame_builder& builder);
    std::vector<std::uint8_t> next_packet();
    /// Null, or what is wrong with the file.
    const char* open_payload();
    void read_payload(std::span<std::uint8_t> octets);
    base::timestamp time_of_bit(std::size_t channel_bit) const;
    void quantise();

    downlink_config config_;
    double sample_rate_hz_;
    double samples_per_symbol_; ///< with the clock error
    base::random_source random_;
    std::vector<framing::frame_builder> builders_; ///< one per virtual channel; none: random frames
    std::uint8_t master_count_ = 0;
    framing::deframer sorter_;
    fec::stream_encoder encoder_;
    dsp::modulator modulator_;
    dsp::channel channel_;
    std::ifstream file_;
    std::vector<std::uint8_t> frame_;
    std::vector<std::uint8_t> bits_;
    std::vector<base::cf32> out_;
    std::uint64_t channel_bits_ = 0;
    std::uint64_t wanted_bits_ = 0;
    std::uint64_t frames_ = 0;
    std::uint64_t samples_ = 0;
    std::uint16_t packet_count_ = 0;
    bool stopped_ = false; ///< by `end`
    bool ended_ = false;
};

} // namespace landfall::app
