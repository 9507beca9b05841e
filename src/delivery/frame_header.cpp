// SPDX-License-Identifier: MIT
#include "delivery/frame_header.h"

#include "base/put.h"

#include <algorithm>
#include <cmath>

namespace landfall::delivery {

namespace {

constexpr std::uint8_t flag_corrected = 0x01;
constexpr std::uint8_t flag_fill = 0x02;
constexpr std::uint8_t flag_time = 0x04;
constexpr std::uint8_t flag_packet = 0x10;
constexpr std::uint8_t all_flags = flag_corrected | flag_fill | flag_time | flag_packet;
constexpr int es_n0_unknown = -128;
constexpr int es_n0_most = 127;
constexpr double es_n0_steps_per_db = 4;
constexpr std::int64_t picoseconds_per_nanosecond = 1000;
constexpr std::uint32_t nanoseconds_per_second = 1'000'000'000;

std::uint8_t flags_of(const frame_header& header) noexcept {
    unsigned flags = header.corrected ? flag_corrected : 0U;
    flags |= header.fill ? flag_fill : 0U;
    flags |= header.receive_time ? flag_time : 0U;
    flags |= header.packet ? flag_packet : 0U;
    return static_cast<std::uint8_t>(flags);
}

int es_n0_steps(const std::optional<double>& es_n0_db) noexcept {
    if (!es_n0_db || std::isnan(*es_n0_db)) {
        return es_n0_unknown;
    }
    const double most = es_n0_most / es_n0_steps_per_db;
    return static_cast<int>(std::lround(std::clamp(*es_n0_db, -most, most) * es_n0_steps_per_db));
}

} // namespace

const char* name(frame_header_error error) noexcept {
    switch (error) {
    case frame_header_error::truncated:
        return "truncated";
    case frame_header_error::wrong_mark:
        return "wrong_mark";
    case frame_header_error::wrong_version:
        return "wrong_version";
    case frame_header_error::reserved_flags:
        return "reserved_flags";
    case frame_header_error::bad_time:
        return "bad_time";
    }
    return "unknown";
}

std::array<std::uint8_t, frame_header_octets>
write_frame_header(const frame_header& header) noexcept {
    std::array<std::uint8_t, frame_header_octets> out{};
    const base::timestamp time = header.receive_time.value_or(base::timestamp{});
    base::octet_cursor cursor(out);
    cursor.u8(frame_header_mark | frame_header_version);
    cursor.u8(flags_of(header));
    cursor.u16(header.carrier);
    cursor.u16(header.spacecraft_id);
    cursor.u8(header.vcid);
    cursor.u8(static_cast<std::uint8_t>(es_n0_steps(header.es_n0_db)));
    cursor.u64(static_cast<std::uint64_t>(time.seconds));
    cursor.u32(static_cast<std::uint32_t>(time.picoseconds / picoseconds_per_nanosecond));
    cursor.u32(header.sequence);
    return out;
}

std::expected<frame_header, frame_header_error> parse_frame_header(base::octets datagram) noexcept {
    base::byte_reader reader(datagram);
    const std::uint8_t first = reader.u8();
    const std::uint8_t flags = reader.u8();
    frame_header header;
    header.carrier = reader.u16();
    header.spacecraft_id = reader.u16();
    header.vcid = reader.u8();
    const auto es_n0 = static_cast<std::int8_t>(reader.u8());
    const auto seconds = static_cast<std::int64_t>(reader.u64());
    const std::uint32_t nanoseconds = reader.u32();
    header.sequence = reader.u32();
    if (reader.failed()) {
        return std::unexpected(frame_header_error::truncated);
    }
    if ((first & 0xF0U) != frame_header_mark) {
        return std::unexpected(frame_header_error::wrong_mark);
    }
    if ((first & 0x0FU) != frame_header_version) {
        return std::unexpected(frame_header_error::wrong_version);
    }
    if ((flags & ~unsigned{all_flags}) != 0) {
        return std::unexpected(frame_header_error::reserved_flags);
    }
    const bool time_known = (flags & flag_time) != 0;
    if (nanoseconds >= nanoseconds_per_second ||
        (!time_known && (seconds != 0 || nanoseconds != 0))) {
        return std::unexpected(frame_header_error::bad_time);
    }
    if (time_known) {
        header.receive_time = base::timestamp{seconds, nanoseconds * picoseconds_per_nanosecond};
    }
    if (es_n0 != es_n0_unknown) {
        header.es_n0_db = es_n0 / es_n0_steps_per_db;
    }
    header.corrected = (flags & flag_corrected) != 0;
    header.fill = (flags & flag_fill) != 0;
    header.packet = (flags & flag_packet) != 0;
    return header;
}

} // namespace landfall::delivery
