// SPDX-License-Identifier: MIT
#include "helpers.h"
#include "wire/difi.h"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string>

using namespace landfall;
using tests::from_hex;
using wire::difi_error;
using wire::packet_kind;

namespace {

// From the capture of a hardware digitiser, without its samples.
constexpr const char* captured_context =
    "49ee001b00000000006a621e0000000167c0cc570000002e90edd000fbb9800000000064000000c350000000000000"
    "0000000000000743aa380000000000000000000000000000000000f960000000f42400000000000000000000000000"
    "0000a0020000a00001c700000000";
constexpr const char* captured_version =
    "59ed000b00000000006a621e0001000467c0cc57000000746a52880080000002"
    "0000000c0000000432310400";
// Fields as a SpectralNet digitiser sends them (72 octets with the prologue, no time).
constexpr const char* legacy_fields =
    "39a180000000007a12000000000000000000000000017ee6760000000000e30000001f800000008954400000a00000"
    "00a00002cb00000000";

difi_error error_of(base::octets datagram) {
    const auto packet = wire::parse_difi(datagram);
    REQUIRE(!packet);
    return packet.error();
}

std::vector<std::uint8_t> with(std::vector<std::uint8_t> packet, std::size_t at,
                               std::uint8_t value) {
    packet[at] = value;
    return packet;
}

const tests::stream_maker maker;

} // namespace

TEST_CASE("wire/difi: a captured context packet") {
    const auto octets = from_hex(captured_context);
    const auto packet = wire::parse_difi(octets);
    REQUIRE(packet);
    CHECK(packet->header.kind == packet_kind::context);
    CHECK(packet->header.sequence == 14);
    CHECK(packet->header.stream_id == 0);
    CHECK(packet->header.scale == wire::time_scale::posix);
    CHECK(packet->header.time(0) == base::timestamp{0x67C0CC57, 0x2E90EDD000});
    const wire::context_fields& fields = packet->context;
    CHECK(fields.changed);
    CHECK(fields.reference_point == 100U);
    CHECK(fields.bandwidth_hz == 800e3);
    CHECK(fields.if_reference_hz == 0.0);
    CHECK(fields.rf_reference_hz == 1.95e9);
    CHECK(fields.reference_level_dbm == 0.0);
    CHECK(fields.gain1_db == -13.25);
    CHECK(fields.sample_rate_hz == 1e6);
    CHECK(fields.state == 0xA0020000U);
    CHECK(fields.format == wire::payload_format{8});
}

TEST_CASE("wire/difi: a captured version packet, and both of its packet types") {
    const auto octets = from_hex(captured_version);
    const auto packet = wire::parse_difi(octets);
    REQUIRE(packet);
    CHECK(packet->header.kind == packet_kind::version);
    CHECK(packet->version == wire::version_fields{4, 2025, 49, 1, 0, 0});
    for (const unsigned type : {4U, 5U}) {
        std::vector<std::uint8_t> written;
        wire::write_difi_version(written,
                                 {.stream_id = 0,
                                  .sequence = 13,
                                  .scale = wire::time_scale::posix,
                                  .time = {0x67C0CC57, 0x746A528800}},
                                 packet->version, type);
        CHECK(written == with(octets, 0, static_cast<std::uint8_t>(type << 4U | 9U)));
        CHECK(wire::parse_difi(written)->header.kind == packet_kind::version);
    }
}

TEST_CASE("wire/difi: a legacy context packet without time is read by its CIF bits") {
    auto octets = from_hex("4901001200000000007c386c00000000");
    const auto fields = from_hex(legacy_fields);
    octets.insert(octets.end(), fields.begin(), fields.end());
    REQUIRE(octets.size() == 72);
    const auto packet = wire::parse_difi(octets);
    REQUIRE(packet);
    CHECK(packet->header.kind == packet_kind::context);
    CHECK(packet->header.oui == 0x7C386C);
    CHECK(!packet->header.time(1e6));
    CHECK(packet->context.bandwidth_hz == 500e3);
    CHECK(packet->context.if_reference_hz == 0.0);
    CHECK(packet->context.rf_reference_hz == 401.5e6);
    CHECK(packet->context.reference_level_dbm == -58.0);
    CHECK(packet->context.gain1_db == 63.0);
    CHECK(packet->context.gain2_db == 0.0);
    CHECK(packet->context.sample_rate_hz == 562.5e3);
    CHECK(packet->context.format == wire::payload_format{12});
}

