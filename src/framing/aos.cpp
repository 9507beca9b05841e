// SPDX-License-Identifier: MIT
#include "framing/aos.h"

namespace landfall::framing {

namespace {

constexpr std::size_t code_nibbles = 10;
constexpr std::size_t parity_nibbles = 4;
constexpr unsigned first_root = 6;

struct field16 {
    std::array<std::uint8_t, 30> power{}; // twice, so that a sum of two logarithms needs no modulo
    std::array<std::uint8_t, 16> logarithm{};
};

/// GF(16) with x^4 + x + 1.
constexpr field16 make_field() {
    field16 field;
    unsigned value = 1;
    for (std::size_t i = 0; i < 15; ++i) {
        field.power[i] = static_cast<std::uint8_t>(value);
        field.power[i + 15] = static_cast<std::uint8_t>(value);
        field.logarithm[value] = static_cast<std::uint8_t>(i);
        value <<= 1U;
        if ((value & 0x10U) != 0) {
            value ^= 0x13U;
        }
    }
    return field;
}
constexpr field16 field = make_field();

constexpr std::uint8_t multiply(std::uint8_t a, std::uint8_t b) noexcept {
    if (a == 0 || b == 0) {
        return 0;
    }
    return field.power[static_cast<std::size_t>(field.logarithm[a]) + field.logarithm[b]];
}

using codeword = std::array<std::uint8_t, code_nibbles>;
using syndromes = std::array<std::uint8_t, parity_nibbles>;

/// g(x) = x^4 + a^3 x^3 + a x^2 + a^3 x + 1, without its leading coefficient.
constexpr std::array<std::uint8_t, parity_nibbles> generator = {8, 2, 8, 1};

codeword nibbles_of(base::octets header) noexcept {
    codeword word{};
    constexpr std::array<std::size_t, 3> protected_octets = {0, 1, 5};
    for (std::size_t i = 0; i < protected_octets.size(); ++i) {
        const std::uint8_t octet = header[protected_octets[i]];
        word[2 * i] = octet >> 4U;
        word[2 * i + 1] = octet & 0xFU;
    }
    return word;
}

/// The value at each root of g; all zero for a codeword. The first nibble is x^9's coefficient.
syndromes syndromes_of(const codeword& word) noexcept {
    syndromes values{};
    for (std::size_t i = 0; i < parity_nibbles; ++i) {
        const std::uint8_t root = field.power[first_root + i];
        for (const std::uint8_t nibble : word) {
            values[i] = multiply(values[i], root) ^ nibble;
        }
    }
    return values;
}

constexpr bool all_zero(const syndromes& values) noexcept {
    return (values[0] | values[1] | values[2] | values[3]) == 0;
}

struct nibble_error {
    std::size_t at = 0;
    std::uint8_t value = 0;
};

/// What an error of `value` at nibble `at` adds to the syndromes.
syndromes syndromes_of(const nibble_error& error) noexcept {
    const std::size_t exponent = code_nibbles - 1 - error.at;
    syndromes values{};
    for (std::size_t i = 0; i < parity_nibbles; ++i) {
        values[i] = multiply(error.value, field.power[exponent * (first_root + i) % 15]);
    }
    return values;
}

/// The one error with these syndromes, if there is one: they are a geometric series.
std::optional<nibble_error> locate_one(const syndromes& values) noexcept {
    std::array<std::size_t, parity_nibbles - 1> ratios{};
    for (std::size_t i = 0; i + 1 < parity_nibbles; ++i) {
        if (values[i] == 0 || values[i + 1] == 0) {
            return std::nullopt;
        }
        ratios[i] = (15U + field.logarithm[values[i + 1]] - field.logarithm[values[i]]) % 15;
    }
    const std::size_t exponent = ratios[0];
    if (exponent != ratios[1] || exponent != ratios[2] || exponent >= code_nibbles) {
        return std::nullopt;
    }
    const std::size_t log_value =
        (15U + field.logarithm[values[0]] - exponent * first_root % 15) % 15;
    return nibble_error{code_nibbles - 1 - exponent, field.power[log_value]};
}

/// Corrects up to two errors; tries every first one of two. False when there are more.
bool correct(codeword& word) noexcept {
    const syndromes values = syndromes_of(word);
    if (all_zero(values)) {
        return true;
    }
    if (const auto only = locate_one(values)) {
        word[only->at] ^= only->value;
        return true;
    }
    for (std::size_t at = 0; at < code_nibbles; ++at) {
        for (std::uint8_t value = 1; value < 16; ++value) {
            syndromes rest = syndromes_of(nibble_error{at, value});
            for (std::size_t i = 0; i < parity_nibbles; ++i) {
                rest[i] ^= values[i];
            }
            if (const auto other = locate_one(rest)) {
                word[at] ^= value;
                word[other->at] ^= other->value;
                return true;
            }
        }
    }
    return false;
}

} // namespace

std::uint16_t aos_header_error_control(base::octets header) noexcept {
    const codeword word = nibbles_of(header);
    std::array<std::uint8_t, parity_nibbles> parity{};
    for (std::size_t i = 0; i < code_nibbles - parity_nibbles; ++i) {
        const std::uint8_t feedback = word[i] ^ parity[0];
        for (std::size_t j = 0; j < parity_nibbles; ++j) {
            const std::uint8_t next = j + 1 < parity_nibbles ? parity[j + 1] : 0;
            parity[j] = next ^ multiply(feedback, generator[j]);
        }
    }
    return static_cast<std::uint16_t>(parity[0] << 12U | parity[1] << 8U | parity[2] << 4U |
                                      parity[3]);
}

std::optional<corrected_aos_header> correct_aos_header(base::octets header) noexcept {
    codeword word = nibbles_of(header);
    for (std::size_t i = 0; i < parity_nibbles; ++i) {
        word[6 + i] = header[6 + i / 2] >> (i % 2 == 0 ? 4U : 0U) & 0xFU;
    }
    const codeword received = word;
    if (!correct(word)) {
        return std::nullopt;
    }
    corrected_aos_header result;
    for (std::size_t i = 0; i < 3; ++i) {
        result.octets[i] = static_cast<std::uint8_t>(word[2 * i] << 4U | word[2 * i + 1]);
    }
    for (std::size_t i = 0; i < code_nibbles; ++i) {
        result.corrected_nibbles += word[i] != received[i] ? 1U : 0U;
    }
    return result;
}

std::expected<aos_frame, frame_error> parse_aos(base::octets frame,
                                                const frame_layout& layout) noexcept {
    const std::size_t header_octets =
        aos_header_octets +
        (layout.aos_header_error_control ? aos_header_error_control_octets : 0U);
    const std::size_t trailer_octets = layout.fecf_octets + (layout.aos_ocf ? 4U : 0U);
    if (frame.size() < header_octets + layout.insert_zone_octets + trailer_octets) {
        return std::unexpected(frame_error::too_short);
    }
    aos_frame parsed;
    corrected_aos_header header;
    if (layout.aos_header_error_control) {
        const auto corrected = correct_aos_header(frame);
        if (!corrected) {
            return std::unexpected(frame_error::header_uncorrectable);
        }
        header = *corrected;
    } else {
        header.octets = {frame[0], frame[1], frame[5]};
    }
    const auto [first, second, signaling] = header.octets;
    if (first >> 6U != 1) {
        return std::unexpected(frame_error::wrong_version);
    }
    parsed.corrected_nibbles = header.corrected_nibbles;
    parsed.spacecraft_id = static_cast<std::uint8_t>((first & 0x3FU) << 2U | second >> 6U);
    parsed.vcid = second & 0x3FU;
    parsed.frame_count = base::byte_reader(frame.subspan(2)).u24();
    parsed.replay = (signaling & 0x80U) != 0;
    parsed.count_cycle_used = (signaling & 0x40U) != 0;
    parsed.signaling_spare = signaling >> 4U & 0x3U;
    parsed.count_cycle = signaling & 0xFU;

    base::byte_reader reader(frame.subspan(header_octets));
    parsed.insert_zone = reader.take(layout.insert_zone_octets);
    parsed.data = reader.take(reader.remaining() - trailer_octets);
    if (layout.aos_ocf) {
        parsed.ocf = reader.u32();
    }
    return parsed;
}

std::expected<m_pdu, frame_error> parse_m_pdu(base::octets data) noexcept {
    base::byte_reader reader(data);
    const std::uint16_t header = reader.u16();
    if (reader.failed()) {
        return std::unexpected(frame_error::too_short);
    }
    return m_pdu{static_cast<std::uint16_t>(header & 0x7FFU), header >> 11U == 0, reader.rest()};
}

std::expected<b_pdu, frame_error> parse_b_pdu(base::octets data) noexcept {
    base::byte_reader reader(data);
    const std::uint16_t header = reader.u16();
    if (reader.failed()) {
        return std::unexpected(frame_error::too_short);
    }
    return b_pdu{static_cast<std::uint16_t>(header & 0x3FFFU), reader.rest()};
}

} // namespace landfall::framing
