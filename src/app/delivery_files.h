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
#include <tuple>
#include <utility>
#include <vector>

namespace landfall::app {

/// Files that are being read. To write one of them, by whatever name, is a failure of code `usage`.
using input_paths = std::vector<std::filesystem::path>;

/// Gives each virtual channel its file's name. The first spacecraft seen on a channel number has
/// `STEM.vcNN`, others on the same number `STEM.scNNN.vcNN`, so that no file has two spacecraft's.
class channel_names {
  public:
    explicit channel_names(std::filesystem::path stem) : stem_(std::move(stem)) {}
    void see(std::uint16_t spacecraft_id, std::uint8_t vcid) {
        first_.try_emplace(vcid, spacecraft_id);
    }
    [[nodiscard]] std::string of(std::uint16_t spacecraft_id, std::uint8_t vcid);

  private:
    std::filesystem::path stem_;
    std::map<std::uint8_t, std::uint16_t> first_; ///< spacecraft, by channel number
};

/// `DIR/CARRIER.vcNN.frames`: each virtual channel's transfer frames, fill included, back to back
/// (names: `channel_names`); `DIR/CARRIER.pcapng`: the same with their times, an interface for each
/// channel. What is there under such names, of an earlier run, is removed first: files only, no
/// links, and none that is an input.
class frame_files {
  public:
    static base::result<frame_files> create(const std::filesystem::path& directory,
                                            const std::string& carrier, input_paths inputs = {});
    base::result<void> write(const framing::delivered_frame& frame);
    base::result<void> close();
    /// Files of an earlier run that were removed.
    [[nodiscard]] const std::vector<std::string>& removed() const noexcept { return removed_; }

  private:
    struct channel {
        wire::output_file file;
        std::uint32_t interface_number;
    };
    frame_files(std::filesystem::path stem, wire::pcapng_writer capture, input_paths inputs)
        : names_(std::move(stem)), capture_(std::move(capture)), inputs_(std::move(inputs)) {}

    channel_names names_;
    wire::pcapng_writer capture_;
    input_paths inputs_;
    std::vector<std::string> removed_;
    std::map<std::pair<std::uint16_t, std::uint8_t>, channel> channels_; ///< spacecraft, channel
};

/// `DIR/CARRIER.vcNN.packets` (space and encapsulation packets), `DIR/CARRIER.vcNN.ip`, back to
/// back; `DIR/CARRIER.packets.pcapng`: the same with their times. Removes as `frame_files` does.
class packet_files {
  public:
    static base::result<packet_files> create(const std::filesystem::path& directory,
                                             const std::string& carrier, input_paths inputs = {});
    /// Of the carrier's frames, so that its packets' files are named as theirs are.
    void see(const framing::delivered_frame& frame) { names_.see(frame.spacecraft_id, frame.vcid); }
    base::result<void> write(const framing::delivered_packet& packet);
    base::result<void> close();
    /// Files of an earlier run that were removed.
    [[nodiscard]] const std::vector<std::string>& removed() const noexcept { return removed_; }

  private:
    struct channel {
        wire::output_file file;
        std::uint32_t interface_number;
    };
    packet_files(std::filesystem::path stem, wire::pcapng_writer capture, input_paths inputs)
        : names_(std::move(stem)), capture_(std::move(capture)), inputs_(std::move(inputs)) {}

    channel_names names_;
    wire::pcapng_writer capture_;
    input_paths inputs_;
    std::vector<std::string> removed_;
    /// By spacecraft and channel, and IP or not.
    std::map<std::tuple<std::uint16_t, std::uint8_t, bool>, channel> channels_;
};

} // namespace landfall::app
