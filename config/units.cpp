// SPDX-License-Identifier: MIT
#include "config/units.h"

#include "config/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

namespace landfall::config {

namespace {

struct unit {
    std::string_view name;
    int exponent = 0; ///< of ten
    double factor = 1;
};

constexpr std::array frequencies{unit{"Hz"}, unit{"kHz", 3}, unit{"MHz", 6}, unit{"GHz", 9}};
constexpr std::array symbol_rates{unit{"sym/s"}, unit{"ksym/s", 3}, unit{"Msym/s", 6},
                                  unit{"Gsym/s", 9}};
constexpr std::array sizes{unit{"B"},
                           unit{"kB", 3},
                           unit{"MB", 6},
                           unit{"GB", 9},
                           unit{"KiB", 0, 1024},
                           unit{"MiB", 0, 1024.0 * 1024},
                           unit{"GiB", 0, 1024.0 * 1024 * 1024}};
constexpr std::array durations{unit{"ms", -3}, unit{"s"}, unit{"min", 0, 60}, unit{"h", 0, 3600}};

std::span<const unit> units(quantity kind) noexcept {
    switch (kind) {
    case quantity::none:
        return {};
    case quantity::frequency:
        return frequencies;
    case quantity::symbol_rate:
        return symbol_rates;
    case quantity::size:
        return sizes;
    case quantity::duration:
        return durations;
    }
    return {};
}

} // namespace

std::string units_of(quantity kind) {
    std::string list;
    for (const unit& one : units(kind))
        list += fmt::format("{}{}", list.empty() ? "" : ", ", one.name);
    return list;
}

std::expected<double, std::string> parse_quantity(std::string_view text, quantity kind) {
    const auto wrong = [&](std::string_view why) {
        return std::unexpected(fmt::format("\"{}\" {}: expected a number and one of {}",
                                           printable(text, 40), why, units_of(kind)));
    };
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || !std::isfinite(value))
        return wrong("is no number");
    const std::string number(text.data(), stopped);
    std::string_view name(stopped, end);
    if (name.starts_with(' '))
        name.remove_prefix(1);
    if (name.empty())
        return wrong("has no unit");
    const auto known = units(kind);
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const unit& one) { return one.name == name; });
    if (found == known.end())
        return wrong("has a wrong unit");
    if (number.find_first_of("eE") != std::string::npos)
        return value * std::pow(10, found->exponent) * found->factor;
    // "1701.3 MHz" is the same double as 1701.3e6.
    const std::string scaled = fmt::format("{}e{}", number, found->exponent);
    if (std::from_chars(scaled.data(), scaled.data() + scaled.size(), value).ec != std::errc{})
        return wrong("is too large");
    return value * found->factor;
}

} // namespace landfall::config