TEST_CASE("wire/difi: what the writers write is read back") {
    wire::context_fields fields;
    fields.changed = true;
    fields.reference_point = 75;
    fields.bandwidth_hz = 25e6;
    fields.if_reference_hz = -70e6;
    fields.rf_reference_hz = 8.212e9;
    fields.if_band_offset_hz = -1e6;
    fields.scaling_level_db = -3.5;
    fields.reference_level_dbm = -62.25;
    fields.gain1_db = 30;
    fields.gain2_db = -1.5;
    fields.sample_rate_hz = 31.25e6;
    fields.time_adjustment_fs = -123456789;
    fields.time_calibration_s = 1'700'000'000;
    fields.state = 0xA00A0000;
    fields.format = wire::payload_format{12};
    std::vector<std::uint8_t> out;
    const base::timestamp time{1'700'000'000, 123'456'789'012};
    wire::write_difi_context(out, {0x1001, 9, wire::time_scale::posix, time}, fields);
    REQUIRE(out.size() == wire::difi_context_octets);
    const auto packet = wire::parse_difi(out);
    REQUIRE(packet);
    CHECK(packet->header.stream_id == 0x1001);
    CHECK(packet->header.sequence == 9);
    CHECK(packet->header.time(0) == time);
    const wire::context_fields& read = packet->context;
    CHECK(read.reference_point == fields.reference_point);
    CHECK(read.bandwidth_hz == fields.bandwidth_hz);
    CHECK(read.if_reference_hz == fields.if_reference_hz);
    CHECK(read.rf_reference_hz == fields.rf_reference_hz);
    CHECK(read.if_band_offset_hz == fields.if_band_offset_hz);
    CHECK(read.scaling_level_db == fields.scaling_level_db);
    CHECK(read.reference_level_dbm == fields.reference_level_dbm);
    CHECK(read.gain1_db == fields.gain1_db);
    CHECK(read.gain2_db == fields.gain2_db);
    CHECK(read.sample_rate_hz == fields.sample_rate_hz);
    CHECK(read.time_adjustment_fs == fields.time_adjustment_fs);
    CHECK(read.time_calibration_s == fields.time_calibration_s);
    CHECK(read.state == fields.state);
    CHECK(read.format == fields.format);
}

TEST_CASE("wire/difi: a written data packet is octet for octet what the standard says") {
    const std::vector<base::cf32> samples{{1 / 128.0F, -1 / 128.0F}, {127 / 128.0F, -1.0F}};
    std::vector<std::uint8_t> out;
    const wire::difi_stamp stamp{0, 15, wire::time_scale::posix, {0x67C0CC57, 0x18C41EDCA0}};
    CHECK(wire::write_difi_data(out, stamp, samples, 8) == 0);
    CHECK(out == from_hex("18ef000800000000006a621e0000000067c0cc5700000018c41edca001ff7f80"));
}

TEST_CASE("wire/difi: data of every depth, padded and not, have the right number of samples") {
    for (unsigned bits = 4; bits <= 16; ++bits) {
        for (std::size_t count = 1; count <= 40; ++count) {
            std::vector<std::uint8_t> out;
            wire::write_difi_data(out, {}, std::vector<base::cf32>(count), bits);
            const auto packet = wire::parse_difi(out);
            REQUIRE(packet);
            CHECK((packet->header.pad_bits == 0) == (count % wire::sample_granularity(bits) == 0));
            CHECK(wire::samples_in_payload(packet->payload.size(), packet->header.pad_bits, bits) ==
                  count);
        }
    }
}

