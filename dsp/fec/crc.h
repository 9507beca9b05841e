// SPDX-License-Identifier: MIT
// The frame error control field's CRC-16 (CCSDS 132.0-B, 4.1.6): x^16 + x^12 + x^5 + 1, preset to
// ones, most significant bit first, no final inversion. "123456789" gives 29B1.
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace landfall::fec {

/// The CRC over `data`. Over data with its own CRC appended, most significant octet first, it is 0.
[[nodiscard]] std::uint16_t crc16(base::octets data) noexcept;

} // namespace landfall::fec
