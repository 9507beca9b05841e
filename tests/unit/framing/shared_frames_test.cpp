// SPDX-License-Identifier: MIT
// Transfer frames of real spacecraft; the expected numbers are those of
// tests/vectors/framing/count_frames.py, which works differently.
#include "../../support/shared_data.h"
#include "collector.h"
#include "framing/clcw.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <numeric>
#include <string>

using namespace landfall;
using namespace landfall::framing;

namespace {

octet_vector read_shared(const std::string& name) {
    std::ifstream file(test_support::shared_file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void push_all(collector& got, const octet_vector& file, std::size_t frame_octets, bool checked) {
    REQUIRE(file.size() % frame_octets == 0);
    for (auto at = file.begin(); at != file.end();) {
        const auto end = at + static_cast<std::ptrdiff_t>(frame_octets);
        got.push({at, end}, {}, checked);
        at = end;
    }
    got.finish();
}

std::size_t packet_octets(const collector& got) {
    return std::accumulate(
        got.packets.begin(), got.packets.end(), std::size_t{0},
        [](std::size_t sum, const octet_vector& packet) { return sum + packet.size(); });
}

} // namespace

TEST_CASE("framing/deframer: GK-2A's frames have their true counts") {
    const octet_vector file = read_shared("frames/gk2a_lrit_aos_892.frames");
    if (file.empty()) {
        return;
    }
    for (const bool checked : {true, false}) {
        collector got;
        push_all(got, file, 892, checked);
        CHECK(got.totals().good == 4422);
        CHECK(got.totals().fill == 0);
        CHECK(got.totals().bad == 0);
        CHECK(got.totals().missing == 0);
        CHECK(got.deframer_.fecf_octets() == 0U);
        REQUIRE(got.channels().size() == 1);
        const channel_counters& channel = got.channels()[0];
        CHECK(channel.format == frame_format::aos);
        CHECK(channel.spacecraft_id == 195);
        CHECK(channel.vcid == 0);
        CHECK(channel.restarts == 3);
        CHECK(channel.duplicates == 0);
        CHECK(got.totals().packets == 500);
        CHECK(packet_octets(got) == 3890512);
        CHECK(channel.extraction.padded_zones == 40);
        for (const std::uint64_t lost : channel.extraction.lost) {
            CHECK(lost == 0);
        }
    }
}

TEST_CASE("framing/deframer: DART's frames have their true counts") {
    const octet_vector file = read_shared("frames/dart_tm_1113.frames");
    if (file.empty()) {
        return;
    }
    for (const bool checked : {true, false}) {
        collector got;
        push_all(got, file, 1113, checked);
        CHECK(got.totals().good == 141);
        CHECK(got.totals().fill == 137);
        CHECK(got.totals().bad == 0);
        CHECK(got.totals().missing == 1322);
        CHECK(got.totals().missing_fill == 1426);
        REQUIRE(got.channels().size() == 2);
        CHECK(got.channels()[0].vcid == 0);
        CHECK(got.channels()[0].fill == 137);
        CHECK(got.channels()[1].spacecraft_id == 318);
        CHECK(got.channels()[1].vcid == 7);
        CHECK(got.channels()[1].frames == 141);
        CHECK(got.totals().packets == 797);
        CHECK(packet_octets(got) == 111967);
        CHECK(got.channels()[1].extraction.lost[static_cast<std::size_t>(packet_loss::gap)] <= 98);
        for (const delivered_frame& frame : got.infos) {
            REQUIRE(frame.ocf.has_value());
            CHECK(parse_clcw(*frame.ocf)->cop_in_effect == 1);
        }
    }
}

TEST_CASE("framing/deframer: simulated frames of an independent encoder have their true counts") {
    for (const char* name : {"iq/qpsk_a050_es4", "iq/bpsk_a050_es2", "iq/oqpsk_a035_es4"}) {
        const octet_vector file = read_shared(std::string(name) + ".frames");
        if (file.empty()) {
            return;
        }
        collector got;
        push_all(got, file, 892, false);
        CHECK(got.totals().good + got.totals().fill == file.size() / 892);
        CHECK(got.totals().bad == 0);
        CHECK(got.totals().missing == 0);
        CHECK(got.deframer_.fecf_octets() == 2U);
        CHECK(got.channels().size() == 3);
        CHECK(got.channels()[0].spacecraft_id == 171);
    }
}
