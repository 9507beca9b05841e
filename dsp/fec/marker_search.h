// SPDX-License-Identifier: MIT
// Where a sync marker is in decoded bits, some of them wrong.
#pragma once

#include "dsp/fec/coding.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace landfall::fec {

/// The first place whose bits (octets of 0 or 1) are the marker, or the marker inverted, but for
/// `tolerance` errors, less than half its bits. `bits.size()` if there is none that is wholly
/// there.
[[nodiscard]] std::size_t find_marker(std::span<const std::uint8_t> bits, const sync_marker& marker,
                                      unsigned tolerance) noexcept;

} // namespace landfall::fec
