// SPDX-License-Identifier: MIT
#include "base/random.h"
#include "helpers.h"
#include "wire/iq_demux.h"
#include "wire/iq_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace landfall;
using tests::bytes;
using tests::stream_maker;
using wire::iq_block;

namespace {

/// What came out of a stream, with the samples copied.
struct received {
    std::vector<iq_block> blocks;
    std::vector<std::vector<base::cf32>> samples;

    void take(const iq_block& block) {
        blocks.push_back(block);
        samples.emplace_back(block.samples.begin(), block.samples.end());
    }
    [[nodiscard]] std::vector<base::cf32> all() const {
        std::vector<base::cf32> joined;
        for (const auto& each : samples) {
            joined.insert(joined.end(), each.begin(), each.end());
        }
        return joined;
    }
};

struct harness {
    explicit harness(const wire::iq_stream_config& config = {.stream_id = 7}) : stream(config) {}

    void push(const bytes& datagram) {
        const auto packet = wire::parse_difi(datagram);
        REQUIRE(packet);
        stream.push(*packet, [this](const iq_block& block) { out.take(block); });
    }
    void finish() {
        stream.flush();
        iq_block block;
        while (stream.next(block)) {
            out.take(block);
        }
    }
    [[nodiscard]] const wire::iq_counters& counters() const { return stream.counters(); }

    wire::iq_stream stream;
    received out;
};

/// Every block holds the samples that belong at its time, whole packets of them.
void check_content(const received& out, const stream_maker& maker) {
    for (std::size_t i = 0; i < out.blocks.size(); ++i) {
        const double since = out.blocks[i].time.seconds_since(tests::stream_start);
        const auto first = static_cast<std::uint64_t>(std::llround(since * maker.sample_rate_hz));
        bool right = true;
        for (std::size_t k = 0; k < out.samples[i].size(); ++k) {
            right = right && out.samples[i][k] == tests::numbered_sample(first + k);
        }
        CHECK(right);
    }
}

/// Pushes the packets with these numbers after a context, and ends the stream.
harness run(const stream_maker& maker, const std::vector<std::uint64_t>& numbers) {
    harness test;
    test.push(maker.context(tests::stream_start));
    for (const std::uint64_t number : numbers) {
        test.push(maker.data(number));
    }
    test.finish();
    check_content(test.out, maker);
    return test;
}

std::vector<std::uint64_t> numbers_up_to(std::uint64_t count) {
    std::vector<std::uint64_t> numbers(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        numbers[i] = i;
    }
    return numbers;
}

const stream_maker maker;

} // namespace

TEST_CASE("wire/iq_stream: packets in order come out as they are") {
    const harness test = run(maker, numbers_up_to(40));
    REQUIRE(test.out.blocks.size() == 40);
    CHECK(test.counters().samples == 40 * 720);
    CHECK(test.counters().lost_samples == 0);
    CHECK(test.counters().lost_packets == 0);
    CHECK(test.counters().reordered == 0);
    CHECK(test.counters().sequence_jumps == 0);
    CHECK(test.counters().invalid_total() == 0);
    const iq_block& block = test.out.blocks[3];
    CHECK(block.stream_id == 7);
    CHECK(block.has_time);
    CHECK(block.time == maker.time_of(3 * 720));
    CHECK(block.sample_rate_hz == 1e6);
    CHECK(block.center_frequency_hz == 1.7e9);
    CHECK(block.lost_samples_before == 0);
    CHECK(!block.discontinuity);
    CHECK(!block.context_changed);
}

TEST_CASE("wire/iq_stream: packets are joined into blocks of the size asked for") {
    harness test({.stream_id = 7, .block_samples = 5000});
    test.push(maker.context(tests::stream_start));
    for (std::uint64_t i = 0; i < 20; ++i) {
        test.push(maker.data(i));
    }
    test.finish();
    check_content(test.out, maker);
    REQUIRE(test.out.blocks.size() == 3);
    CHECK(test.out.samples[0].size() == 5040);
    CHECK(test.out.samples[2].size() == 20 * 720 - 2 * 5040);
    CHECK(test.out.blocks[1].time == maker.time_of(5040));
}

