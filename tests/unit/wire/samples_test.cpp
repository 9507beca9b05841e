// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "helpers.h"
#include "wire/samples.h"

#include <doctest/doctest.h>
#include <hwy/highway.h>

#include <array>
#include <limits>

using namespace landfall;
using tests::from_hex;

namespace {

struct golden {
    unsigned bits;
    std::size_t samples;
    const char* hex;
};

// The samples (1,-1), (max,min), (min,max), (0,k) over and over, k being the number of the sample.
constexpr std::array<golden, 11> golden_payloads{{
    {4, 4, "1f788703"},
    {8, 2, "01ff7f80"},
    {16, 1, "0001ffff"},
    {6, 8, "07f7e081f00307f7e081f007"},
    {10, 8, "007ff7fe00801ff00003007ff7fe00801ff00007"},
    {12, 4, "001fff7ff8008007ff000003"},
    {14, 8, "0007fff7ffe0008001fff00000030007fff7ffe0008001fff0000007"},
    {5, 16, "0fdf083c030fdf083c070fdf083c0b0fdf083c0f"},
    {7, 16, "03fdfc080fc00303fdfc080fc00703fdfc080fc00b03fdfc080fc00f"},
    {9, 16, "00ffdff00803fc000300ffdff00803fc000700ffdff00803fc000b00ffdff00803fc000f"},
    {11, 16,
     "003ffdffc00800ffc00003003ffdffc00800ffc00007003ffdffc00800ffc0000b003ffdffc00800ffc0000f"},
}};
constexpr std::array<golden, 2> golden_payloads_long{{
    {13, 16,
     "000fffdfff0008003ffc000003000fffdfff0008003ffc000007000fffdfff0008003ffc00000b000fffdfff00080"
     "0"
     "3ffc00000f"},
    {15, 16,
     "0003fffdfffc0008000fffc00000030003fffdfffc0008000fffc00000070003fffdfffc0008000fffc000000b000"
     "3"
     "fffdfffc0008000fffc000000f"},
}};

std::vector<base::cf32> golden_samples(unsigned bits, std::size_t count) {
    const float half = static_cast<float>(1U << (bits - 1));
    std::vector<base::cf32> samples;
    for (std::size_t k = 0; k < count; ++k) {
        const std::array<base::cf32, 4> cycle{{{1 / half, -1 / half},
                                               {(half - 1) / half, -1},
                                               {-1, (half - 1) / half},
                                               {0, static_cast<float>(k) / half}}};
        samples.push_back(cycle[k % 4]);
    }
    return samples;
}

void check_golden(const golden& each) {
    CAPTURE(each.bits);
    const std::vector<std::uint8_t> octets = from_hex(each.hex);
    const std::vector<base::cf32> expected = golden_samples(each.bits, each.samples);
    std::vector<base::cf32> samples(each.samples);
    std::size_t clipped = 0;
    for (const base::cf32 sample : expected) {
        const float top = 1.0F - 2.0F / static_cast<float>(1U << each.bits);
        clipped += sample.real() == -1 || sample.real() == top || sample.imag() == -1 ||
                           sample.imag() == top
                       ? 1U
                       : 0U;
    }
    CHECK(wire::unpack_iq(octets, each.bits, samples) == clipped);
    CHECK(samples == expected);
    std::vector<std::uint8_t> packed;
    CHECK(wire::pack_iq(expected, each.bits, packed) == 0);
    CHECK(packed == octets);
}

/// Numbers at full scale come up often.
void check_random(base::random_source& random, unsigned bits, std::size_t count) {
    const auto half = static_cast<std::int64_t>(1U << (bits - 1));
    std::size_t clipped = 0;
    bool full = false;
    const auto component = [&] {
        const std::uint64_t choice = random.below(8);
        const auto code = choice == 0 ? half - 1
                          : choice == 1
                              ? -half
                              : static_cast<std::int64_t>(random.below(1U << bits)) - half;
        full = full || code == half - 1 || code == -half;
        return static_cast<float>(code) / static_cast<float>(half);
    };
    std::vector<base::cf32> samples(count);
    for (base::cf32& sample : samples) {
        full = false;
        const float in_phase = component();
        sample = {in_phase, component()};
        clipped += full ? 1U : 0U;
    }
    std::vector<std::uint8_t> packed;
    CHECK(wire::pack_iq(samples, bits, packed) == 0);
    CHECK(packed.size() == (count * 2 * bits + 7) / 8);
    std::vector<base::cf32> unpacked(count);
    CHECK(wire::unpack_iq(packed, bits, unpacked) == clipped);
    CHECK(unpacked == samples);
}

} // namespace

