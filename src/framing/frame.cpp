// SPDX-License-Identifier: MIT
#include "framing/frame.h"

#include "dsp/fec/crc.h"

#include <array>

namespace landfall::framing {

namespace {

constexpr std::array<std::uint32_t, 256> make_crc32_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t octet = 0; octet < 256; ++octet) {
        std::uint32_t value = octet << 24U;
        for (int bit = 0; bit < 8; ++bit) {
            value = (value & 0x8000'0000U) != 0 ? value << 1U ^ 0x00A0'0805U : value << 1U;
        }
        table[octet] = value;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> crc32_table = make_crc32_table();

} // namespace

const char* name(frame_error error) noexcept {
    switch (error) {
    case frame_error::too_short:
        return "too_short";
    case frame_error::too_long:
        return "too_long";
    case frame_error::wrong_version:
        return "wrong_version";
    case frame_error::length_mismatch:
        return "length_mismatch";
    case frame_error::secondary_header_length:
        return "secondary_header_length";
    case frame_error::header_uncorrectable:
        return "header_uncorrectable";
    case frame_error::fecf_mismatch:
        return "fecf_mismatch";
    case frame_error::unlikely_version:
        return "unlikely_version";
    case frame_error::too_many_channels:
        return "too_many_channels";
    }
    return "unknown";
}

bool fecf16_fits(base::octets frame) noexcept {
    if (frame.size() < 3) {
        return false;
    }
    const auto sent = base::byte_reader(frame.last(2)).u16();
    return fec::crc16(frame.first(frame.size() - 2)) == sent;
}

bool fecf32_fits(base::octets frame) noexcept {
    if (frame.size() < 5) {
        return false;
    }
    const auto sent = base::byte_reader(frame.last(4)).u32();
    return crc32(frame.first(frame.size() - 4)) == sent;
}

std::uint32_t crc32(base::octets data) noexcept {
    std::uint32_t value = 0;
    for (const std::uint8_t octet : data) {
        value = value << 8U ^ crc32_table[(value >> 24U ^ octet) & 0xFFU];
    }
    return value;
}

} // namespace landfall::framing
