// SPDX-License-Identifier: MIT
#include "framing/clcw.h"

namespace landfall::framing {

std::optional<clcw> parse_clcw(std::uint32_t operational_control_field) noexcept {
    const std::uint32_t word = operational_control_field;
    if (word >> 31U != 0) {
        return std::nullopt;
    }
    clcw parsed;
    parsed.version = word >> 29U & 0x3U;
    parsed.status = word >> 26U & 0x7U;
    parsed.cop_in_effect = word >> 24U & 0x3U;
    parsed.vcid = word >> 18U & 0x3FU;
    parsed.no_rf_available = (word & 0x8000U) != 0;
    parsed.no_bit_lock = (word & 0x4000U) != 0;
    parsed.lockout = (word & 0x2000U) != 0;
    parsed.wait = (word & 0x1000U) != 0;
    parsed.retransmit = (word & 0x0800U) != 0;
    parsed.farm_b_count = word >> 9U & 0x3U;
    parsed.report_value = word & 0xFFU;
    return parsed;
}

} // namespace landfall::framing
