// SPDX-License-Identifier: MIT
#include "helpers.h"
#include "wire/ethernet.h"
#include "wire/iq_source.h"
#include "wire/pcap_writer.h"

#include <doctest/doctest.h>

using namespace landfall;
using tests::bytes;
using tests::temporary_folder;

namespace {

struct outcome {
    std::vector<wire::iq_block> blocks;
    std::vector<base::cf32> samples;
    std::optional<base::failure> failure;
    wire::source_info info;
    wire::iq_counters counters;
    wire::iq_counters stream_counters; // of stream 7
};

outcome read_all(const std::vector<std::string>& paths, const wire::source_options& options = {}) {
    outcome result;
    auto source = wire::open_source(paths, options);
    if (!source) {
        result.failure = source.error();
        return result;
    }
    wire::iq_block block;
    for (;;) {
        const auto more = (*source)->next(block);
        if (!more) {
            result.failure = more.error();
            CHECK((*source)->next(block) == false);
        }
        if (!more || !*more) {
            break;
        }
        result.samples.insert(result.samples.end(), block.samples.begin(), block.samples.end());
        result.blocks.push_back(block);
    }
    CHECK((*source)->progress() == doctest::Approx(result.failure ? (*source)->progress() : 1.0));
    result.info = (*source)->info();
    result.counters = (*source)->counters();
    result.stream_counters = (*source)->counters(7);
    return result;
}

bool mentions(const outcome& result, std::string_view text) {
    return result.failure && result.failure->message.find(text) != std::string::npos;
}

/// Ethernet frame with the datagram, optionally with VLAN tags or over IPv6.
bytes framed(const bytes& payload, std::uint16_t port = 4991) {
    bytes frame;
    wire::udp_flow flow;
    flow.destination_port = port;
    wire::write_udp_frame(frame, flow, payload);
    return frame;
}

bytes double_tagged(bytes frame) {
    const bytes tags = tests::from_hex("88a800078100002a");
    frame.insert(frame.begin() + 12, tags.begin(), tags.end());
    return frame;
}

bytes framed_ipv6(const bytes& payload) {
    bytes frame = tests::from_hex("020000000002020000000001"
                                  "86dd60000000");
    base::byte_writer writer(frame);
    writer.u16(static_cast<std::uint16_t>(payload.size() + 8));
    writer.append(
        tests::from_hex("114020010db800000000000000000000000120010db8000000000000000000000002"));
    writer.u16(50000);
    writer.u16(4991);
    writer.u16(static_cast<std::uint16_t>(payload.size() + 8));
    writer.u16(0);
    writer.append(payload);
    return frame;
}

std::string write_capture(const std::string& path, const std::vector<bytes>& frames) {
    auto writer = wire::pcap_writer::create(path);
    REQUIRE(writer);
    for (const bytes& frame : frames) {
        REQUIRE(writer->write(tests::stream_start, frame));
    }
    REQUIRE(writer->close());
    return path;
}

std::vector<base::cf32> numbered(std::size_t count) {
    std::vector<base::cf32> samples;
    for (std::size_t i = 0; i < count; ++i) {
        samples.push_back(tests::numbered_sample(i));
    }
    return samples;
}

/// Data packets with these numbers, as frames.
std::vector<bytes> stream_frames(const tests::stream_maker& maker, std::uint64_t first,
                                 std::uint64_t end) {
    std::vector<bytes> frames;
    for (std::uint64_t i = first; i < end; ++i) {
        frames.push_back(framed(maker.data(i)));
    }
    return frames;
}

/// A context packet, then that many data packets.
std::vector<bytes> frames_with_context(const tests::stream_maker& maker, std::uint64_t count) {
    std::vector<bytes> frames{framed(maker.context(tests::stream_start))};
    for (bytes& frame : stream_frames(maker, 0, count)) {
        frames.push_back(std::move(frame));
    }
    return frames;
}

const tests::stream_maker maker;

} // namespace

TEST_CASE("wire/pcap_source: the capture of a hardware digitiser, data first, context last") {
    const std::string path = tests::shared_file("difi/hardware_1msps_8bit.pcap");
    if (path.empty()) {
        return;
    }
    const outcome result = read_all({path});
    CHECK(!result.failure);
    CHECK(result.counters.packets == 112);
    CHECK(result.counters.data_packets == 100);
    CHECK(result.counters.context_packets == 10);
    CHECK(result.counters.version_packets == 2);
    CHECK(result.samples.size() == 72000);
    CHECK(result.counters.samples == 72000);
    CHECK(result.counters.lost_packets == 0);
    CHECK(result.counters.lost_samples == 0);
    CHECK(result.counters.lost_context_packets == 0);
    CHECK(result.counters.discontinuities == 0);
    CHECK(result.counters.before_context_dropped == 0);
    CHECK(result.counters.invalid_total() == 0);
    CHECK(result.info.sample_rate_hz == 1e6);
    CHECK(result.info.center_frequency_hz == 1.95e9);
    CHECK(result.info.start_time == base::timestamp{0x67C0CC57, 0x18C41EDCA0});
}

