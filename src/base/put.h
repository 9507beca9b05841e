// SPDX-License-Identifier: MIT
// Big-endian numbers into memory that is there already.
#pragma once

#include "base/bytes.h"

#include <algorithm>
#include <cassert>

namespace landfall::base {

/// Writes from the start of a span on; writing past its end is a programmer's error.
class octet_cursor {
  public:
    explicit octet_cursor(std::span<std::uint8_t> out) noexcept : out_(out) {}

    void u8(std::uint8_t value) noexcept { put(value, 1); }
    void u16(std::uint16_t value) noexcept { put(value, 2); }
    void u32(std::uint32_t value) noexcept { put(value, 4); }
    void u64(std::uint64_t value) noexcept { put(value, 8); }
    void append(octets data) noexcept {
        assert(data.size() <= out_.size());
        std::copy(data.begin(), data.end(), out_.begin());
        out_ = out_.subspan(data.size());
    }

  private:
    void put(std::uint64_t value, std::size_t count) noexcept {
        assert(count <= out_.size());
        for (std::size_t i = 0; i < count; ++i) {
            out_[i] = static_cast<std::uint8_t>(value >> 8U * (count - 1 - i));
        }
        out_ = out_.subspan(count);
    }

    std::span<std::uint8_t> out_;
};

inline void put_u16(std::span<std::uint8_t> out, std::size_t at, std::uint16_t value) noexcept {
    octet_cursor(out.subspan(at, 2)).u16(value);
}

} // namespace landfall::base
