// SPDX-License-Identifier: MIT
#include "wire/samples.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

namespace landfall::wire {

namespace {

template <class T>
T load(const std::uint8_t* from, std::endian order) noexcept {
    T value;
    std::memcpy(&value, from, sizeof value);
    if (order != std::endian::native) {
        if constexpr (sizeof(T) == 8) {
            value = __builtin_bswap64(value);
        } else if constexpr (sizeof(T) == 4) {
            value = __builtin_bswap32(value);
        } else if constexpr (sizeof(T) == 2) {
            value = __builtin_bswap16(value);
        }
    }
    return value;
}

float* components(std::span<base::cf32> samples) noexcept {
    return reinterpret_cast<float*>(samples.data()); // std::complex is two floats by definition
}

/// A component rounded to N bits; `saturated` is raised where it does not fit.
std::int32_t quantise(float value, unsigned bits, bool& saturated) noexcept {
    const float half = static_cast<float>(1U << (bits - 1));
    const float scaled = std::nearbyint(std::isnan(value) ? 0.0F : value * half);
    saturated = saturated || scaled > half - 1 || scaled < -half;
    return static_cast<std::int32_t>(std::clamp(scaled, -half, half - 1));
}

std::endian order_of(sample_format format) noexcept {
    const bool big = format == sample_format::cf32_be || format == sample_format::ci16_be ||
                     format == sample_format::rf32_be || format == sample_format::ri16_be;
    return big ? std::endian::big : std::endian::little;
}

enum class component_kind : std::uint8_t { f32, i16, i8, u8 };

component_kind kind_of(sample_format format) noexcept {
    switch (format) {
    case sample_format::cf32_le:
    case sample_format::cf32_be:
    case sample_format::rf32_le:
    case sample_format::rf32_be:
        return component_kind::f32;
    case sample_format::ci16_le:
    case sample_format::ci16_be:
    case sample_format::ri16_le:
    case sample_format::ri16_be:
        return component_kind::i16;
    case sample_format::ci8:
    case sample_format::ri8:
        return component_kind::i8;
    case sample_format::cu8:
    case sample_format::ru8:
        return component_kind::u8;
    }
    return component_kind::f32;
}

std::size_t octets_per_component(component_kind kind) noexcept {
    return kind == component_kind::f32 ? 4 : kind == component_kind::i16 ? 2 : 1;
}

/// Components to floats; non-finite ones are left for the caller to find.
void decode_components(const std::uint8_t* from, std::span<float> out, sample_format format) {
    const std::endian order = order_of(format);
    switch (kind_of(format)) {
    case component_kind::f32:
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = std::bit_cast<float>(load<std::uint32_t>(from + 4 * i, order));
        }
        break;
    case component_kind::i16:
        for (std::size_t i = 0; i < out.size(); ++i) {
            const auto value = static_cast<std::int16_t>(load<std::uint16_t>(from + 2 * i, order));
            out[i] = static_cast<float>(value) * (1.0F / 32768.0F);
        }
        break;
    case component_kind::i8:
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = static_cast<float>(static_cast<std::int8_t>(from[i])) * (1.0F / 128.0F);
        }
        break;
    case component_kind::u8:
        for (std::size_t i = 0; i < out.size(); ++i) {
            out[i] = (static_cast<float>(from[i]) - 127.5F) * (1.0F / 128.0F);
        }
        break;
    }
}

} // namespace

std::size_t pack_iq(std::span<const base::cf32> samples, unsigned bits,
                    std::vector<std::uint8_t>& out) {
    const std::uint32_t mask = (1U << bits) - 1U;
    std::size_t saturated_count = 0;
    std::uint64_t pending = 0;
    unsigned pending_bits = 0;
    for (const base::cf32 sample : samples) {
        bool saturated = false;
        for (const float value : {sample.real(), sample.imag()}) {
            const auto code = static_cast<std::uint32_t>(quantise(value, bits, saturated)) & mask;
            pending = pending << bits | code;
            pending_bits += bits;
            while (pending_bits >= 8) {
                pending_bits -= 8;
                out.push_back(static_cast<std::uint8_t>(pending >> pending_bits));
            }
        }
        saturated_count += saturated ? 1U : 0U;
    }
    if (pending_bits > 0) {
        out.push_back(static_cast<std::uint8_t>(pending << (8U - pending_bits)));
    }
    return saturated_count;
}