TEST_CASE("wire/difi: granularity and most samples per datagram are those of the standard") {
    constexpr std::array<std::size_t, 13> granularity{4, 16, 8, 16, 2, 16, 8, 16, 4, 16, 8, 16, 1};
    constexpr std::array<std::size_t, 13> at_1500{1444, 1152, 960, 816, 722, 640, 576,
                                                  512,  480,  432, 408, 384, 361};
    constexpr std::array<std::size_t, 13> at_9000{8944, 7152, 5960, 5104, 4472, 3968, 3576,
                                                  3248, 2980, 2752, 2552, 2384, 2236};
    for (unsigned bits = 4; bits <= 16; ++bits) {
        CHECK(wire::sample_granularity(bits) == granularity[bits - 4]);
        CHECK(wire::max_samples_per_datagram(1500 - 28, bits) == at_1500[bits - 4]);
        CHECK(wire::max_samples_per_datagram(9000 - 28, bits) == at_9000[bits - 4]);
    }
    CHECK(wire::max_samples_per_datagram(27, 8) == 0);
}

TEST_CASE("wire/difi: GPS and UTC time become POSIX time; sample counts need the rate") {
    std::vector<std::uint8_t> out;
    const base::timestamp time{1'700'000'000, 5};
    const std::vector<base::cf32> samples(2);
    wire::write_difi_data(out, {0, 0, wire::time_scale::gps, time}, samples, 8);
    auto header = wire::parse_difi(out)->header;
    CHECK(header.integer_seconds == 1'700'000'000 - 315'964'800 + 18);
    CHECK(header.time(0) == time);
    header.scale = wire::time_scale::utc;
    header.integer_seconds = 1'700'000'000;
    CHECK(header.time(0) == time);
    header.fraction = wire::fraction_kind::sample_count;
    header.fractional = 250'000;
    CHECK(header.time(1e6) == base::timestamp{1'700'000'000, 250'000'000'000});
    CHECK(!header.time(0));
}

TEST_CASE("wire/difi: every truncation is refused, and so is every longer datagram") {
    for (const auto& octets :
         {from_hex(captured_context), from_hex(captured_version), maker.data(3)}) {
        for (std::size_t size = 0; size < octets.size(); ++size) {
            CHECK(error_of(base::octets(octets).first(size)) ==
                  (size < 4 ? difi_error::too_short : difi_error::truncated));
        }
        auto longer = octets;
        longer.push_back(0);
        CHECK(error_of(longer) == difi_error::size_mismatch);
    }
}

TEST_CASE("wire/difi: a context whose size is made smaller than its fields is refused") {
    const auto whole = from_hex(captured_context);
    for (std::size_t words = 1; words < 27; ++words) {
        auto cut =
            std::vector<std::uint8_t>(whole.begin(), whole.begin() + static_cast<long>(4 * words));
        cut[3] = static_cast<std::uint8_t>(words);
        CHECK(error_of(cut) == (words < 7 ? difi_error::too_short : difi_error::context_truncated));
    }
}

TEST_CASE("wire/difi: each fault has its name") {
    const auto data = maker.data(0);
    CHECK(error_of(with(data, 0, 0x08)) == difi_error::bad_packet_type);
    CHECK(error_of(with(data, 0, 0x10)) == difi_error::no_class_id);
    CHECK(error_of(with(data, 15, 9)) == difi_error::unsupported_class);
    CHECK(error_of(with(data, 13, 7)) == difi_error::unsupported_class);
    CHECK(error_of(with(data, 0, 0x19)) == difi_error::not_time_data);
    CHECK(error_of(with(data, 20, 0xFF)) == difi_error::bad_fraction);
    CHECK(error_of(with(data, 1, 0xF0)) == difi_error::forbidden_tsf);
    CHECK(error_of(with(data, 1, 0x20)) == difi_error::forbidden_tsi);
    CHECK(error_of(from_hex("18e0000700000000006a621e00000000000000000000000000000000")) ==
          difi_error::empty_payload);
    const auto context = from_hex(captured_context);
    CHECK(error_of(with(context, 31, 0x80)) == difi_error::unsupported_context);
    CHECK(error_of(with(with(with(context, 79, 0), 80, 0), 81, 0)) == difi_error::bad_sample_rate);
    CHECK(error_of(with(context, 76, 0xFF)) == difi_error::bad_sample_rate);
    CHECK(error_of(with(context, 100, 0x80)) == difi_error::unsupported_samples); // real
    CHECK(error_of(with(context, 100, 0xAE)) == difi_error::unsupported_samples); // float
    CHECK(error_of(with(context, 103, 0xC2)) == difi_error::unsupported_samples); // 3 bits
    CHECK(error_of(with(context, 103, 0xD0)) == difi_error::unsupported_samples); // 17 bits
    CHECK(wire::samples_in_payload(10, 0, 12).error() == difi_error::bad_pad);
    CHECK(wire::samples_in_payload(4, 32, 8).error() == difi_error::bad_pad);
}

TEST_CASE("wire/difi: the packing size of either reading gives the same depth") {
    const auto context = from_hex(captured_context);
    const auto depth = [&](std::uint8_t high, std::uint8_t low) {
        const auto octets = with(with(context, 102, high), 103, low);
        const auto packet = wire::parse_difi(octets);
        REQUIRE(packet);
        return packet->context.format->bits;
    };
    CHECK(depth(0x01, 0xC7) == 8);  // packing size 8
    CHECK(depth(0x03, 0xC7) == 8);  // packing size 16
    CHECK(depth(0x03, 0xCF) == 16); // packing size 16
    CHECK(depth(0x07, 0xCF) == 16); // packing size 32
    CHECK(depth(0x02, 0xCB) == 12);
}

TEST_CASE("wire/difi: another OUI is accepted and its class codes are not looked at") {
    auto data = maker.data(0);
    data[9] = 0x7C;
    data[10] = 0x38;
    data[11] = 0x6C;
    data[12] = 0x56;
    data[15] = 0x0B;
    const auto packet = wire::parse_difi(data);
    REQUIRE(packet);
    CHECK(packet->header.kind == packet_kind::data);
    CHECK(packet->payload.size() == 1440);
}

TEST_CASE("wire/difi: a trailer word is left out of the payload") {
    const auto data = with(maker.data(0), 0, 0x1C);
    CHECK(wire::parse_difi(data)->payload.size() == 1436);
}

TEST_CASE("wire/difi: timing flow control is recognised") {
    auto octets = from_hex("68e0001500000000006a621e000300066553f1000000000000000000");
    octets.resize(84);
    const auto packet = wire::parse_difi(octets);
    REQUIRE(packet);
    CHECK(packet->header.kind == packet_kind::other);
}

TEST_CASE("wire/difi: no single-bit flip of a header does harm") {
    for (const auto& octets :
         {from_hex(captured_context), from_hex(captured_version), maker.data(3)}) {
        for (std::size_t bit = 0; bit < std::min<std::size_t>(octets.size(), 108) * 8; ++bit) {
            auto flipped = octets;
            flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << (bit % 8));
            const auto packet = wire::parse_difi(flipped);
            if (packet && packet->header.kind == packet_kind::data) {
                CHECK(packet->payload.data() + packet->payload.size() <=
                      flipped.data() + flipped.size());
            }
        }
    }
}

TEST_CASE("wire/difi: every error has a name of its own") {
    std::set<std::string> names;
    for (std::size_t i = 0; i < wire::difi_error_count; ++i) {
        names.insert(wire::name(static_cast<difi_error>(i)));
    }
    CHECK(names.size() == wire::difi_error_count);
    CHECK(!names.contains("unknown"));
}
