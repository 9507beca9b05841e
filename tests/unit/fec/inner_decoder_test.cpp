// SPDX-License-Identifier: MIT
#include "channel.h"
#include "dsp/fec/inner_decoder.h"

#include <doctest/doctest.h>
#include <hwy/highway.h>
#include <hwy/targets.h>

using namespace landfall;
using namespace landfall::fec;
using namespace landfall::fec::test;

namespace {

struct outcome {
    octet_list bits;
    std::int64_t first_soft = -1;
    std::uint64_t channel_bits = 0, errors = 0, switches = 0;
    bool operator==(const outcome&) const = default;
};

outcome decode(const coding& code, std::span<const std::int8_t> soft, std::size_t piece,
               std::size_t delay_bits) {
    const std::array maps{rail_map::as_received, rail_map::quarter_turn};
    inner_decoder decoder(code, maps, delay_bits);
    outcome got;
    auto sink = [&](std::span<const std::uint8_t> bits, std::int64_t first_soft) {
        got.first_soft = got.first_soft < 0 ? first_soft : got.first_soft;
        got.bits.insert(got.bits.end(), bits.begin(), bits.end());
    };
    for (std::size_t i = 0; i < soft.size(); i += piece) {
        decoder.push(soft.subspan(i, std::min(piece, soft.size() - i)), sink);
    }
    decoder.flush(sink);
    const inner_statistics& counted = decoder.statistics();
    got.channel_bits = counted.channel_bits;
    got.errors = counted.channel_bit_errors;
    got.switches = counted.switches;
    return got;
}

} // namespace

TEST_CASE(
    "fec/inner_decoder: pieces, delay and instruction set change nothing, not even at slips") {
    for (const code_rate rate :
         {code_rate::r1_2, code_rate::r2_3, code_rate::r3_4, code_rate::r5_6, code_rate::r7_8}) {
        coding code;
        code.convolutional = rate;
        transmission sent(code, {}, 6, 3000);
        sent.turn({}, 1, 30'001 & ~1U);
        sent.add_noise(threshold_db(rate) + 1);
        const outcome once = decode(code, sent.soft, sent.soft.size(), 0);
        CHECK(once.bits.size() > 6 * 8 * 1000);
        CHECK(once.errors > 0);
        for (const std::size_t delay : {0U, 3000U, 9000U, 100'000U}) {
            for (const std::size_t piece : {666U, 5000U, 1'000'000U}) {
                CHECK(decode(code, sent.soft, piece, delay) == once);
            }
        }
        hwy::SetSupportedTargetsForTest(0);
        const std::int64_t all = hwy::SupportedTargets() & HWY_TARGETS;
        for (std::int64_t left = all; left != 0; left &= left - 1) {
            hwy::SetSupportedTargetsForTest(left & ~(left - 1));
            CHECK(decode(code, sent.soft, 5000, 9000) == once);
        }
        hwy::SetSupportedTargetsForTest(0);
    }
}
