// SPDX-License-Identifier: MIT
// A modem lcore takes no memory while it follows a carrier.
#include "carrier_signal.h"

#include <cstdlib>
#include <iterator>
#include <span>
#include <vector>

extern "C" void* __libc_malloc(std::size_t); // NOLINT: glibc's own name

namespace {

thread_local bool counting = false;
thread_local std::size_t allocations = 0;

} // namespace

// All of this program's memory, operator new's included, is asked for here.
extern "C" void* malloc(std::size_t size) {
    allocations += counting ? 1U : 0U;
    return __libc_malloc(size);
}

namespace landfall::app {
namespace {

/// Half a second of signal, three times over, with a second of silence between.
datagrams passes_of(const config::mission& mission, double sample_rate_hz) {
    datagrams all;
    for (std::int64_t pass = 0; pass < 3; ++pass) {
        auto one = signal_of(mission, {.sample_rate_hz = sample_rate_hz, .start_s = 2 * pass});
        std::move(one.begin(), one.end(), std::back_inserter(all));
    }
    return all;
}

/// Allocations while the stage takes the datagrams; those of `serve` are not the lcore's.
std::size_t allocations_of(carrier_stage& stage, std::span<const std::vector<std::uint8_t>> packets,
                           std::int64_t& now, std::uint64_t& sent, bool last = true) {
    std::vector<std::uint8_t> buffer(2048);
    auto take = [&](std::size_t size) { return std::span(buffer).first(size); };
    auto commit = [&](std::uint32_t, std::size_t) { ++sent; };
    const delivery::output out{.take = take, .commit = commit};
    allocations = 0;
    for (const auto& packet : packets) {
        now += 300'000;
        counting = true;
        stage.push(packet, now, out);
        stage.poll(now, out);
        counting = false;
        for (; !stage.ready(); now += 300'000) {
            stage.serve();
            counting = true;
            stage.poll(now, out);
            counting = false;
        }
        stage.serve();
    }
    if (last) {
        counting = true;
        stage.finish(now, out);
        counting = false;
    }
    return allocations;
}

} // namespace

TEST_CASE("app/carrier_stage: once a carrier was received, receiving takes no memory") {
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        CAPTURE(static_cast<int>(kind));
        const config::carrier_settings settings = carrier_of(kind);
        const auto packets = passes_of(settings.mission, 0.0);
        carrier_stage stage(settings, frames_out());
        std::int64_t now = 0;
        std::uint64_t sent = 0;
        const std::size_t third = packets.size() / 3;
        allocations_of(stage, std::span(packets).first(2 * third), now, sent);
        sent = 0;
        // The third pass, its acquisition included.
        CHECK(allocations_of(stage, std::span(packets).subspan(2 * third), now, sent) == 0);
        CHECK(sent > 25);
    }
}

TEST_CASE("app/carrier_stage: a receiver for another sample rate is made off the lcore") {
    const config::carrier_settings settings = carrier_of();
    carrier_stage stage(settings, frames_out());
    std::int64_t now = 0;
    std::uint64_t sent = 0;
    for (const double rate_hz : {2.5e6, 3e6}) {
        now += receiver_change_ns;
        const auto packets = signal_of(settings.mission, {.sample_rate_hz = rate_hz});
        // From the context to the first sample that is in its receiver.
        const auto before = stage.view().status.samples;
        CHECK(allocations_of(stage, std::span(packets).first(10), now, sent, false) == 0);
        now += 200'000'000; // a view later, and before the silence is too long
        CHECK(allocations_of(stage, std::span(packets).subspan(10, 1), now, sent, false) == 0);
        CHECK(stage.view().status.samples > before);
        sent = 0;
        allocations_of(stage, std::span(packets).subspan(11), now, sent);
        CHECK(sent > 25);
    }
}

} // namespace landfall::app