const char* name(sample_format format) noexcept {
    switch (format) {
    case sample_format::cf32_le:
        return "cf32_le";
    case sample_format::cf32_be:
        return "cf32_be";
    case sample_format::ci16_le:
        return "ci16_le";
    case sample_format::ci16_be:
        return "ci16_be";
    case sample_format::ci8:
        return "ci8";
    case sample_format::cu8:
        return "cu8";
    case sample_format::rf32_le:
        return "rf32_le";
    case sample_format::rf32_be:
        return "rf32_be";
    case sample_format::ri16_le:
        return "ri16_le";
    case sample_format::ri16_be:
        return "ri16_be";
    case sample_format::ri8:
        return "ri8";
    case sample_format::ru8:
        return "ru8";
    }
    return "unknown";
}

std::optional<sample_format> sample_format_of(std::string_view text) noexcept {
    for (std::size_t i = 0; i < sample_format_count; ++i) {
        const auto format = static_cast<sample_format>(i);
        const std::string_view full = name(format);
        const bool short_form = full.ends_with("_le") && full.substr(0, full.size() - 3) == text;
        if (full == text || short_form) {
            return format;
        }
    }
    return std::nullopt;
}

bool is_complex(sample_format format) noexcept {
    return name(format)[0] == 'c';
}

std::size_t octets_per_sample(sample_format format) noexcept {
    return octets_per_component(kind_of(format)) * (is_complex(format) ? 2 : 1);
}

decoded_samples decode_complex(base::octets data, sample_format format,
                               std::span<base::cf32> out) noexcept {
    decoded_samples result;
    result.count = std::min(out.size(), data.size() / octets_per_sample(format));
    decode_components(data.data(), {components(out), 2 * result.count}, format);
    if (kind_of(format) == component_kind::f32) {
        for (base::cf32& sample : out.first(result.count)) {
            if (!std::isfinite(sample.real()) || !std::isfinite(sample.imag())) {
                sample = {};
                ++result.non_finite;
            }
        }
    }
    return result;
}

decoded_samples decode_real(base::octets data, sample_format format,
                            std::span<float> out) noexcept {
    decoded_samples result;
    result.count = std::min(out.size(), data.size() / octets_per_sample(format));
    decode_components(data.data(), out.first(result.count), format);
    for (float& sample : out.first(result.count)) {
        if (!std::isfinite(sample)) {
            sample = 0;
            ++result.non_finite;
        }
    }
    return result;
}

void encode_complex(std::span<const base::cf32> samples, sample_format format,
                    std::vector<std::uint8_t>& out) {
    bool saturated = false;
    const bool big = order_of(format) == std::endian::big;
    const auto put = [&](std::uint32_t value, unsigned octets) {
        for (unsigned i = 0; i < octets; ++i) {
            const unsigned shift = 8 * (big ? octets - 1 - i : i);
            out.push_back(static_cast<std::uint8_t>(value >> shift));
        }
    };
    for (const base::cf32 sample : samples) {
        for (const float value : {sample.real(), sample.imag()}) {
            switch (kind_of(format)) {
            case component_kind::f32:
                put(std::bit_cast<std::uint32_t>(value), 4);
                break;
            case component_kind::i16:
                put(static_cast<std::uint32_t>(quantise(value, 16, saturated)), 2);
                break;
            case component_kind::i8:
                put(static_cast<std::uint32_t>(quantise(value, 8, saturated)), 1);
                break;
            case component_kind::u8: {
                const float code = std::isnan(value) ? 127.5F : value * 128.0F + 127.5F;
                put(static_cast<std::uint32_t>(std::clamp(std::round(code), 0.0F, 255.0F)), 1);
                break;
            }
            }
        }
    }
}

} // namespace landfall::wire
