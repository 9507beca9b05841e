// SPDX-License-Identifier: MIT
#include "channel.h"
#include "dsp/fec/marker_search.h"

#include <doctest/doctest.h>
#include <hwy/highway.h>

using namespace landfall;
using namespace landfall::fec;
using fec::test::octet_list;

namespace {

octet_list random_bits(std::size_t count, base::random_source& random) {
    octet_list bits(count);
    for (std::uint8_t& bit : bits) {
        bit = random.bit() ? 1 : 0;
    }
    return bits;
}

/// Place by place, bit by bit.
std::size_t found_plainly(const octet_list& bits, const sync_marker& marker, unsigned tolerance) {
    for (std::size_t at = 0; at + marker.bits <= bits.size(); ++at) {
        unsigned errors = 0;
        for (unsigned i = 0; i < marker.bits; ++i) {
            errors += (marker.value >> (marker.bits - 1 - i) & 1U) != bits[at + i] ? 1U : 0U;
        }
        if (errors <= tolerance || errors + tolerance >= marker.bits) {
            return at;
        }
    }
    return bits.size();
}

} // namespace

TEST_CASE("fec/marker_search: finds the first marker, upright or inverted, on every target") {
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
        hwy::SetSupportedTargetsForTest(target);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        CAPTURE(hwy::TargetName(target));
        base::random_source random(1);
        unsigned seen = 0;
        unsigned wrong = 0;
        for (int round = 0; round < 4000; ++round) {
            const unsigned length =
                round % 8 == 0 ? 64 : 8 + static_cast<unsigned>(random.below(57));
            const sync_marker marker{random.bits() >> (64 - length), length};
            const auto tolerance = static_cast<unsigned>(random.below(length / 4));
            octet_list bits = random_bits(random.below(400), random);
            if (bits.size() > length && random.bit()) {
                const std::size_t at = random.below(bits.size() - length + 1);
                const unsigned inverted = random.bit() ? 1 : 0;
                for (unsigned i = 0; i < length; ++i) {
                    bits[at + i] = static_cast<std::uint8_t>(
                        (marker.value >> (length - 1 - i) & 1U) ^ inverted);
                }
                for (unsigned i = 0; i < tolerance; ++i) {
                    bits[at + random.below(length)] ^= 1U;
                }
            }
            const std::size_t found = find_marker(bits, marker, tolerance);
            wrong += found != found_plainly(bits, marker, tolerance) ? 1U : 0U;
            seen += found < bits.size() ? 1U : 0U;
        }
        CHECK(wrong == 0);
        CHECK(seen > 1000);
        CHECK(seen < 4000);
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}
