// SPDX-License-Identifier: MIT
#include "framing/tm.h"

namespace landfall::framing {

std::expected<tm_frame, frame_error> parse_tm(base::octets frame,
                                              const frame_layout& layout) noexcept {
    base::byte_reader reader(frame);
    const std::uint16_t identification = reader.u16();
    tm_frame parsed;
    parsed.master_frame_count = reader.u8();
    parsed.frame_count = reader.u8();
    const std::uint16_t status = reader.u16();
    const bool has_ocf = (identification & 1U) != 0;
    const std::size_t trailer_octets = layout.fecf_octets + (has_ocf ? 4U : 0U);
    if (reader.failed() || reader.remaining() < trailer_octets) {
        return std::unexpected(frame_error::too_short);
    }
    if (identification >> 14U != 0) {
        return std::unexpected(frame_error::wrong_version);
    }
    parsed.spacecraft_id = identification >> 4U & 0x3FFU;
    parsed.vcid = identification >> 1U & 0x7U;
    parsed.has_secondary_header = (status & 0x8000U) != 0;
    parsed.synchronisation = (status & 0x4000U) != 0;
    parsed.packet_order = (status & 0x2000U) != 0;
    parsed.segment_length_id = status >> 11U & 0x3U;
    parsed.first_header_pointer = status & 0x7FFU;

    base::byte_reader field(reader.take(reader.remaining() - trailer_octets));
    if (parsed.has_secondary_header) {
        const std::uint8_t secondary_id = field.u8();
        parsed.secondary_header_version = secondary_id >> 6U;
        parsed.secondary_header = field.take(secondary_id & 0x3FU);
        if (field.failed()) {
            return std::unexpected(frame_error::secondary_header_length);
        }
    }
    parsed.data = field.rest();
    if (has_ocf) {
        parsed.ocf = reader.u32();
    }
    return parsed;
}

} // namespace landfall::framing