TEST_CASE("wire/pcap_source: VLAN, QinQ and IPv6 mixed in one capture") {
    const temporary_folder folder;
    std::vector<bytes> frames{double_tagged(framed(maker.context(tests::stream_start)))};
    for (std::uint64_t i = 0; i < 30; ++i) {
        const bytes datagram = maker.data(i);
        frames.push_back(i % 3 == 0   ? framed(datagram)
                         : i % 3 == 1 ? double_tagged(framed(datagram))
                                      : framed_ipv6(datagram));
    }
    frames.push_back(framed({1, 2, 3}, 53));
    frames.push_back(tests::from_hex("02000000000202000000000108060001"));
    const outcome result = read_all({write_capture(folder.file("x.pcap"), frames)});
    CHECK(!result.failure);
    CHECK(result.samples == numbered(30 * 720));
    CHECK(result.counters.not_difi == 1);
    CHECK(result.counters.refused_frames == 1);
    CHECK(result.counters.invalid_total() == 0);
}

TEST_CASE("wire/pcap_source: several captures are one sequence, pcapng among them") {
    const temporary_folder folder;
    auto first = frames_with_context(maker, 20);
    write_capture(folder.file("1.pcap"), first);
    auto writer = wire::pcapng_writer::create(folder.file("2.pcapng"));
    REQUIRE(writer);
    REQUIRE(writer->add_interface("rf", wire::link_number::ethernet));
    for (const bytes& frame : stream_frames(maker, 20, 50)) {
        REQUIRE(writer->write(0, tests::stream_start, frame));
    }
    REQUIRE(writer->close());
    const outcome result = read_all({folder.file("1.pcap"), folder.file("2.pcapng")});
    CHECK(!result.failure);
    CHECK(result.samples == numbered(50 * 720));
    CHECK(result.counters.lost_samples == 0);
    CHECK(result.blocks.size() == 1);
}

TEST_CASE("wire/pcap_source: a capture cut in mid-packet yields what is before, then says where") {
    const temporary_folder folder;
    auto frames = frames_with_context(maker, 20);
    const std::string path = write_capture(folder.file("cut.pcap"), frames);
    const auto size = std::filesystem::file_size(path);
    const std::size_t last_record = 16 + framed(maker.data(19)).size();
    for (const std::size_t cut : {std::size_t{1}, std::size_t{700}, last_record - 5}) {
        std::filesystem::resize_file(path, size - cut);
        const outcome result = read_all({path});
        CHECK(result.samples == numbered(19 * 720));
        CHECK(mentions(result,
                       "cut.pcap: packet 21, at octet " + std::to_string(size - last_record)));
        CHECK(result.failure->code == base::exit_code::failed);
    }
    std::filesystem::resize_file(path, 20);
    CHECK(mentions(read_all({path}), "cut.pcap"));
}

TEST_CASE("wire/pcap_source: streams come apart, and one of them or one port can be chosen") {
    const temporary_folder folder;
    tests::stream_maker other = maker;
    other.stream_id = 8;
    std::vector<bytes> frames{framed(maker.context(tests::stream_start)),
                              framed(other.context(tests::stream_start), 5000)};
    for (std::uint64_t i = 0; i < 20; ++i) {
        frames.push_back(framed(maker.data(i)));
        frames.push_back(framed(other.data(i), 5000));
    }
    const std::string path = write_capture(folder.file("x.pcap"), frames);
    outcome result = read_all({path});
    CHECK(result.counters.samples == 40 * 720);
    CHECK(result.stream_counters.samples == 20 * 720);
    wire::source_options options;
    options.stream_id = 7;
    result = read_all({path}, options);
    CHECK(result.samples == numbered(20 * 720));
    CHECK(result.counters.not_selected == 21);
    options.stream_id.reset();
    options.udp_port = 4991;
    result = read_all({path}, options);
    CHECK(result.samples == numbered(20 * 720));
    CHECK(result.counters.not_selected == 21);
    options.udp_port = 1;
    CHECK(mentions(read_all({path}, options), "no DIFI samples"));
}

TEST_CASE("wire/pcap_source: invalid packets are counted by reason, on ports that carry DIFI") {
    const temporary_folder folder;
    auto frames = frames_with_context(maker, 20);
    bytes hostile = maker.data(20);
    hostile[2] = 0xFF; // says that it is longer than it is
    frames.push_back(framed(hostile));
    frames.push_back(framed({0x18, 0xE0}));
    const outcome result = read_all({write_capture(folder.file("x.pcap"), frames)});
    CHECK(!result.failure);
    CHECK(result.samples.size() == 20 * 720);
    CHECK(result.counters.invalid[static_cast<std::size_t>(wire::difi_error::truncated)] == 1);
    CHECK(result.counters.invalid[static_cast<std::size_t>(wire::difi_error::too_short)] == 1);
}

TEST_CASE("wire/pcap_source: captures without usable IQ have clear failures") {
    const temporary_folder folder;
    CHECK(mentions(read_all({write_capture(folder.file("none.pcap"), {})}), "none.pcap: no DIFI"));
    CHECK(mentions(read_all({write_capture(folder.file("x.pcap"), stream_frames(maker, 0, 20))}),
                   "no context packet"));
    CHECK(mentions(read_all({folder.put("bad.pcap", "\xA1\xB2\xC3\xD4 nothing")}), "bad.pcap"));
    auto writer =
        wire::pcap_writer::create(folder.file("user.pcap"), wire::link_number::space_packets);
    REQUIRE(writer);
    REQUIRE(writer->close());
    CHECK(mentions(read_all({folder.file("user.pcap")}), "link type"));
    CHECK(mentions(read_all({folder.file("none.pcap"), folder.put("x.txt", "text")}), "x.txt"));
}
