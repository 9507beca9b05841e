// SPDX-License-Identifier: MIT
// AOS transfer frames, CCSDS 732.0-B section 4.1, and the data units that they carry.
#pragma once

#include "framing/frame.h"

#include <array>
#include <expected>
#include <optional>

namespace landfall::framing {

inline constexpr std::size_t aos_header_octets = 6;
inline constexpr std::size_t aos_header_error_control_octets = 2;
inline constexpr unsigned aos_count_bits = 24;
inline constexpr unsigned aos_cycle_bits = 4;

/// An AOS transfer frame; the spans view the frame's octets.
struct aos_frame {
    std::uint8_t spacecraft_id = 0;
    std::uint8_t vcid = 0;         ///< 0–63
    std::uint32_t frame_count = 0; ///< 24 bits
    bool replay = false;
    bool count_cycle_used = false;    ///< the cycle extends the count to 28 bits
    std::uint8_t signaling_spare = 0; ///< 2 bits
    std::uint8_t count_cycle = 0;     ///< 4 bits
    unsigned corrected_nibbles = 0;   ///< by the header's error control
    base::octets insert_zone;
    base::octets data;                ///< the transfer frame data field: M_PDU, B_PDU or other
    std::optional<std::uint32_t> ocf; ///< operational control field
};

/// Reads a frame whose FECF, if `layout` says that there is one, was checked before. With header
/// error control the fields are those of the corrected header; the frame's octets stay as they are.
/// Errors: too_short, wrong_version, header_uncorrectable.
std::expected<aos_frame, frame_error> parse_aos(base::octets frame,
                                                const frame_layout& layout) noexcept;

/// The header error control field: Reed–Solomon (10,6) over GF(16) of octets 0, 1 and 5 of the
/// header (732.0-B 4.1.2.6). `header` has 6 octets or more.
std::uint16_t aos_header_error_control(base::octets header) noexcept;

/// The header's octets 0, 1, 5 and its error control field, with up to two nibbles corrected.
struct corrected_aos_header {
    std::array<std::uint8_t, 3> octets{};
    unsigned corrected_nibbles = 0;
};
/// `header` has 8 octets or more. Empty when the code cannot correct it.
std::optional<corrected_aos_header> correct_aos_header(base::octets header) noexcept;

/// A multiplexing protocol data unit (732.0-B 4.1.4.2): packets, one after another.
struct m_pdu {
    std::uint16_t first_header_pointer = 0; ///< 11 bits; special values
    bool spare_is_zero = true;              ///< false: hardly an M_PDU
    base::octets packet_zone;
};
/// Errors: too_short.
std::expected<m_pdu, frame_error> parse_m_pdu(base::octets data) noexcept;

/// A bitstream protocol data unit (732.0-B 4.1.4.3).
struct b_pdu {
    static constexpr std::uint16_t all_valid = 0x3FFF;
    static constexpr std::uint16_t only_idle = 0x3FFE;
    std::uint16_t last_valid_bit = 0; ///< 14 bits; special values
    base::octets bitstream;
};
/// Errors: too_short.
std::expected<b_pdu, frame_error> parse_b_pdu(base::octets data) noexcept;

} // namespace landfall::framing
