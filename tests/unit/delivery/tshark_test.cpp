// SPDX-License-Identifier: MIT
// What we build, as tshark reads it: nothing malformed, checksums right, fragments reassembled.
#include "support.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

using namespace landfall;
using namespace landfall::delivery;

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

/// A capture of raw IP packets (link type 101), removed at the end.
class capture {
  public:
    explicit capture(const std::vector<sent_packet>& packets)
        : path_(std::filesystem::temp_directory_path() /
                ("landfall-delivery-" + std::to_string(getpid()) + ".pcap")) {
        octet_vector out;
        base::byte_writer writer(out);
        writer.u32(0xA1B2C3D4);
        writer.u32(0x00020004);
        writer.u64(0);
        writer.u32(262144);
        writer.u32(101);
        for (const sent_packet& packet : packets) {
            writer.u64(0);
            writer.u32(static_cast<std::uint32_t>(packet.octets.size()));
            writer.u32(static_cast<std::uint32_t>(packet.octets.size()));
            writer.append(packet.octets);
        }
        std::ofstream file(path_, std::ios::binary);
        file.write(reinterpret_cast<const char*>(out.data()),
                   static_cast<std::streamsize>(out.size()));
    }
    ~capture() { std::filesystem::remove(path_); }
    capture(const capture&) = delete;
    capture& operator=(const capture&) = delete;

    [[nodiscard]] std::string read(const std::string& options) const {
        return output_of("tshark -r " + path_.string() +
                         " -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE"
                         " -o ip.defragment:TRUE -o ipv6.defragment:TRUE " +
                         options + " 2>/dev/null");
    }

  private:
    std::filesystem::path path_;
};

std::string hex_of(base::octets octets) {
    constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (const std::uint8_t octet : octets) {
        text += digits[octet >> 4U];
        text += digits[octet & 0x0FU];
    }
    return text;
}

/// Without printing all of both when they differ.
void check_same(const std::string& one, const std::string& other) {
    const bool same = one == other;
    INFO(one.substr(0, 200), " and ", other.substr(0, 200));
    CHECK(same);
    CHECK(one.size() == other.size());
}

route route_of(form as, const udp_flow& flow) {
    return {.as = as, .to = {{.peer = 0, .mtu_octets = 1408}}, .flow = flow};
}

} // namespace

TEST_CASE("delivery: tshark finds nothing wrong with the datagrams, and puts fragments together") {
    if (output_of("command -v tshark").empty()) {
        MESSAGE("skipped: tshark is not installed");
        return;
    }
    router made({.carrier = 0,
                 .carriers = 1,
                 .routes = {route_of(form::iq, flow_ipv4), route_of(form::iq, flow_ipv6)}});
    base::random_source random(5);
    std::ostringstream expected;
    sink out;
    std::size_t datagrams = 0;
    for (const std::size_t size : {1UL, 2UL, 27UL, 892UL, 1024UL, 1359UL, 1360UL, 1361UL, 1380UL,
                                   1381UL, 2048UL, 4099UL, 16384UL, 65507UL}) {
        const octet_vector data = random_octets(random, size);
        out.run([&](const output& to) { made.iq(data, to); });
        for (int family = 0; family < 2; ++family) {
            expected << "1\t" << hex_of(data) << '\n';
            ++datagrams;
        }
    }
    CHECK(made.counters(0).datagrams.value() + made.counters(1).datagrams.value() == datagrams);
    CHECK(made.counters(0).fragments.value() > 0);
    CHECK(made.counters(1).fragments.value() > 0);
    const capture file(out.packets);
    check_same(file.read("-Y udp -T fields -e udp.checksum.status -e data.data"), expected.str());
    const std::string odd = file.read("-Y '_ws.malformed || ip.checksum.status == 0 || "
                                      "_ws.expert.severity >= 6291456 || ip.flags.df == 1'");
    CHECK(odd.empty());
}

TEST_CASE("delivery: tshark finds nothing wrong with packets that were forwarded") {
    if (output_of("command -v tshark").empty()) {
        MESSAGE("skipped: tshark is not installed");
        return;
    }
    router made({.carrier = 0, .carriers = 1, .routes = {route_of(form::ip, {})}});
    sink out;
    framing::delivered_packet packet;
    packet.kind = framing::packet_kind::ipv4;
    std::ostringstream expected;
    std::uint16_t identification = 0;
    for (const std::size_t size : {8UL, 1388UL, 1389UL, 5000UL, 60000UL}) {
        for (const octet_vector& options :
             {octet_vector{}, octet_vector{0x94, 4, 0, 0, 1, 7, 7, 4, 0, 0, 0, 0}}) {
            const octet_vector whole = ipv4_packet{.options = options,
                                                   .payload = counting(size, size),
                                                   .identification = ++identification}
                                           .build();
            packet.octets = whole;
            out.run([&](const output& to) { made.packet(packet, to); });
            expected << "16\t" << hex_of(counting(size, size)) << '\n';
        }
    }
    const capture file(out.packets);
    check_same(file.read("-Y 'data.data && ip.flags.mf == 0' -T fields -e ip.ttl -e data.data"),
               expected.str());
    CHECK(file.read("-Y '_ws.malformed || ip.checksum.status == 0'").empty());
    CHECK(made.counters(0).fragments.value() > 0);
    CHECK(dropped(made.counters(0)) == 0);
}
