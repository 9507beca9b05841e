// SPDX-License-Identifier: MIT
#include "app/delivery_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <system_error>

namespace landfall::app {
namespace {

base::result<void> refuse_inputs(const std::filesystem::path& path, const input_paths& inputs) {
    for (const std::filesystem::path& input : inputs) {
        std::error_code error; // of what does not exist: not the same
        if (std::filesystem::equivalent(path, input, error)) {
            return std::unexpected(
                base::failure{fmt::format("{}: is an input ({}) and is not overwritten",
                                          path.string(), input.string()),
                              base::exit_code::usage});
        }
    }
    return {};
}

base::result<wire::pcapng_writer> open_capture(const std::filesystem::path& directory,
                                               const std::string& file_name,
                                               const input_paths& inputs) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
        return std::unexpected(base::failure{
            fmt::format("{}: cannot make the folder: {}", directory.string(), error.message())});
    }
    if (const auto safe = refuse_inputs(directory / file_name, inputs); !safe) {
        return std::unexpected(safe.error());
    }
    return wire::pcapng_writer::create((directory / file_name).string());
}

/// Whether a channel of the carrier would have this name: CARRIER[.scNNN].vcNN.ENDING.
bool is_channel_file(std::string_view name, std::string_view carrier, std::string_view ending) {
    const auto skip = [&name](std::string_view text) {
        const bool there = name.starts_with(text);
        name.remove_prefix(there ? text.size() : 0);
        return there;
    };
    const auto skip_number = [&name](std::size_t least_digits) {
        const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
        name.remove_prefix(digits);
        return digits >= least_digits;
    };
    if (!skip(carrier) || (skip(".sc") && !skip_number(3)) || !skip(".vc") || !skip_number(2)) {
        return false;
    }
    return name == ending;
}

/// Removes the carrier's channels of an earlier run, so that all that is there is of this one.
base::result<std::vector<std::string>>
remove_earlier(const std::filesystem::path& directory, const std::string& carrier,
               std::initializer_list<std::string_view> endings, const input_paths& inputs) {
    std::vector<std::string> removed;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        const std::string name = entry.path().filename().string();
        const bool ours = std::ranges::any_of(endings, [&](std::string_view ending) {
            return is_channel_file(name, carrier, ending);
        });
        std::error_code unknown;
        if (!ours || entry.symlink_status(unknown).type() != std::filesystem::file_type::regular ||
            !refuse_inputs(entry.path(), inputs)) {
            continue;
        }
        removed.push_back(entry.path().string());
    }
    std::ranges::sort(removed);
    for (const std::string& path : removed) {
        if (!std::filesystem::remove(path, error) && error) {
            return std::unexpected(base::failure{fmt::format(
                "{}: is of an earlier run and cannot be removed: {}", path, error.message())});
        }
    }
    return removed;
}

template <class Channels>
base::result<void> close_all(Channels& channels, wire::pcapng_writer& capture) {
    base::result<void> outcome = capture.close();
    for (auto& [key, channel] : channels) {
        const base::result<void> closed = channel.file.close();
        if (outcome && !closed) {
            outcome = closed;
        }
    }
    return outcome;
}

/// A channel's file, and its interface of the capture.
template <class Channel>
base::result<Channel> open_channel(const std::string& path, const input_paths& inputs,
                                   wire::pcapng_writer& capture, std::uint16_t link) {
    if (const auto safe = refuse_inputs(path, inputs); !safe) {
        return std::unexpected(safe.error());
    }
    auto file = wire::output_file::create(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    const auto number = capture.add_interface(std::filesystem::path(path).stem().string(), link);
    if (!number) {
        return std::unexpected(number.error());
    }
    return Channel{std::move(*file), *number};
}

} // namespace

std::string channel_names::of(std::uint16_t spacecraft_id, std::uint8_t vcid) {
    see(spacecraft_id, vcid);
    return first_.at(vcid) == spacecraft_id
               ? fmt::format("{}.vc{:02}", stem_.string(), vcid)
               : fmt::format("{}.sc{:03}.vc{:02}", stem_.string(), spacecraft_id, vcid);
}

base::result<frame_files> frame_files::create(const std::filesystem::path& directory,
                                              const std::string& carrier, input_paths inputs) {
    auto capture = open_capture(directory, carrier + ".pcapng", inputs);
    if (!capture) {
        return std::unexpected(capture.error());
    }
    auto removed = remove_earlier(directory, carrier, {".frames"}, inputs);
    if (!removed) {
        return std::unexpected(removed.error());
    }
    frame_files made(directory / carrier, std::move(*capture), std::move(inputs));
    made.removed_ = std::move(*removed);
    return made;
}

base::result<void> frame_files::write(const framing::delivered_frame& frame) {
    const std::pair key(frame.spacecraft_id, frame.vcid);
    auto found = channels_.find(key);
    if (found == channels_.end()) {
        auto made = open_channel<channel>(names_.of(frame.spacecraft_id, frame.vcid) + ".frames",
                                          inputs_, capture_, wire::link_number::transfer_frames);
        if (!made) {
            return std::unexpected(made.error());
        }
        found = channels_.try_emplace(key, std::move(*made)).first;
    }
    if (const auto written = found->second.file.write(frame.octets); !written) {
        return written;
    }
    return capture_.write(found->second.interface_number, frame.first_bit.time, frame.octets,
                          frame.fill        ? "fill"
                          : frame.corrected ? "corrected"
                                            : "");
}

base::result<void> frame_files::close() {
    return close_all(channels_, capture_);
}

base::result<packet_files> packet_files::create(const std::filesystem::path& directory,
                                                const std::string& carrier, input_paths inputs) {
    auto capture = open_capture(directory, carrier + ".packets.pcapng", inputs);
    if (!capture) {
        return std::unexpected(capture.error());
    }
    auto removed = remove_earlier(directory, carrier, {".packets", ".ip"}, inputs);
    if (!removed) {
        return std::unexpected(removed.error());
    }
    packet_files made(directory / carrier, std::move(*capture), std::move(inputs));
    made.removed_ = std::move(*removed);
    return made;
}

base::result<void> packet_files::write(const framing::delivered_packet& packet) {
    const bool ip =
        packet.kind == framing::packet_kind::ipv4 || packet.kind == framing::packet_kind::ipv6;
    const std::tuple key(packet.spacecraft_id, packet.vcid, ip);
    auto found = channels_.find(key);
    if (found == channels_.end()) {
        auto made = open_channel<channel>(
            names_.of(packet.spacecraft_id, packet.vcid) + (ip ? ".ip" : ".packets"), inputs_,
            capture_, ip ? wire::link_number::raw_ip : wire::link_number::space_packets);
        if (!made) {
            return std::unexpected(made.error());
        }
        found = channels_.try_emplace(key, std::move(*made)).first;
    }
    if (const auto written = found->second.file.write(packet.octets); !written) {
        return written;
    }
    return capture_.write(found->second.interface_number, packet.began.time, packet.octets);
}

base::result<void> packet_files::close() {
    return close_all(channels_, capture_);
}

} // namespace landfall::app
