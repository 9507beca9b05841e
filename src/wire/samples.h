// SPDX-License-Identifier: MIT
// Samples as packets and files hold them, and as the receive chain takes them.
#pragma once

#include "base/bytes.h"
#include "base/sample.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace landfall::wire {

/// Unpacks complex signed integers of 4 to 16 bits, MSB first as one bit stream, I then Q (DIFI),
/// into `out`, as many as it holds; an N-bit integer is divided by 2^(N-1).
/// `packed` holds at least 2 * bits * out.size() bits. Returns the samples at full scale (clipped).
std::size_t unpack_iq(base::octets packed, unsigned bits, std::span<base::cf32> out) noexcept;

/// The inverse, appended to `out`: rounds, saturates, takes NaN as 0, ends on a whole octet.
/// Returns how many samples saturated.
std::size_t pack_iq(std::span<const base::cf32> samples, unsigned bits,
                    std::vector<std::uint8_t>& out);

/// Formats of samples in files: c complex (I then Q) or r real; f float, i signed, u unsigned.
enum class sample_format : std::uint8_t {
    cf32_le,
    cf32_be,
    ci16_le,
    ci16_be,
    ci8,
    cu8,
    rf32_le,
    rf32_be,
    ri16_le,
    ri16_be,
    ri8,
    ru8,
};
inline constexpr std::size_t sample_format_count = 12;

/// SigMF's name of the format ("cf32_le").
[[nodiscard]] const char* name(sample_format format) noexcept;
/// By SigMF's name; "cf32", "ci16", "rf32" and "ri16" without an ending are little-endian.
[[nodiscard]] std::optional<sample_format> sample_format_of(std::string_view text) noexcept;
[[nodiscard]] bool is_complex(sample_format format) noexcept;
[[nodiscard]] std::size_t octets_per_sample(sample_format format) noexcept;

/// What decoding came upon.
struct decoded_samples {
    std::size_t count = 0;
    std::size_t non_finite = 0; ///< NaN or infinite, replaced by 0
};

/// Complex samples; integers of N bits are divided by 2^(N-1), unsigned ones less 2^(N-1) - 1/2
/// first. Takes whole samples of `data`, at most out.size().
decoded_samples decode_complex(base::octets data, sample_format format,
                               std::span<base::cf32> out) noexcept;
/// Real samples, likewise.
decoded_samples decode_real(base::octets data, sample_format format, std::span<float> out) noexcept;

/// Appends complex samples in one of the complex formats, saturating.
void encode_complex(std::span<const base::cf32> samples, sample_format format,
                    std::vector<std::uint8_t>& out);

} // namespace landfall::wire
