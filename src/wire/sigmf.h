// SPDX-License-Identifier: MIT
// SigMF 1.x metadata (github.com/sigmf/SigMF): what of it matters to reading the samples.
#pragma once

#include "base/time.h"
#include "wire/samples.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::wire {

inline constexpr std::size_t max_sigmf_octets = std::size_t{16} << 20U;
inline constexpr std::size_t max_sigmf_captures = 65536;

/// Why metadata are refused. `describe` says it to a person.
enum class sigmf_error : std::uint8_t {
    too_large,
    not_json,
    no_global,
    missing_datatype,
    unsupported_datatype,
    missing_sample_rate,
    bad_sample_rate,
    unsupported_channels,
    bad_offset,
    bad_trailing_bytes,
    metadata_only,
    bad_dataset_name,
    bad_captures,
    too_many_captures,
    captures_out_of_order,
    bad_sample_start,
    bad_frequency,
    bad_datetime,
    bad_header_bytes,
};
inline constexpr std::size_t sigmf_error_count = 19;
[[nodiscard]] const char* name(sigmf_error error) noexcept;
[[nodiscard]] const char* describe(sigmf_error error) noexcept;

struct sigmf_capture {
    std::uint64_t sample_start = 0; ///< core:sample_start less core:offset: counted in the file
    std::optional<double> frequency_hz;
    std::optional<base::timestamp> datetime;
};

struct sigmf_metadata {
    sample_format datatype = sample_format::cf32_le;
    double sample_rate_hz = 0;
    std::uint64_t header_octets = 0;   ///< core:header_bytes of the first capture
    std::uint64_t trailing_octets = 0; ///< core:trailing_bytes
    std::string dataset;               ///< core:dataset: a file name; empty: the usual one
    std::string description;
    std::vector<sigmf_capture> captures; ///< in order; may be empty
};

/// Pure: from the text of a .sigmf-meta file. Keys that do not matter to the samples are ignored.
[[nodiscard]] std::expected<sigmf_metadata, sigmf_error>
parse_sigmf(std::string_view text) noexcept;

/// The text of a .sigmf-meta file.
[[nodiscard]] std::string write_sigmf(const sigmf_metadata& metadata);

/// ISO 8601 in UTC or with an offset, to the picosecond: "2024-02-29T12:34:56.789Z".
[[nodiscard]] std::optional<base::timestamp> parse_iso8601(std::string_view text) noexcept;
[[nodiscard]] std::string write_iso8601(const base::timestamp& time);

} // namespace landfall::wire
