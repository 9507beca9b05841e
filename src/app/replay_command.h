// SPDX-License-Identifier: MIT
// `landfall replay`: recordings through the receive chain, offline.
#pragma once

#include "dsp/receiver.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace landfall::app {

enum class replay_input : std::uint8_t { iq, soft, frames };

struct replay_options {
    std::vector<std::string> files;
    std::string mission;     ///< preset or path; or
    std::string config_file; ///< carriers of a configuration
    std::vector<std::string> sets;
    replay_input input = replay_input::iq;
    std::string format; ///< of raw files; f32 or i8 of soft bits
    double rate_hz = 0.0;
    double frequency_offset_hz = 0.0; ///< where the carrier is expected in a wide recording
    std::optional<std::uint32_t> stream_id;
    std::optional<std::uint16_t> udp_port;
    std::optional<dsp::engine> engine;       ///< of every carrier, whatever its own
    std::filesystem::path frames_directory;  ///< empty: not written
    std::filesystem::path packets_directory; ///< empty: not written
    bool json = false;
};

/// Files that are no captures are carriers of their own, of each carrier that is asked for; samples
/// of a rate that does not fit a carrier are passed over and told. An output that would replace an
/// input is refused. `stream_id` and `udp_port` are for carriers that have none of their own. The
/// report's total of `iq` is the sum over the passes through the files: one for each carrier of a
/// configuration.
/// Runs, prints a summary or (with `json`) the report of design/interfaces on standard output, and
/// returns the exit code. What comes before an error in a recording is decoded and delivered.
[[nodiscard]] int replay_command(const replay_options& options);

} // namespace landfall::app
