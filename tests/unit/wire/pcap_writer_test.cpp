// SPDX-License-Identifier: MIT
#include "helpers.h"
#include "wire/pcap_writer.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <memory>

using namespace landfall;
using tests::bytes;
using tests::temporary_folder;

namespace {

bytes content_of(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return bytes(std::istreambuf_iterator<char>(in), {});
}

struct pipe_closer {
    void operator()(std::FILE* pipe) const noexcept { ::pclose(pipe); }
};

std::string output_of(const std::string& command) {
    const std::unique_ptr<std::FILE, pipe_closer> pipe(::popen(command.c_str(), "r"));
    std::string text;
    std::array<char, 4096> part{};
    while (const std::size_t got = std::fread(part.data(), 1, part.size(), pipe.get())) {
        text.append(part.data(), got);
    }
    return text;
}

/// Frames on one interface, space packets on another, an IP packet on a third.
std::string write_example(const temporary_folder& folder) {
    auto writer = wire::pcapng_writer::create(folder.file("x.pcapng"));
    REQUIRE(writer);
    const auto frames = writer->add_interface("noaa20.vc01", wire::link_number::transfer_frames);
    const auto packets = writer->add_interface("packets", wire::link_number::space_packets);
    REQUIRE(frames);
    REQUIRE(packets);
    const base::timestamp time{1'700'000'000, 123'456'789'999};
    REQUIRE(writer->write(*frames, time, bytes{1, 2, 3, 4, 5}, "quality: clean"));
    REQUIRE(writer->write(*packets, time, bytes{6, 7, 8, 9}));
    const auto ip = writer->add_interface("ip", wire::link_number::raw_ip);
    REQUIRE(ip);
    REQUIRE(writer->write(*ip, time,
                          tests::from_hex("450000240000400040114e92c0000201c6336402c353137f00102cb0"
                                          "0102030405060708")));
    REQUIRE(writer->close());
    return folder.file("x.pcapng");
}

} // namespace

TEST_CASE("wire/pcap_writer: a pcap file is octet for octet what the format says") {
    const temporary_folder folder;
    auto writer = wire::pcap_writer::create(folder.file("x.pcap"));
    REQUIRE(writer);
    REQUIRE(writer->write({1, 2'000}, bytes{0xAA, 0xBB}));
    REQUIRE(writer->close());
    CHECK(content_of(folder.file("x.pcap")) ==
          tests::from_hex("a1b23c4d0002000400000000000000000004000000000001"
                          "00000001000000020000000200000002aabb"));
}

TEST_CASE("wire/pcap_writer: blocks of a pcapng file have even lengths at both ends") {
    const temporary_folder folder;
    const bytes content = content_of(write_example(folder));
    std::vector<std::uint32_t> types;
    std::size_t at = 0;
    while (at < content.size()) {
        base::byte_reader reader(base::octets(content).subspan(at));
        types.push_back(reader.u32());
        const std::uint32_t length = reader.u32();
        REQUIRE(length % 4 == 0);
        REQUIRE(length >= 12);
        reader.skip(length - 12);
        CHECK(reader.u32() == length);
        REQUIRE(!reader.failed());
        at += length;
    }
    CHECK(types == std::vector<std::uint32_t>{0x0A0D0D0A, 1, 1, 6, 6, 1, 6});
}

TEST_CASE("wire/pcap_writer: tshark reads the interfaces, times and comments") {
    if (std::system("command -v tshark >/dev/null 2>&1") != 0) { // NOLINT
        MESSAGE("skipped: tshark is not installed");
        return;
    }
    const temporary_folder folder;
    const std::string path = write_example(folder);
    const std::string text = output_of(
        "tshark -r " + path +
        " -T fields -E separator='|' -e frame.interface_name -e frame.time_epoch -e frame.len "
        "-e frame.comment -e ip.dst 2>/dev/null");
    CHECK(text == "noaa20.vc01|1700000000.123456789|5|quality: clean|\n"
                  "packets|1700000000.123456789|4||\n"
                  "ip|1700000000.123456789|36||198.51.100.2\n");
}

TEST_CASE("wire/pcap_writer: a file that cannot be made is named") {
    const auto writer = wire::pcapng_writer::create("/nonexistent/x.pcapng");
    REQUIRE(!writer);
    CHECK(writer.error().message.find("/nonexistent/x.pcapng") != std::string::npos);
}
