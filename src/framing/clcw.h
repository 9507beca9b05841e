// SPDX-License-Identifier: MIT
// The communications link control word that an operational control field may carry,
// CCSDS 232.0-B section 4.2.
#pragma once

#include <cstdint>
#include <optional>

namespace landfall::framing {

struct clcw {
    std::uint8_t version = 0;       ///< 0
    std::uint8_t status = 0;        ///< 3 bits, the mission's
    std::uint8_t cop_in_effect = 0; ///< 1: COP-1
    std::uint8_t vcid = 0;          ///< of the uplink channel
    bool no_rf_available = false;
    bool no_bit_lock = false;
    bool lockout = false;
    bool wait = false;
    bool retransmit = false;
    std::uint8_t farm_b_count = 0; ///< 2 bits
    std::uint8_t report_value = 0; ///< next expected uplink frame
};

/// Empty when the word is of type 2, which is reserved or the mission's own.
std::optional<clcw> parse_clcw(std::uint32_t operational_control_field) noexcept;

} // namespace landfall::framing
