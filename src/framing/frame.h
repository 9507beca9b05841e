// SPDX-License-Identifier: MIT
// What TM, AOS and USLP transfer frames have in common.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>

namespace landfall::framing {

/// The longest transfer frame that is accepted (USLP's 16-bit length field).
inline constexpr std::size_t largest_frame_octets = 65536;

/// Special first header pointers of TM and of the AOS M_PDU (132.0-B 4.1.2.7.6, 732.0-B 4.1.4.2).
inline constexpr std::uint16_t pointer_no_packet = 0x7FF;
inline constexpr std::uint16_t pointer_only_idle = 0x7FE;

/// AOS and USLP: the virtual channel of frames that carry only idle data.
inline constexpr std::uint8_t only_idle_vcid = 63;

/// Why a frame was refused. Each is a metric label.
enum class frame_error : std::uint8_t {
    too_short,               ///< no room for the headers and trailers that it announces
    too_long,                ///< more than `largest_frame_octets`
    wrong_version,           ///< not the version number of this format, or of any
    length_mismatch,         ///< USLP: the length field is not the frame's length
    secondary_header_length, ///< TM: the secondary header is longer than the data field
    header_uncorrectable,    ///< AOS: more errors than the header's code corrects
    fecf_mismatch,           ///< the frame error control field does not fit
    unlikely_version,        ///< unchecked, and not the format of the frames around it
    too_many_channels,       ///< the table of virtual channels is full
};
inline constexpr std::size_t frame_error_count = 9;
const char* name(frame_error error) noexcept;

/// What the mission knows and the frame does not say.
struct frame_layout {
    std::size_t fecf_octets = 0;           ///< 0, 2 or (USLP) 4, at the end
    std::size_t insert_zone_octets = 0;    ///< AOS, USLP: after the primary header
    bool aos_header_error_control = false; ///< AOS: 2 octets at the end of the primary header
    bool aos_ocf = false;                  ///< AOS: operational control field in every frame
};

/// Whether the last two octets are the CRC-16 of the others (132.0-B 4.1.6, 732.0-B 4.1.6).
bool fecf16_fits(base::octets frame) noexcept;

/// Whether the last four octets are the CRC-32 of the others (732.1-B annex B).
bool fecf32_fits(base::octets frame) noexcept;

/// CRC-32 of USLP and Proximity-1: polynomial 00A00805, initially zero.
std::uint32_t crc32(base::octets data) noexcept;

} // namespace landfall::framing
