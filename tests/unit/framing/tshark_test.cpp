// SPDX-License-Identifier: MIT
// Space packets that we write, as tshark reads them.
#include "framing/space_packet.h"
#include "support.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

using namespace landfall;
using namespace landfall::framing;

namespace {

std::string output_of(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string text;
    std::array<char, 4096> block{};
    while (pipe != nullptr) {
        const std::size_t size = std::fread(block.data(), 1, block.size(), pipe.get());
        if (size == 0) {
            break;
        }
        text.append(block.data(), size);
    }
    return text;
}

/// A capture of raw IPv4 (link type 101): one UDP datagram to port 50001 per packet.
octet_vector capture_of(const std::vector<octet_vector>& packets) {
    octet_vector out;
    base::byte_writer writer(out);
    writer.u32(0xA1B2C3D4);
    writer.u32(0x00020004);
    writer.u64(0);
    writer.u32(65535);
    writer.u32(101);
    for (const octet_vector& packet : packets) {
        const auto size = static_cast<std::uint32_t>(packet.size() + 28);
        writer.u64(0);
        writer.u32(size);
        writer.u32(size);
        writer.u16(0x4500);
        writer.u16(static_cast<std::uint16_t>(size));
        writer.u64(0x0000'4000'4011'0000);
        writer.u32(0x0A000001);
        writer.u32(0x0A000002);
        writer.u16(40000);
        writer.u16(50001);
        writer.u16(static_cast<std::uint16_t>(size - 20));
        writer.u16(0);
        writer.append(packet);
    }
    return out;
}

} // namespace

TEST_CASE("framing/space_packet: tshark reads the space packets that we write") {
    if (output_of("command -v tshark").empty()) {
        MESSAGE("skipped: tshark is not installed");
        return;
    }
    std::vector<octet_vector> packets;
    std::ostringstream expected;
    const std::array<std::uint16_t, 5> apids = {0, 1, 100, 1234, 2047};
    for (std::size_t i = 0; i < 40; ++i) {
        const space_packet_header header{i % 2 == 1, false, apids[i % apids.size()],
                                         static_cast<sequence_flags>(i / 2 % 4),
                                         static_cast<std::uint16_t>(i * 419)};
        const std::size_t size = 8 + i * 13;
        packets.emplace_back();
        append_space_packet(packets.back(), header, counting_octets(size));
        expected << 0 << '\t' << header.telecommand << '\t' << 0 << '\t' << header.apid << '\t'
                 << static_cast<unsigned>(header.sequence) << '\t' << header.sequence_count << '\t'
                 << size - 1 << '\n';
    }
    const auto path = std::filesystem::temp_directory_path() /
                      ("landfall-space-packets-" + std::to_string(getpid()) + ".pcap");
    const octet_vector capture = capture_of(packets);
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(capture.data()),
               static_cast<std::streamsize>(capture.size()));
    const std::string got = output_of(
        "tshark -r " + path.string() +
        " -d udp.port==50001,ccsds -T fields -e ccsds.version -e ccsds.type -e ccsds.secheader"
        " -e ccsds.apid -e ccsds.seqflag -e ccsds.seqnum -e ccsds.length 2>/dev/null");
    std::filesystem::remove(path);
    CHECK(got == expected.str());
}