TEST_CASE("wire/samples: the golden payloads of every depth, both ways") {
    for (const golden& each : golden_payloads) {
        check_golden(each);
    }
    for (const golden& each : golden_payloads_long) {
        check_golden(each);
    }
}

TEST_CASE("wire/samples: random samples of every depth and many lengths survive packing, on every "
          "instruction set") {
    hwy::SetSupportedTargetsForTest(0);
    const std::int64_t all = hwy::SupportedTargets() & HWY_TARGETS;
    for (std::int64_t left = all; left != 0; left &= left - 1) {
        hwy::SetSupportedTargetsForTest(left & -left);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        CAPTURE(hwy::TargetName(left & -left));
        base::random_source random(1);
        for (unsigned bits = 4; bits <= 16; ++bits) {
            for (const std::size_t count : {1U, 2U, 3U, 5U, 7U, 8U, 31U, 33U, 257U}) {
                check_random(random, bits, count);
            }
        }
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

TEST_CASE("wire/samples: what lies behind the samples wanted does not count") {
    const std::vector<std::uint8_t> full(200, 0x80);
    std::vector<base::cf32> samples(3);
    CHECK(wire::unpack_iq(full, 8, samples) == 3);
    CHECK(wire::unpack_iq(full, 8, std::span(samples).first(0)) == 0);
    CHECK(wire::unpack_iq(full, 3, samples) == 0);
    CHECK(wire::unpack_iq(full, 17, samples) == 0);
}

TEST_CASE("wire/samples: packing saturates, counts it, and takes NaN as zero") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    const std::vector<base::cf32> samples{{2.0F, -2.0F}, {nan, 0.5F}, {inf, -inf}, {0, 0}};
    std::vector<std::uint8_t> packed;
    CHECK(wire::pack_iq(samples, 8, packed) == 2);
    CHECK(packed == from_hex("7f8000407f800000"));
}

TEST_CASE("wire/samples: file formats in both byte orders") {
    using wire::sample_format;
    struct example {
        sample_format format;
        const char* hex;
        base::cf32 value;
    };
    const std::array<example, 6> examples{{
        {sample_format::cf32_le, "0000003f000080be", {0.5F, -0.25F}},
        {sample_format::cf32_be, "3f000000be800000", {0.5F, -0.25F}},
        {sample_format::ci16_le, "004000e0", {0.5F, -0.25F}},
        {sample_format::ci16_be, "4000e000", {0.5F, -0.25F}},
        {sample_format::ci8, "40e0", {0.5F, -0.25F}},
        {sample_format::cu8, "ff00", {127.5F / 128, -127.5F / 128}},
    }};
    for (const example& each : examples) {
        CAPTURE(wire::name(each.format));
        const std::vector<std::uint8_t> octets = from_hex(each.hex);
        CHECK(wire::octets_per_sample(each.format) == octets.size());
        std::array<base::cf32, 2> out{};
        const auto decoded = wire::decode_complex(octets, each.format, out);
        CHECK(decoded.count == 1);
        CHECK(decoded.non_finite == 0);
        CHECK(out[0] == each.value);
        std::vector<std::uint8_t> encoded;
        wire::encode_complex(std::span(out).first(1), each.format, encoded);
        CHECK(encoded == octets);
    }
    std::array<float, 2> real{};
    CHECK(wire::decode_real(from_hex("00400080"), sample_format::ri16_le, real).count == 2);
    CHECK(real == std::array<float, 2>{0.5F, -1.0F});
}

TEST_CASE("wire/samples: numbers that are not finite become zero and are counted") {
    std::vector<std::uint8_t> octets = from_hex("0000c07f0000003f0000003f000080ff0000003f0000003f");
    std::array<base::cf32, 3> out{};
    const auto decoded = wire::decode_complex(octets, wire::sample_format::cf32_le, out);
    CHECK(decoded.count == 3);
    CHECK(decoded.non_finite == 2);
    CHECK(out[0] == base::cf32{});
    CHECK(out[1] == base::cf32{});
    CHECK(out[2] == base::cf32{0.5F, 0.5F});
}

TEST_CASE("wire/samples: names of formats go both ways") {
    for (std::size_t i = 0; i < wire::sample_format_count; ++i) {
        const auto format = static_cast<wire::sample_format>(i);
        CHECK(wire::sample_format_of(wire::name(format)) == format);
    }
    CHECK(wire::sample_format_of("cf32") == wire::sample_format::cf32_le);
    CHECK(wire::sample_format_of("ci16") == wire::sample_format::ci16_le);
    CHECK(!wire::sample_format_of("cf64"));
    CHECK(!wire::sample_format_of(""));
}
