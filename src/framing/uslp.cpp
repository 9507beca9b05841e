// SPDX-License-Identifier: MIT
#include "framing/uslp.h"

namespace landfall::framing {

namespace {

/// The part of the primary header that truncated frames do not have.
std::optional<frame_error> parse_long_header(base::byte_reader& reader, uslp_frame& frame,
                                             bool& has_ocf, std::size_t frame_octets) noexcept {
    const std::size_t length = reader.u16() + std::size_t{1};
    const std::uint8_t flags = reader.u8();
    frame.expedited = (flags & 0x80U) != 0;
    frame.protocol_control = (flags & 0x40U) != 0;
    has_ocf = (flags & 0x08U) != 0;
    frame.count_octets = flags & 0x07U;
    for (unsigned i = 0; i < frame.count_octets; ++i) {
        frame.frame_count = frame.frame_count << 8U | reader.u8();
    }
    if (reader.failed()) {
        return frame_error::too_short;
    }
    if (length != frame_octets) {
        return frame_error::length_mismatch;
    }
    return std::nullopt;
}

} // namespace

std::expected<uslp_frame, frame_error> parse_uslp(base::octets frame,
                                                  const frame_layout& layout) noexcept {
    base::byte_reader reader(frame);
    const std::uint32_t first = reader.u32();
    if (reader.failed()) {
        return std::unexpected(frame_error::too_short);
    }
    if (first >> 28U != 0b1100) {
        return std::unexpected(frame_error::wrong_version);
    }
    uslp_frame parsed;
    parsed.spacecraft_id = static_cast<std::uint16_t>(first >> 12U & 0xFFFFU);
    parsed.to_spacecraft = (first & 0x800U) != 0;
    parsed.vcid = first >> 5U & 0x3FU;
    parsed.map_id = first >> 1U & 0xFU;
    parsed.truncated = (first & 1U) != 0;
    bool has_ocf = false;
    if (!parsed.truncated) {
        if (const auto error = parse_long_header(reader, parsed, has_ocf, frame.size())) {
            return std::unexpected(*error);
        }
        parsed.insert_zone = reader.take(layout.insert_zone_octets);
    }
    const std::size_t trailer_octets = layout.fecf_octets + (has_ocf ? 4U : 0U);
    const std::uint8_t field_header = reader.u8();
    parsed.rule = static_cast<uslp_rule>(field_header >> 5U);
    parsed.protocol_id = field_header & 0x1FU;
    if (parsed.rule <= uslp_rule::access_continued) {
        parsed.pointer = reader.u16();
    }
    if (reader.failed() || reader.remaining() < trailer_octets) {
        return std::unexpected(frame_error::too_short);
    }
    parsed.data = reader.take(reader.remaining() - trailer_octets);
    if (has_ocf) {
        parsed.ocf = reader.u32();
    }
    return parsed;
}

} // namespace landfall::framing
