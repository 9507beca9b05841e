// SPDX-License-Identifier: MIT
// The demodulator's kernels on any samples, taps and places, ours and plain. The input: a choice of
// instruction set, sizes, then 16-bit values.
#include "base/bytes.h"
#include "tests/support/plain_demod.h"

#include <hwy/highway.h>

#include <cstdlib>

using namespace landfall;

namespace {

void choose_target(unsigned wanted) {
    hwy::SetSupportedTargetsForTest(0);
    std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS;
    for (wanted %= 8; wanted > 0 && (left & (left - 1)) != 0; --wanted) {
        left &= left - 1;
    }
    hwy::SetSupportedTargetsForTest(left & -left);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    base::byte_reader reader({data, size});
    choose_target(reader.u8());
    const auto value = [&] { return static_cast<std::int16_t>(reader.u16()); };
    const auto real = [&] { return static_cast<float>(value()) / 8192.0F; };

    std::vector<base::cf32> samples(16 * (1 + reader.u8() % 8U));
    const auto turn = static_cast<double>(real());
    const float scale = static_cast<float>(reader.u16());
    for (base::cf32& sample : samples) {
        sample = {real(), real()};
    }
    bool right = test::mixes_rightly(samples, static_cast<double>(real()), turn, scale);

    const std::size_t taps = 8 * (1 + reader.u8() % 8U);
    alignas(64) static std::array<std::int16_t, std::size_t{2} * 4 * 6 * 64> bank;
    for (std::int16_t& tap : bank) {
        tap = static_cast<std::int16_t>(value() / static_cast<std::int16_t>(taps / 2));
    }
    std::vector<std::int16_t> pairs(2 * (taps + reader.u8()));
    std::ranges::generate(pairs, value);
    base::cf32 wanted;
    dsp::filter_job job{.pairs = pairs.data(),
                        .bank = bank.data(),
                        .taps = taps,
                        .bank_step = 4 * taps,
                        .phases_log2 = 2,
                        .last_start = pairs.size() / 2 - taps,
                        .place = std::uint64_t{reader.u32()} << 4U,
                        .step = std::uint64_t{reader.u32()} << 6U,
                        .count = reader.u8() % 80U,
                        .unit = 1e-6F,
                        .value = nullptr,
                        .slope = reader.u8() % 2U == 0 ? nullptr : &wanted};
    right = right && test::filters_rightly(job, false);
    job.bank_step = 6 * taps;
    job.slope = &wanted;
    right = right && test::filters_rightly(job, true);

    const auto kind = static_cast<dsp::modulation>(reader.u8() % 3U);
    const std::size_t count = 8 * (1 + reader.u8() % 8U);
    const float certainty = 0.3F + std::abs(real());
    std::array<std::vector<base::cf32>, 3> symbols;
    for (auto& each : symbols) {
        each.resize(count);
        for (base::cf32& symbol : each) {
            symbol = {real(), real()};
        }
    }
    if (!right ||
        !test::detects_rightly(kind, {symbols[0].data(), symbols[1].data(), count, certainty},
                               symbols[2].data())) {
        std::abort();
    }
    return 0;
}
