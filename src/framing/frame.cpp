// SPDX-License-Identifier: MIT
#include "framing/frame.h"

#include "dsp/fec/crc.h"

#include <array>

namespace landfall::framing {

namespace {

/// Row n: what an octet with n octets behind it leaves.
constexpr std::array<std::array<std::uint32_t, 256>, 8> make_crc32_tables() {
    std::array<std::array<std::uint32_t, 256>, 8> tables{};
    for (std::uint32_t octet = 0; octet < 256; ++octet) {
        std::uint32_t value = octet << 24U;
        for (auto& table : tables) {
            for (int bit = 0; bit < 8; ++bit) {
                value = (value & 0x8000'0000U) != 0 ? value << 1U ^ 0x00A0'0805U : value << 1U;
            }
            table[octet] = value;
        }
    }
    return tables;
}

constexpr auto crc32_tables = make_crc32_tables();

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
    for (; data.size() >= 8; data = data.subspan(8)) {
        const std::uint32_t front = value ^ base::byte_reader(data.first(4)).u32();
        value = crc32_tables[7][front >> 24U] ^ crc32_tables[6][front >> 16U & 0xFFU] ^
                crc32_tables[5][front >> 8U & 0xFFU] ^ crc32_tables[4][front & 0xFFU] ^
                crc32_tables[3][data[4]] ^ crc32_tables[2][data[5]] ^ crc32_tables[1][data[6]] ^
                crc32_tables[0][data[7]];
    }
    for (const std::uint8_t octet : data) {
        value = value << 8U ^ crc32_tables[0][(value >> 24U ^ octet) & 0xFFU];
    }
    return value;
}

} // namespace landfall::framing