TEST_CASE("wire/iq_stream: data before the first context are held back and then delivered") {
    harness test;
    for (std::uint64_t i = 0; i < 100; ++i) {
        test.push(maker.data(i));
    }
    CHECK(test.out.blocks.empty());
    test.push(maker.context(maker.time_of(100'000)));
    for (std::uint64_t i = 100; i < 120; ++i) {
        test.push(maker.data(i));
    }
    test.finish();
    check_content(test.out, maker);
    CHECK(test.counters().samples == 120 * 720);
    CHECK(test.counters().before_context_dropped == 0);
    CHECK(test.counters().lost_samples == 0);
}

TEST_CASE("wire/iq_stream: what is held back is bounded, in packets and in octets") {
    for (const bool by_octets : {false, true}) {
        wire::iq_stream_config config{.stream_id = 7};
        config.max_held_packets = by_octets ? 1000 : 20;
        config.max_held_octets = by_octets ? 20 * 1440 + 100 : std::size_t{1} << 20U;
        harness test(config);
        for (std::uint64_t i = 0; i < 50; ++i) {
            test.push(maker.data(i));
        }
        CHECK(test.counters().before_context_dropped == 30);
        test.push(maker.context(tests::stream_start));
        test.finish();
        check_content(test.out, maker);
        CHECK(test.counters().samples == 20 * 720);
        CHECK(test.out.blocks.front().time == maker.time_of(30 * 720));
    }
}

TEST_CASE("wire/iq_stream: without any context all data are counted as dropped") {
    harness test;
    for (std::uint64_t i = 0; i < 5; ++i) {
        test.push(maker.data(i));
    }
    test.finish();
    CHECK(test.out.blocks.empty());
    CHECK(test.counters().before_context_dropped == 5);
}

TEST_CASE("wire/iq_stream: a packet that is up to 7 late is put in its place") {
    for (std::uint64_t late = 1; late <= 7; ++late) {
        for (const std::uint64_t which : {0U, 1U, 5U, 13U, 20U}) {
            CAPTURE(late);
            CAPTURE(which);
            auto numbers = numbers_up_to(40);
            numbers.erase(numbers.begin() + static_cast<long>(which));
            numbers.insert(numbers.begin() + static_cast<long>(which + late), which);
            const harness test = run(maker, numbers);
            CHECK(test.counters().samples == 40 * 720);
            CHECK(test.counters().lost_samples == 0);
            CHECK(test.counters().lost_packets == 0);
            CHECK(test.counters().late == 0);
            CHECK(test.counters().duplicates == 0);
            CHECK(test.counters().reordered == 1);
        }
    }
}

TEST_CASE("wire/iq_stream: a shuffle within 7 packets, with every packet twice, is undone") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        base::random_source random(seed);
        std::vector<std::pair<std::uint64_t, std::uint64_t>> keyed;
        for (std::uint64_t i = 0; i < 200; ++i) {
            keyed.emplace_back(i * 2 + random.below(8), i);
            keyed.emplace_back(i * 2 + random.below(8), i);
        }
        std::sort(keyed.begin(), keyed.end());
        std::vector<std::uint64_t> numbers;
        for (const auto& each : keyed) {
            numbers.push_back(each.second);
        }
        const harness test = run(maker, numbers);
        CHECK(test.counters().samples == 200 * 720);
        CHECK(test.counters().duplicates == 200);
        CHECK(test.counters().lost_samples == 0);
    }
}

TEST_CASE("wire/iq_stream: a packet waits until the gap fills") {
    harness test;
    test.push(maker.context(tests::stream_start));
    for (std::uint64_t i = 0; i < 12; ++i) {
        test.push(maker.data(i));
    }
    const std::size_t before = test.out.blocks.size();
    test.push(maker.data(13));
    test.push(maker.data(14));
    CHECK(test.out.blocks.size() == before);
    test.push(maker.data(12));
    CHECK(test.out.blocks.size() == before + 3);
}

TEST_CASE("wire/iq_stream: loss is sized by time, whatever the sequence number can see") {
    for (const std::uint64_t lost : {1U, 2U, 6U, 7U, 8U, 15U, 16U, 17U, 32U, 100U, 1000U}) {
        CAPTURE(lost);
        auto numbers = numbers_up_to(40);
        for (std::uint64_t i = 0; i < 40; ++i) {
            numbers.push_back(40 + lost + i);
        }
        const harness test = run(maker, numbers);
        CHECK(test.counters().samples == 80 * 720);
        CHECK(test.counters().lost_samples == lost * 720);
        CHECK(test.counters().lost_packets == lost);
        CHECK(test.counters().discontinuities == 0);
        CHECK(test.counters().late == 0);
        REQUIRE(test.out.blocks.size() == 80);
        CHECK(test.out.blocks[40].lost_samples_before == lost * 720);
        CHECK(test.out.blocks[40].time == maker.time_of((40 + lost) * 720));
    }
}

TEST_CASE("wire/iq_stream: a packet that comes after its place was given up is counted as late") {
    auto numbers = numbers_up_to(40);
    numbers.erase(numbers.begin() + 20);
    numbers.insert(numbers.begin() + 30, 20);
    const harness test = run(maker, numbers);
    CHECK(test.counters().samples == 39 * 720);
    CHECK(test.counters().lost_packets == 1);
    CHECK(test.counters().late == 1);
    CHECK(test.counters().discontinuities == 0);
}

TEST_CASE("wire/iq_stream: duplicates are dropped and counted") {
    const harness test = run(maker, {0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 3, 10, 11, 11, 11});
    CHECK(test.counters().samples == 12 * 720);
    CHECK(test.counters().duplicates == 6);
    CHECK(test.counters().lost_samples == 0);
}

TEST_CASE("wire/iq_stream: timestamps of a clock that ticks coarsely are no loss") {
    harness test;
    test.push(maker.context(tests::stream_start));
    for (std::uint64_t i = 0; i < 100; ++i) {
        std::vector<base::cf32> samples(720);
        const auto exact = maker.time_of(i * 720);
        const base::timestamp quantised{exact.seconds, exact.picoseconds / 1'024'000 * 1'024'000};
        test.push(maker.data_with(samples, i, quantised));
    }
    test.finish();
    CHECK(test.counters().samples == 72000);
    CHECK(test.counters().lost_samples == 0);
    CHECK(test.counters().discontinuities == 0);
}

TEST_CASE("wire/iq_stream: small packets of a fast and coarse clock are no loss either") {
    stream_maker fast;
    fast.sample_rate_hz = 500e6;
    fast.packet_samples = 360; // 0.72 us, less than a tick of the clock
    harness test;
    test.push(fast.context(tests::stream_start));
    for (std::uint64_t i = 0; i < 200; ++i) {
        const auto exact = fast.time_of(i * 360);
        const base::timestamp quantised{exact.seconds, exact.picoseconds / 1'024'000 * 1'024'000};
        test.push(fast.data_with(std::vector<base::cf32>(360), i, quantised));
    }
    test.finish();
    CHECK(test.counters().samples == 200 * 360);
    CHECK(test.counters().lost_samples == 0);
    CHECK(test.counters().discontinuities == 0);
}

TEST_CASE("wire/iq_stream: a sequence jump with even time is no loss") {
    harness test;
    test.push(maker.context(tests::stream_start));
    for (std::uint64_t i = 0; i < 60; ++i) {
        const std::vector<base::cf32> samples(720);
        test.push(maker.data_with(samples, i < 30 ? i : i + 5, maker.time_of(i * 720)));
    }
    test.finish();
    CHECK(test.counters().samples == 60 * 720);
    CHECK(test.counters().sequence_jumps == 1);
    CHECK(test.counters().lost_packets == 0);
    CHECK(test.counters().lost_samples == 0);
}

TEST_CASE("wire/iq_stream: a clock that goes back, or forward by far, is a discontinuity") {
    for (const double jump_s : {-3.0, -0.005, 3600.0}) {
        CAPTURE(jump_s);
        harness test;
        test.push(maker.context(tests::stream_start));
        for (std::uint64_t i = 0; i < 60; ++i) {
            const base::timestamp even = maker.time_of(i * 720);
            test.push(maker.data_with(std::vector<base::cf32>(720), i,
                                      i < 30 ? even : even.plus_seconds(jump_s)));
        }
        test.finish();
        CHECK(test.counters().samples == 60 * 720);
        CHECK(test.counters().discontinuities == 1);
        CHECK(test.counters().lost_samples == 0);
        CHECK(test.out.blocks[30].discontinuity);
    }
}

TEST_CASE("wire/iq_stream: a change of context applies from data of its time on") {
    stream_maker second = maker;
    second.sample_rate_hz = 2e6;
    second.bits = 12;
    second.packet_samples = 480;
    second.frequency_hz = 1.8e9;
    const base::timestamp change = maker.time_of(30 * 720);
    for (const std::uint64_t context_before : {27U, 30U}) {
        CAPTURE(context_before);
        harness test;
        test.push(maker.context(tests::stream_start));
        for (std::uint64_t i = 0; i < 30; ++i) {
            if (i == context_before) {
                test.push(second.context(change, 1));
            }
            test.push(maker.data(i));
        }
        if (context_before == 30) {
            test.push(second.context(change, 1));
        }
        const std::vector<base::cf32> samples(480, base::cf32{0.25F, -0.5F});
        for (std::uint64_t i = 0; i < 30; ++i) {
            test.push(second.data_with(samples, 30 + i, change.plus_seconds(double(i) * 240e-6)));
        }
        test.finish();
        CHECK(test.counters().samples == 30 * 720 + 30 * 480);
        CHECK(test.counters().lost_samples == 0);
        CHECK(test.counters().lost_context_packets == 0);
        REQUIRE(test.out.blocks.size() == 60);
        CHECK(test.out.blocks[29].sample_rate_hz == 1e6);
        CHECK(!test.out.blocks[29].context_changed);
        CHECK(test.out.blocks[30].sample_rate_hz == 2e6);
        CHECK(test.out.blocks[30].center_frequency_hz == 1.8e9);
        CHECK(test.out.blocks[30].context_changed);
        CHECK(!test.out.blocks[31].context_changed);
        CHECK(test.out.samples[30] == samples);
    }
}

TEST_CASE("wire/iq_stream: timestamps that count samples") {
    harness test;
    test.push(maker.context(tests::stream_start));
    for (std::uint64_t i = 0; i < 40; ++i) {
        auto octets = maker.data(i);
        octets[1] = static_cast<std::uint8_t>(0xD0U | (i & 15U));
        octets[15] = 2;
        const std::uint64_t sample = 999'000 + i * 720;
        const std::uint64_t seconds = 1'700'000'000 + sample / 1'000'000;
        bytes words;
        base::byte_writer writer(words);
        writer.u32(static_cast<std::uint32_t>(seconds));
        writer.u64(sample % 1'000'000);
        std::copy(words.begin(), words.end(), octets.begin() + 16);
        if (i != 25) {
            test.push(octets);
        }
    }
    test.finish();
    check_content(test.out, maker);
    CHECK(test.counters().samples == 39 * 720);
    CHECK(test.counters().lost_samples == 720);
    CHECK(test.counters().lost_packets == 1);
}

TEST_CASE("wire/iq_stream: sequence numbers of context and data packets are apart") {
    harness test;
    for (std::uint64_t i = 0; i < 64; ++i) {
        if (i % 4 == 0) {
            test.push(
                maker.context(maker.time_of(i * 720), static_cast<std::uint8_t>(i / 4 & 15U)));
        }
        test.push(maker.data(i));
    }
    test.push(maker.context(maker.time_of(64 * 720), 3));
    test.finish();
    CHECK(test.counters().samples == 64 * 720);
    CHECK(test.counters().context_packets == 17);
    CHECK(test.counters().lost_packets == 0);
    CHECK(test.counters().lost_context_packets == 3);
}

TEST_CASE("wire/iq_stream: clipped samples are counted") {
    harness test;
    test.push(maker.context(tests::stream_start));
    std::vector<base::cf32> samples(720);
    samples[3] = {1.0F, 0.0F};
    samples[4] = {1.0F, -1.0F};
    samples[5] = {0.0F, -1.0F};
    test.push(maker.data_with(samples, 0, tests::stream_start));
    test.finish();
    CHECK(test.counters().clipped_samples == 3);
}

TEST_CASE("wire/iq_stream: a payload that does not fit the depth is counted as invalid") {
    stream_maker deep = maker;
    deep.bits = 12;
    harness test;
    test.push(deep.context(tests::stream_start));
    test.push(maker.data_with(std::vector<base::cf32>(722), 0, tests::stream_start));
    test.finish();
    CHECK(test.out.blocks.empty());
    CHECK(test.counters().invalid[static_cast<std::size_t>(wire::difi_error::bad_pad)] == 1);
}

TEST_CASE("wire/iq_stream: after a reset it knows nothing of the stream before") {
    stream_maker before;
    harness it;
    it.push(before.context(before.time_of(0), 0));
    for (std::uint64_t i = 0; i < 20; ++i) {
        it.push(before.data(i));
    }
    it.push(before.data(22)); // waits for 20
    it.stream.reset();
    const auto samples = it.counters().samples;
    stream_maker after;
    after.sample_rate_hz = 2e6;
    it.push(after.data(5));
    it.finish();
    CHECK(it.counters().samples == samples); // the context before is not its own
    CHECK(it.counters().before_context_dropped == 1);
    it.out = {};
    it.push(after.context(after.time_of(0), 0));
    it.push(after.data(6));
    it.finish();
    REQUIRE(it.out.blocks.size() == 1);
    CHECK(it.out.blocks[0].sample_rate_hz == 2e6);
    CHECK(it.out.blocks[0].lost_samples_before == 0);
    CHECK_FALSE(it.out.blocks[0].discontinuity);
    check_content(it.out, after);
}

TEST_CASE("wire/iq_demux: streams are apart, unselected ones counted, and their number bounded") {
    stream_maker other = maker;
    other.stream_id = 8;
    wire::iq_demux_config config;
    config.max_streams = 2;
    wire::iq_demux demux(config);
    iq_block block;
    std::array<std::uint64_t, 10> samples{};
    const auto push = [&](const bytes& datagram) {
        const auto pushed = demux.push(datagram);
        while (demux.next(block)) {
            samples.at(block.stream_id) += block.samples.size();
        }
        return pushed.has_value();
    };
    CHECK(push(maker.context(tests::stream_start)));
    CHECK(push(other.context(tests::stream_start)));
    for (std::uint64_t i = 0; i < 20; ++i) {
        CHECK(push(maker.data(i)));
        if (i % 2 == 0) {
            CHECK(push(other.data(i / 2)));
        }
    }
    stream_maker third = maker;
    third.stream_id = 9;
    CHECK(push(third.data(0)));
    CHECK(!push({1, 2, 3}));
    demux.flush();
    while (demux.next(block)) {
        samples.at(block.stream_id) += block.samples.size();
    }
    CHECK(samples[7] == 20 * 720);
    CHECK(samples[8] == 10 * 720);
    CHECK(samples[9] == 0);
    const wire::iq_counters sum = demux.counters();
    CHECK(sum.not_selected == 1);
    CHECK(sum.invalid_total() == 1);
    CHECK(sum.samples == 30 * 720);
    REQUIRE(demux.find(8) != nullptr);
    CHECK(demux.find(8)->counters().data_packets == 10);
    CHECK(demux.find(9) == nullptr);
}
