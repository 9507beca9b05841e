// SPDX-License-Identifier: MIT
// A modem lcore takes no memory while it follows a carrier.
#include "carrier_signal.h"

#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <span>
#include <vector>

// NOLINTBEGIN(*-reserved-identifier): glibc's own names
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}
// NOLINTEND(*-reserved-identifier)

namespace {

thread_local bool counting = false;
thread_local std::size_t allocations = 0;

} // namespace

// All of this program's memory, operator new's included, is asked for here.
extern "C" {
void* malloc(std::size_t size) {
    allocations += counting ? 1U : 0U;
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    allocations += counting ? 1U : 0U;
    return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
    allocations += counting ? 1U : 0U;
    return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
    allocations += counting ? 1U : 0U;
    return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return memalign(alignment, size);
}
int posix_memalign(void** made, std::size_t alignment, std::size_t size) noexcept {
    *made = memalign(alignment, size);
    return *made == nullptr ? ENOMEM : 0;
}
}

namespace landfall::app {
namespace {

/// Signals, twice, with a second of silence between.
datagrams passes_of(const config::mission& mission, double sample_rate_hz, double es_n0_db) {
    datagrams all;
    for (std::int64_t pass = 0; pass < 2; ++pass) {
        auto one = signal_of(mission, {.seconds = 0.2,
                                       .sample_rate_hz = sample_rate_hz,
                                       .start_s = 2 * pass,
                                       .es_n0_db = es_n0_db});
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

TEST_CASE("app/carrier_stage: receiving takes no memory, from the first packet on") {
    using dsp::modulation;
    for (const auto kind : {modulation::bpsk, modulation::qpsk, modulation::oqpsk, modulation::psk8,
                            modulation::fsk}) {
        for (const double rate_hz : {2.1e6, 17e6}) { // the second is decimated
            CAPTURE(static_cast<int>(kind));
            CAPTURE(rate_hz);
            config::carrier_settings settings = carrier_of(kind);
            const bool is_psk8 = kind == modulation::psk8;
            if (is_psk8) {
                settings.mission.coding.convolutional = fec::code_rate::none;
            }
            const auto packets = passes_of(settings.mission, rate_hz, is_psk8 ? 15.0 : 9.0);
            carrier_stage stage(settings, frames_out());
            std::int64_t now = 0;
            std::uint64_t sent = 0;
            CHECK(allocations_of(stage, packets, now, sent) == 0);
            CHECK(sent > 20);
        }
    }
}

TEST_CASE("app/carrier_stage: a search in noise takes no memory") {
    for (const auto kind : {dsp::modulation::bpsk, dsp::modulation::qpsk, dsp::modulation::oqpsk}) {
        for (const double rate_hz : {2.5e5, 3e6}) {
            CAPTURE(static_cast<int>(kind));
            CAPTURE(rate_hz);
            config::carrier_settings settings = carrier_of(kind);
            settings.mission.wave.symbol_rate_hz = 1e5;
            settings.mission.wave.spectrum_inverted = rate_hz > 1e6;
            const auto packets = signal_of(
                settings.mission, {.seconds = 4.0, .sample_rate_hz = rate_hz, .es_n0_db = -9.0});
            carrier_stage stage(settings, frames_out());
            std::int64_t now = 0;
            std::uint64_t sent = 0;
            CHECK(allocations_of(stage, packets, now, sent) == 0);
            CHECK(stage.view().status.samples > 900'000);
            CHECK(sent == 0);
        }
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
