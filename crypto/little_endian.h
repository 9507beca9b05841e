// SPDX-License-Identifier: MIT
// WireGuard's integers, which are little-endian.
#pragma once

#include <cstdint>

namespace landfall::crypto {

inline void put_u32(std::uint8_t* at, std::uint32_t value) noexcept {
    for (unsigned i = 0; i < 4; ++i) {
        at[i] = static_cast<std::uint8_t>(value >> (8U * i));
    }
}

inline void put_u64(std::uint8_t* at, std::uint64_t value) noexcept {
    for (unsigned i = 0; i < 8; ++i) {
        at[i] = static_cast<std::uint8_t>(value >> (8U * i));
    }
}

[[nodiscard]] inline std::uint32_t get_u32(const std::uint8_t* at) noexcept {
    return at[0] | std::uint32_t{at[1]} << 8U | std::uint32_t{at[2]} << 16U |
           std::uint32_t{at[3]} << 24U;
}

[[nodiscard]] inline std::uint64_t get_u64(const std::uint8_t* at) noexcept {
    return get_u32(at) | std::uint64_t{get_u32(at + 4)} << 32U;
}

} // namespace landfall::crypto
