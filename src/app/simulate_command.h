// SPDX-License-Identifier: MIT
// `landfall simulate`: makes a downlink, to a recording, a capture or the network.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace landfall::app {

struct simulate_options {
    std::string mission;
    std::vector<std::string> sets;
    double seconds = 1.0;
    double es_n0_db = 10.0;
    double frequency_offset_hz = 0.0;
    double doppler_rate_hz_s = 0.0;
    double clock_offset_ppm = 0.0;
    double sample_rate_hz = 0.0; ///< 0: 2.5 samples per symbol
    unsigned bits = 8;
    std::uint64_t seed = 1;
    std::string payload = "counter";
    std::vector<std::string> fades;
    std::vector<std::string> gain_steps;
    std::uint32_t stream_id = 0;
    std::string sigmf;
    std::string pcap;
    std::string udp;
    bool pace = false;
    std::filesystem::path frames_directory;
    bool json = false;
};

[[nodiscard]] int simulate_command(const simulate_options& options);

} // namespace landfall::app
