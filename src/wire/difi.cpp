// SPDX-License-Identifier: MIT
#include "wire/difi.h"

#include "wire/samples.h"

#include <cmath>
#include <numeric>

namespace landfall::wire {

namespace {

constexpr std::uint64_t picoseconds_in_second = 1'000'000'000'000;
constexpr std::uint32_t version_cif0 = 0x00000002;
constexpr std::uint32_t version_cif1 = 0x0000000C;
constexpr std::uint16_t version_class = 0x0004;

constexpr double from_q20(std::uint64_t value) noexcept {
    return static_cast<double>(static_cast<std::int64_t>(value)) / 1048576.0;
}

constexpr double from_q7(std::uint16_t value) noexcept {
    return static_cast<double>(static_cast<std::int16_t>(value)) / 128.0;
}

constexpr bool bit(std::uint32_t word, unsigned number) noexcept {
    return (word >> number & 1U) != 0;
}

bool known_information_class(std::uint16_t code) noexcept {
    return (code & 0x00FFU) <= 6 && code <= 0x0106;
}

/// The kind that type and class make together.
std::expected<packet_kind, difi_error> kind_of(const difi_header& header) noexcept {
    const bool difi = header.oui == difi_oui;
    if (difi && (!known_information_class(header.information_class) || header.packet_class > 9)) {
        return std::unexpected(difi_error::unsupported_class);
    }
    const std::uint16_t code = header.packet_class;
    switch (header.packet_type) {
    case 1:
        if (difi && code != 0 && code != 2) {
            return std::unexpected(difi_error::unsupported_class);
        }
        return packet_kind::data;
    case 4:
        if (difi && code == version_class) {
            return packet_kind::version;
        }
        if (difi && code != 1 && code != 3) {
            return std::unexpected(difi_error::unsupported_class);
        }
        return packet_kind::context;
    case 5: // the number that a table's misprint gave version packets
        if (difi && code != version_class) {
            return std::unexpected(difi_error::unsupported_class);
        }
        return difi ? packet_kind::version : packet_kind::other;
    case 6:
    case 7:
        return packet_kind::other;
    default:
        return std::unexpected(difi_error::bad_packet_type);
    }
}

std::optional<difi_error> time_fault(const difi_header& header) noexcept {
    if (header.kind == packet_kind::data) {
        if (header.scale == time_scale::none) {
            return difi_error::forbidden_tsi;
        }
        if (header.fraction != fraction_kind::picoseconds &&
            header.fraction != fraction_kind::sample_count) {
            return difi_error::forbidden_tsf;
        }
    }
    const bool too_big = (header.fraction == fraction_kind::picoseconds &&
                          header.fractional >= picoseconds_in_second) ||
                         (header.fraction == fraction_kind::sample_count &&
                          header.fractional > static_cast<std::uint64_t>(max_sample_rate_hz));
    if (too_big) {
        return difi_error::bad_fraction;
    }
    return std::nullopt;
}

/// Word 26 of the context (VITA 49.2, 9.13.3). The depth is the item size. The packing size is
/// the same, or twice that (gr-difi); less than that is old gear's misprint.
std::expected<payload_format, difi_error> format_of(std::uint32_t word) noexcept {
    const unsigned bits = (word & 0x3FU) + 1;
    const unsigned packing = (word >> 6U & 0x3FU) + 1;
    const bool link_efficient = bit(word, 31);
    const bool complex_signed = (word >> 23U & 0xFFU) == 0x40; // cartesian, fixed point, no repeat
    const bool untagged = (word >> 12U & 0x7FFU) == 0;
    const bool whole_in_word = bits == 4 || bits == 8 || bits == 16;
    if (!complex_signed || !untagged || bits < min_sample_bits || bits > max_sample_bits ||
        (packing > bits && packing != 2 * bits) || (!link_efficient && !whole_in_word)) {
        return std::unexpected(difi_error::unsupported_samples);
    }
    return payload_format{bits};
}

/// The leading fields of CIF0, bit 30 to bit 24, in the order of their bits.
void read_frequencies(base::byte_reader& reader, std::uint32_t cif0, context_fields& fields) {
    if (bit(cif0, 30)) {
        fields.reference_point = reader.u32();
    }
    if (bit(cif0, 29)) {
        fields.bandwidth_hz = from_q20(reader.u64());
    }
    if (bit(cif0, 28)) {
        fields.if_reference_hz = from_q20(reader.u64());
    }
    if (bit(cif0, 27)) {
        fields.rf_reference_hz = from_q20(reader.u64());
    }
    if (bit(cif0, 26)) {
        reader.skip(8); // RF offset
    }
    if (bit(cif0, 25)) {
        fields.if_band_offset_hz = from_q20(reader.u64());
    }
}

void read_levels(base::byte_reader& reader, std::uint32_t cif0, context_fields& fields) {
    if (bit(cif0, 24)) {
        fields.scaling_level_db = from_q7(reader.u16());
        fields.reference_level_dbm = from_q7(reader.u16());
    }
    if (bit(cif0, 23)) {
        fields.gain2_db = from_q7(reader.u16());
        fields.gain1_db = from_q7(reader.u16());
    }
    if (bit(cif0, 22)) {
        reader.skip(4); // over-range count
    }
}

std::expected<context_fields, difi_error> parse_context(base::byte_reader reader) noexcept {
    context_fields fields;
    const std::uint32_t cif0 = reader.u32();
    fields.changed = bit(cif0, 31);
    if (bit(cif0, 7)) {
        return std::unexpected(difi_error::unsupported_context);
    }
    for (const unsigned further : {1U, 2U, 3U}) {
        reader.skip(bit(cif0, further) ? 4 : 0);
    }
    read_frequencies(reader, cif0, fields);
    read_levels(reader, cif0, fields);
    if (bit(cif0, 21)) {
        fields.sample_rate_hz = from_q20(reader.u64());
    }
    if (bit(cif0, 20)) {
        fields.time_adjustment_fs = static_cast<std::int64_t>(reader.u64());
    }
    if (bit(cif0, 19)) {
        fields.time_calibration_s = reader.u32();
    }
    reader.skip(bit(cif0, 18) ? 4 : 0); // temperature
    reader.skip(bit(cif0, 17) ? 8 : 0); // device identifier
    if (bit(cif0, 16)) {
        fields.state = reader.u32();
    }
    std::uint32_t format_word = 0;
    if (bit(cif0, 15)) {
        format_word = reader.u32();
        reader.skip(4); // repeat count and vector size
    }
    if (reader.failed()) {
        return std::unexpected(difi_error::context_truncated);
    }
    if (bit(cif0, 15)) {
        const auto format = format_of(format_word);
        if (!format) {
            return std::unexpected(format.error());
        }
        fields.format = *format;
    }
    if (fields.sample_rate_hz &&
        !(*fields.sample_rate_hz > 0 && *fields.sample_rate_hz <= max_sample_rate_hz)) {
        return std::unexpected(difi_error::bad_sample_rate);
    }
    return fields;
}

std::expected<version_fields, difi_error> parse_version(base::byte_reader reader) noexcept {
    reader.skip(8); // CIF0, CIF1
    version_fields fields;
    fields.v49_version = reader.u32();
    const std::uint32_t word = reader.u32();
    fields.year = static_cast<std::uint16_t>(2000 + (word >> 25U));
    fields.day_of_year = static_cast<std::uint16_t>(word >> 16U & 0x1FFU);
    fields.revision = static_cast<std::uint8_t>(word >> 10U & 0x3FU);
    fields.type = static_cast<std::uint8_t>(word >> 6U & 0xFU);
    fields.icd_version = static_cast<std::uint8_t>(word & 0x3FU);
    if (reader.failed()) {
        return std::unexpected(difi_error::context_truncated);
    }
    return fields;
}

std::optional<difi_error> read_data(base::byte_reader reader, std::uint32_t first_word,
                                    difi_packet& packet) noexcept {
    if (bit(first_word, 24)) {
        return difi_error::not_time_data;
    }
    const std::size_t trailer = bit(first_word, 26) ? 4 : 0;
    if (reader.remaining() <= trailer) {
        return difi_error::empty_payload;
    }
    packet.payload = reader.take(reader.remaining() - trailer);
    if (packet.payload.size() * 8 <= packet.header.pad_bits) {
        return difi_error::bad_pad;
    }
    return std::nullopt;
}

std::optional<difi_error> read_prologue(base::byte_reader& reader, std::uint32_t first,
                                        difi_header& header) noexcept {
    header.packet_type = static_cast<std::uint8_t>(first >> 28U);
    header.scale = static_cast<time_scale>(first >> 22U & 3U);
    header.fraction = static_cast<fraction_kind>(first >> 20U & 3U);
    header.sequence = static_cast<std::uint8_t>(first >> 16U & 0xFU);
    if (header.packet_type == 0 || header.packet_type == 2 || header.packet_type == 3 ||
        header.packet_type > 7) {
        return difi_error::bad_packet_type;
    }
    if (!bit(first, 27)) {
        return difi_error::no_class_id;
    }
    header.stream_id = reader.u32();
    const std::uint32_t class_word = reader.u32();
    header.pad_bits = static_cast<std::uint8_t>(class_word >> 27U);
    header.oui = class_word & 0xFFFFFFU;
    header.information_class = reader.u16();
    header.packet_class = reader.u16();
    header.integer_seconds = header.scale == time_scale::none ? 0 : reader.u32();
    header.fractional = header.fraction == fraction_kind::none ? 0 : reader.u64();
    if (reader.failed()) {
        return difi_error::too_short;
    }
    const auto kind = kind_of(header);
    if (!kind) {
        return kind.error();
    }
    header.kind = *kind;
    return time_fault(header);
}

void write_prologue(base::byte_writer& writer, const difi_stamp& stamp, std::uint32_t first_bits,
                    std::size_t octets, std::uint32_t class_pad) {
    const bool gps = stamp.scale == time_scale::gps;
    const std::int64_t seconds =
        stamp.time.seconds - (gps ? gps_epoch_posix_s - gps_leap_seconds : 0);
    writer.u32(first_bits | static_cast<std::uint32_t>(stamp.scale) << 22U | 2U << 20U |
               (stamp.sequence & 0xFU) << 16U | static_cast<std::uint32_t>(octets / 4));
    writer.u32(stamp.stream_id);
    writer.u32(class_pad << 27U | difi_oui);
    writer.u32(first_bits >> 28U == 1          ? 0x00000000
               : octets == difi_version_octets ? 0x00010004
                                               : 1);
    writer.u32(static_cast<std::uint32_t>(seconds));
    writer.u64(static_cast<std::uint64_t>(stamp.time.picoseconds));
}

std::uint64_t to_q20(const std::optional<double>& value) {
    return static_cast<std::uint64_t>(std::llround(value.value_or(0) * 1048576.0));
}

std::uint16_t to_q7(const std::optional<double>& value) {
    return static_cast<std::uint16_t>(std::lround(value.value_or(0) * 128.0));
}

} // namespace

const char* name(difi_error error) noexcept {
    switch (error) {
    case difi_error::too_short:
        return "too_short";
    case difi_error::truncated:
        return "truncated";
    case difi_error::size_mismatch:
        return "size_mismatch";
    case difi_error::bad_packet_type:
        return "bad_packet_type";
    case difi_error::no_class_id:
        return "no_class_id";
    case difi_error::unsupported_class:
        return "unsupported_class";
    case difi_error::not_time_data:
        return "not_time_data";
    case difi_error::forbidden_tsi:
        return "forbidden_tsi";
    case difi_error::forbidden_tsf:
        return "forbidden_tsf";
    case difi_error::bad_fraction:
        return "bad_fraction";
    case difi_error::bad_pad:
        return "bad_pad";
    case difi_error::empty_payload:
        return "empty_payload";
    case difi_error::context_truncated:
        return "context_truncated";
    case difi_error::unsupported_context:
        return "unsupported_context";
    case difi_error::bad_sample_rate:
        return "bad_sample_rate";
    case difi_error::unsupported_samples:
        return "unsupported_samples";
    }
    return "unknown";
}

std::optional<base::timestamp> difi_header::time(double sample_rate_hz) const noexcept {
    if (scale == time_scale::none) {
        return std::nullopt;
    }
    base::timestamp posix{integer_seconds, 0};
    if (scale == time_scale::gps) {
        posix.seconds += gps_epoch_posix_s - gps_leap_seconds;
    }
    if (fraction == fraction_kind::picoseconds) {
        posix.picoseconds = static_cast<std::int64_t>(fractional);
        return posix;
    }
    if (fraction == fraction_kind::sample_count && sample_rate_hz > 0) {
        return posix.plus_seconds(static_cast<double>(fractional) / sample_rate_hz);
    }
    return std::nullopt;
}

std::expected<difi_packet, difi_error> parse_difi(base::octets datagram) noexcept {
    base::byte_reader reader(datagram);
    const std::uint32_t first = reader.u32();
    if (reader.failed()) {
        return std::unexpected(difi_error::too_short);
    }
    const std::size_t octets = std::size_t{first & 0xFFFFU} * 4;
    if (octets != datagram.size() || octets > max_datagram_octets) {
        return std::unexpected(octets > datagram.size() ? difi_error::truncated
                                                        : difi_error::size_mismatch);
    }
    difi_packet packet;
    if (const auto fault = read_prologue(reader, first, packet.header)) {
        return std::unexpected(*fault);
    }
    if (packet.header.kind == packet_kind::data) {
        if (const auto fault = read_data(reader, first, packet)) {
            return std::unexpected(*fault);
        }
    } else if (packet.header.kind == packet_kind::context) {
        const auto context = parse_context(reader);
        if (!context) {
            return std::unexpected(context.error());
        }
        packet.context = *context;
    } else if (packet.header.kind == packet_kind::version) {
        const auto version = parse_version(reader);
        if (!version) {
            return std::unexpected(version.error());
        }
        packet.version = *version;
    }
    return packet;
}

std::expected<std::size_t, difi_error> samples_in_payload(std::size_t octets, unsigned pad_bits,
                                                          unsigned bits) noexcept {
    const std::size_t all = octets * 8;
    if (all <= pad_bits || (all - pad_bits) % (2 * std::size_t{bits}) != 0) {
        return std::unexpected(difi_error::bad_pad);
    }
    return (all - pad_bits) / (2 * std::size_t{bits});
}

std::size_t sample_granularity(unsigned bits) noexcept {
    return 32 / std::gcd(32U, 2 * bits);
}

std::size_t max_samples_per_datagram(std::size_t datagram_octets, unsigned bits) noexcept {
    if (datagram_octets < difi_prologue_octets) {
        return 0;
    }
    const std::size_t samples =
        (datagram_octets - difi_prologue_octets) * 8 / (2 * std::size_t{bits});
    return samples - samples % sample_granularity(bits);
}

std::size_t write_difi_data(std::vector<std::uint8_t>& out, const difi_stamp& stamp,
                            std::span<const base::cf32> samples, unsigned bits) {
    base::byte_writer writer(out);
    const std::size_t used_bits = samples.size() * 2 * bits;
    const std::size_t pad_bits = (32 - used_bits % 32) % 32;
    write_prologue(writer, stamp, 0x18000000, difi_prologue_octets + (used_bits + pad_bits) / 8,
                   static_cast<std::uint32_t>(pad_bits));
    const std::size_t payload = out.size();
    const std::size_t saturated = pack_iq(samples, bits, out);
    out.resize(payload + (used_bits + pad_bits) / 8);
    return saturated;
}

void write_difi_context(std::vector<std::uint8_t>& out, const difi_stamp& stamp,
                        const context_fields& context) {
    base::byte_writer writer(out);
    write_prologue(writer, stamp, 0x49000000, difi_context_octets, 0);
    writer.u32(context.changed ? 0xFBB98000 : 0x7BB98000);
    writer.u32(context.reference_point.value_or(100));
    writer.u64(to_q20(context.bandwidth_hz));
    writer.u64(to_q20(context.if_reference_hz));
    writer.u64(to_q20(context.rf_reference_hz));
    writer.u64(to_q20(context.if_band_offset_hz));
    writer.u16(to_q7(context.scaling_level_db));
    writer.u16(to_q7(context.reference_level_dbm));
    writer.u16(to_q7(context.gain2_db));
    writer.u16(to_q7(context.gain1_db));
    writer.u64(to_q20(context.sample_rate_hz));
    writer.u64(static_cast<std::uint64_t>(context.time_adjustment_fs.value_or(0)));
    writer.u32(context.time_calibration_s.value_or(0));
    writer.u32(context.state.value_or(0));
    const std::uint32_t size = context.format.value_or(payload_format{}).bits - 1;
    writer.u32(0xA0000000U | size << 6U | size);
    writer.u32(0);
}

void write_difi_version(std::vector<std::uint8_t>& out, const difi_stamp& stamp,
                        const version_fields& version, unsigned packet_type) {
    base::byte_writer writer(out);
    write_prologue(writer, stamp, packet_type << 28U | 0x09000000U, difi_version_octets, 0);
    writer.u32(0x80000000U | version_cif0);
    writer.u32(version_cif1);
    writer.u32(version.v49_version);
    writer.u32((version.year - 2000U) << 25U | (version.day_of_year & 0x1FFU) << 16U |
               (version.revision & 0x3FU) << 10U | (version.type & 0xFU) << 6U |
               (version.icd_version & 0x3FU));
}

} // namespace landfall::wire
