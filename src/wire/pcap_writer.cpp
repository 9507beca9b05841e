// SPDX-License-Identifier: MIT
#include "wire/pcap_writer.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace landfall::wire {

namespace {

constexpr std::uint32_t snap_length = 262144;
constexpr std::size_t max_option_octets = 65535;

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t option_application = 4; // of a section
constexpr std::uint16_t option_name = 2;        // of an interface
constexpr std::uint16_t option_resolution = 9;  // of an interface

constexpr std::uint32_t block_section = 0x0A0D0D0A;
constexpr std::uint32_t block_interface = 1;
constexpr std::uint32_t block_packet = 6;

} // namespace

base::result<pcap_writer> pcap_writer::create(const std::string& path, std::uint16_t link) {
    auto file = output_file::create(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    pcap_writer writer(*std::move(file));
    base::byte_writer header(writer.buffer_);
    header.u32(0xA1B23C4D);
    header.u16(2);
    header.u16(4);
    header.u64(0);
    header.u32(snap_length);
    header.u32(link);
    if (auto written = writer.file_.write(writer.buffer_); !written) {
        return std::unexpected(written.error());
    }
    return writer;
}

base::result<void> pcap_writer::write(const base::timestamp& time, base::octets packet) {
    buffer_.clear();
    base::byte_writer record(buffer_);
    record.u32(static_cast<std::uint32_t>(time.seconds));
    record.u32(static_cast<std::uint32_t>(time.picoseconds / 1000));
    record.u32(static_cast<std::uint32_t>(packet.size()));
    record.u32(static_cast<std::uint32_t>(packet.size()));
    record.append(packet);
    return file_.write(buffer_);
}

base::result<pcapng_writer> pcapng_writer::create(const std::string& path) {
    auto file = output_file::create(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    pcapng_writer writer(*std::move(file));
    writer.begin_block(block_section);
    base::byte_writer body(writer.block_);
    body.u32(0x1A2B3C4D);
    body.u16(1);
    body.u16(0);
    body.u64(~std::uint64_t{0}); // length of the section: not given
    writer.option(option_application, "landfall");
    writer.option(option_end, std::string_view{});
    if (auto written = writer.end_block(); !written) {
        return std::unexpected(written.error());
    }
    return writer;
}

base::result<std::uint32_t> pcapng_writer::add_interface(std::string_view name,
                                                         std::uint16_t link) {
    begin_block(block_interface);
    base::byte_writer body(block_);
    body.u16(link);
    body.u16(0);
    body.u32(snap_length);
    option(option_name, name);
    option(option_resolution, std::array<std::uint8_t, 1>{9});
    option(option_end, std::string_view{});
    if (auto written = end_block(); !written) {
        return std::unexpected(written.error());
    }
    return interface_count_++;
}

base::result<void> pcapng_writer::write(std::uint32_t interface_number, const base::timestamp& time,
                                        base::octets packet, std::string_view comment) {
    assert(interface_number < interface_count_);
    begin_block(block_packet);
    base::byte_writer body(block_);
    body.u32(interface_number);
    body.u64(static_cast<std::uint64_t>(time.seconds) * 1'000'000'000U +
             static_cast<std::uint64_t>(time.picoseconds / 1000));
    body.u32(static_cast<std::uint32_t>(packet.size()));
    body.u32(static_cast<std::uint32_t>(packet.size()));
    body.append(packet);
    pad();
    if (!comment.empty()) {
        option(option_comment, comment);
        option(option_end, std::string_view{});
    }
    return end_block();
}

void pcapng_writer::begin_block(std::uint32_t type) {
    block_.clear();
    base::byte_writer head(block_);
    head.u32(type);
    head.u32(0); // the length, known at the end
}

void pcapng_writer::option(std::uint16_t code, base::octets value) {
    const base::octets kept = value.first(std::min(value.size(), max_option_octets));
    base::byte_writer writer(block_);
    writer.u16(code);
    writer.u16(static_cast<std::uint16_t>(kept.size()));
    writer.append(kept);
    pad();
}

void pcapng_writer::option(std::uint16_t code, std::string_view text) {
    option(code, base::octets(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

void pcapng_writer::pad() {
    block_.resize((block_.size() + 3) / 4 * 4);
}

base::result<void> pcapng_writer::end_block() {
    const auto length = static_cast<std::uint32_t>(block_.size() + 4);
    base::byte_writer(block_).u32(length);
    for (unsigned i = 0; i < 4; ++i) {
        block_[4 + i] = static_cast<std::uint8_t>(length >> (24U - 8U * i));
    }
    return file_.write(block_);
}

} // namespace landfall::wire
