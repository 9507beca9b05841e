// SPDX-License-Identifier: MIT
#include "app/delivery_files.h"

#include <fmt/format.h>

#include <system_error>

namespace landfall::app {
namespace {

base::result<wire::pcapng_writer> open_capture(const std::filesystem::path& directory,
                                               const std::string& file_name) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
        return std::unexpected(base::failure{
            fmt::format("{}: cannot make the folder: {}", directory.string(), error.message())});
    }
    return wire::pcapng_writer::create((directory / file_name).string());
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

/// The channel of `key`, made on first use: a file, and an interface of the capture.
template <class Channels>
base::result<typename Channels::mapped_type*>
channel_for(Channels& channels, wire::pcapng_writer& capture,
            const typename Channels::key_type& key, const std::string& path, std::uint16_t link) {
    auto found = channels.find(key);
    if (found == channels.end()) {
        auto file = wire::output_file::create(path);
        if (!file) {
            return std::unexpected(file.error());
        }
        const auto number =
            capture.add_interface(std::filesystem::path(path).stem().string(), link);
        if (!number) {
            return std::unexpected(number.error());
        }
        found = channels.try_emplace(key, typename Channels::mapped_type{std::move(*file), *number})
                    .first;
    }
    return &found->second;
}

} // namespace

base::result<frame_files> frame_files::create(const std::filesystem::path& directory,
                                              const std::string& carrier) {
    auto capture = open_capture(directory, carrier + ".pcapng");
    if (!capture) {
        return std::unexpected(capture.error());
    }
    return frame_files(directory / carrier, std::move(*capture));
}

base::result<void> frame_files::write(const framing::delivered_frame& frame) {
    const auto opened = channel_for(channels_, capture_, frame.vcid,
                                    fmt::format("{}.vc{:02}.frames", stem_.string(), frame.vcid),
                                    wire::link_number::transfer_frames);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    if (const auto written = (*opened)->file.write(frame.octets); !written) {
        return written;
    }
    return capture_.write((*opened)->interface_number, frame.first_bit.time, frame.octets,
                          frame.fill        ? "fill"
                          : frame.corrected ? "corrected"
                                            : "");
}

base::result<void> frame_files::close() {
    return close_all(channels_, capture_);
}

base::result<packet_files> packet_files::create(const std::filesystem::path& directory,
                                                const std::string& carrier) {
    auto capture = open_capture(directory, carrier + ".packets.pcapng");
    if (!capture) {
        return std::unexpected(capture.error());
    }
    return packet_files(directory / carrier, std::move(*capture));
}

base::result<void> packet_files::write(const framing::delivered_packet& packet) {
    const bool ip =
        packet.kind == framing::packet_kind::ipv4 || packet.kind == framing::packet_kind::ipv6;
    const auto opened = channel_for(
        channels_, capture_, {packet.vcid, ip},
        fmt::format("{}.vc{:02}.{}", stem_.string(), packet.vcid, ip ? "ip" : "packets"),
        ip ? wire::link_number::raw_ip : wire::link_number::space_packets);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    if (const auto written = (*opened)->file.write(packet.octets); !written) {
        return written;
    }
    return capture_.write((*opened)->interface_number, packet.began.time, packet.octets);
}

base::result<void> packet_files::close() {
    return close_all(channels_, capture_);
}

} // namespace landfall::app
