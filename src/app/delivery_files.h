// SPDX-License-Identifier: MIT
// Frames and packets of a carrier, written to files: what `--frames` and `--packets` ask for.
#pragma once

#include "base/error.h"
#include "framing/deframer.h"
#include "wire/input_file.h"
#include "wire/pcap_writer.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace landfall::app {

/// `DIR/CARRIER.vcNN.frames`: each virtual channel's transfer frames, fill included, back to back;
/// `DIR/CARRIER.pcapng`: the same with their times, an interface for each channel.
class frame_files {
  public:
    static base::result<frame_files> create(const std::filesystem::path& directory,
                                            const std::string& carrier);
    base::result<void> write(const framing::delivered_frame& frame);
    base::result<void> close();

  private:
    struct channel {
        wire::output_file file;
        std::uint32_t interface_number;
    };
    frame_files(std::filesystem::path stem, wire::pcapng_writer capture)
        : stem_(std::move(stem)), capture_(std::move(capture)) {}

    std::filesystem::path stem_;
    wire::pcapng_writer capture_;
    std::map<std::uint8_t, channel> channels_;
};

/// `DIR/CARRIER.vcNN.packets` (space and encapsulation packets), `DIR/CARRIER.vcNN.ip`, back to
/// back; `DIR/CARRIER.packets.pcapng`: the same with their times.
class packet_files {
  public:
    static base::result<packet_files> create(const std::filesystem::path& directory,
                                             const std::string& carrier);
    base::result<void> write(const framing::delivered_packet& packet);
    base::result<void> close();

  private:
    struct channel {
        wire::output_file file;
        std::uint32_t interface_number;
    };
    packet_files(std::filesystem::path stem, wire::pcapng_writer capture)
        : stem_(std::move(stem)), capture_(std::move(capture)) {}

    std::filesystem::path stem_;
    wire::pcapng_writer capture_;
    std::map<std::pair<std::uint8_t, bool>, channel> channels_; ///< by channel, and IP or not
};

} // namespace landfall::app
