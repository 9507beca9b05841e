// SPDX-License-Identifier: MIT
// Numbers with a unit, as an operator writes them: "7812 MHz", "15 Msym/s", "64 MiB", "10 s".
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace landfall::config {

enum class quantity : std::uint8_t { none, frequency, symbol_rate, size, duration };

/// The units of a quantity, for a person: "Hz, kHz, MHz, GHz".
[[nodiscard]] std::string units_of(quantity kind);

/// In Hz, symbols a second, octets or seconds; or what is wrong with the text. One unit that the
/// quantity has must stand behind the number, with or without a space.
[[nodiscard]] std::expected<double, std::string> parse_quantity(std::string_view text,
                                                                quantity kind);

} // namespace landfall::config
