// SPDX-License-Identifier: MIT
#include "wire/pcap_writer.h"

#include <cassert>

namespace landfall::wire {

namespace {

constexpr std::uint32_t snap_length = 262144;

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
    append_section(writer.block_);
    if (auto written = writer.file_.write(writer.block_); !written) {
        return std::unexpected(written.error());
    }
    return writer;
}

base::result<std::uint32_t> pcapng_writer::add_interface(std::string_view name,
                                                         std::uint16_t link) {
    block_.clear();
    append_interface(block_, name, link);
    if (auto written = file_.write(block_); !written) {
        return std::unexpected(written.error());
    }
    return interface_count_++;
}

base::result<void> pcapng_writer::write(std::uint32_t interface_number, const base::timestamp& time,
                                        base::octets packet, std::string_view comment) {
    assert(interface_number < interface_count_);
    block_.clear();
    append_packet(block_, interface_number, time, packet, {.comment = comment});
    return file_.write(block_);
}

} // namespace landfall::wire
