// SPDX-License-Identifier: MIT
#include "helpers.h"
#include "wire/iq_source.h"
#include "wire/sigmf_writer.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

using namespace landfall;
using tests::bytes;
using tests::temporary_folder;

namespace {

struct outcome {
    std::vector<base::cf32> samples;
    std::vector<wire::iq_block> blocks;
    std::optional<base::failure> failure;
    wire::source_info info;
    wire::iq_counters counters;
};

outcome read_all(const std::string& path, const wire::source_options& options = {}) {
    outcome result;
    auto source = wire::open_source(std::array{path}, options);
    if (!source) {
        result.failure = source.error();
        return result;
    }
    wire::iq_block block;
    for (;;) {
        const auto more = (*source)->next(block);
        if (!more) {
            result.failure = more.error();
            CHECK((*source)->next(block) == false);
            break;
        }
        if (!*more) {
            CHECK((*source)->progress() == doctest::Approx(1.0));
            break;
        }
        CHECK(block.samples.size() <= options.block_samples);
        result.samples.insert(result.samples.end(), block.samples.begin(), block.samples.end());
        result.blocks.push_back(block);
    }
    result.info = (*source)->info();
    result.counters = (*source)->counters();
    return result;
}

bool mentions(const outcome& result, std::string_view text) {
    return result.failure && result.failure->message.find(text) != std::string::npos;
}

std::vector<base::cf32> numbered(std::size_t count) {
    std::vector<base::cf32> samples;
    for (std::size_t i = 0; i < count; ++i) {
        samples.push_back(tests::numbered_sample(i));
    }
    return samples;
}

bytes encoded(const std::vector<base::cf32>& samples, wire::sample_format format) {
    bytes out;
    wire::encode_complex(samples, format, out);
    return out;
}

void little(bytes& out, std::uint64_t value, unsigned octets) {
    for (unsigned i = 0; i < octets; ++i) {
        out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
}

/// A WAV file of 16-bit samples, interleaved.
bytes wav(const std::vector<std::int16_t>& values, unsigned channels, std::uint32_t rate) {
    bytes out;
    const auto text = [&](std::string_view four) {
        for (const char letter : four) {
            out.push_back(static_cast<std::uint8_t>(letter));
        }
    };
    text("RIFF");
    little(out, 36 + 2 * values.size(), 4);
    text("WAVEfmt ");
    little(out, 16, 4);
    little(out, 1, 2);
    little(out, channels, 2);
    little(out, rate, 4);
    little(out, std::uint64_t{rate} * channels * 2, 4);
    little(out, channels * 2, 2);
    little(out, 16, 2);
    text("data");
    little(out, 2 * values.size(), 4);
    for (const std::int16_t value : values) {
        little(out, static_cast<std::uint16_t>(value), 2);
    }
    return out;
}

constexpr wire::source_options raw_options(wire::sample_format format) {
    wire::source_options options;
    options.format = format;
    options.sample_rate_hz = 250e3;
    options.block_samples = 1000;
    return options;
}

} // namespace

TEST_CASE("wire/recording_source: raw files of every complex format") {
    const temporary_folder folder;
    const auto samples = numbered(2500);
    using enum wire::sample_format;
    for (const auto format : {cf32_le, cf32_be, ci16_le, ci16_be, ci8}) {
        CAPTURE(wire::name(format));
        const std::string path = folder.put("x.bin", encoded(samples, format));
        const outcome result = read_all(path, raw_options(format));
        CHECK(!result.failure);
        CHECK(result.samples == samples);
        CHECK(result.blocks.size() == 3);
        CHECK(result.blocks[2].time == base::timestamp{0, 8'000'000'000});
        CHECK(!result.blocks[2].has_time);
        CHECK(result.info.sample_rate_hz == 250e3);
        CHECK(result.counters.samples == 2500);
    }
}

TEST_CASE("wire/recording_source: a raw file's extension names its format; the rate is needed") {
    const temporary_folder folder;
    const std::string path =
        folder.put("x.ci16", encoded(numbered(10), wire::sample_format::ci16_le));
    wire::source_options options;
    outcome result = read_all(path, options);
    CHECK(mentions(result, "--rate"));
    CHECK(result.failure->code == base::exit_code::usage);
    options.sample_rate_hz = 1e6;
    result = read_all(path, options);
    CHECK(result.samples == numbered(10));
}

TEST_CASE("wire/recording_source: a cut raw file yields all whole samples, then says so") {
    const temporary_folder folder;
    auto octets = encoded(numbered(1500), wire::sample_format::ci16_le);
    octets.resize(octets.size() - 3);
    const std::string path = folder.put("x.ci16", octets);
    const outcome result = read_all(path, raw_options(wire::sample_format::ci16_le));
    CHECK(result.samples == numbered(1499));
    CHECK(mentions(result, path));
    CHECK(mentions(result, "cut"));
    CHECK(result.failure->code == base::exit_code::failed);
}

TEST_CASE("wire/recording_source: numbers that are not finite are replaced and counted") {
    const temporary_folder folder;
    auto samples = numbered(100);
    samples[10] = {std::numeric_limits<float>::quiet_NaN(), 0};
    samples[20] = {0, std::numeric_limits<float>::infinity()};
    const std::string path = folder.put("x.cf32", encoded(samples, wire::sample_format::cf32_le));
    const outcome result = read_all(path, raw_options(wire::sample_format::cf32_le));
    CHECK(result.counters.non_finite_samples == 2);
    CHECK(result.samples[10] == base::cf32{});
    CHECK(result.samples[20] == base::cf32{});
    CHECK(result.samples[30] == samples[30]);
}

TEST_CASE("wire/recording_source: files that are no recordings have clear failures") {
    const temporary_folder folder;
    CHECK(mentions(read_all(folder.file("absent.wav")), "absent.wav: cannot be opened"));
    CHECK(mentions(read_all(folder.put("empty.wav", "")), "empty.wav: is empty"));
    CHECK(mentions(read_all(folder.file("")), "is a directory"));
    const outcome unknown = read_all(folder.put("x.txt", "hello, world"));
    CHECK(mentions(unknown, "SigMF"));
    CHECK(mentions(unknown, "x.txt"));
    CHECK(mentions(read_all(folder.put("x.wav", "RIFF....WAVEgarbage")), "x.wav"));
    CHECK(mentions(read_all(folder.put("x.ci16", "ab"), raw_options(wire::sample_format::ci16_le)),
                   "less than one sample"));
    CHECK(!wire::open_source({}, {}));
}

TEST_CASE("wire/recording_source: a SigMF recording, written and read by any of its names") {
    const temporary_folder folder;
    const auto samples = numbered(2500);
    wire::sigmf_metadata metadata;
    metadata.datatype = wire::sample_format::ci16_le;
    metadata.sample_rate_hz = 250e3;
    metadata.captures.push_back({0, 1.7e9, base::timestamp{1'700'000'000, 3}});
    auto writer = wire::sigmf_writer::create(folder.file("pass"), metadata);
    REQUIRE(writer);
    CHECK(writer->write(std::span(samples).first(700)));
    CHECK(writer->write(std::span(samples).subspan(700)));
    CHECK(writer->close());
    wire::source_options options;
    options.block_samples = 1000;
    for (const char* name : {"pass", "pass.sigmf-meta", "pass.sigmf-data"}) {
        CAPTURE(name);
        const outcome result = read_all(folder.file(name), options);
        CHECK(!result.failure);
        CHECK(result.samples == samples);
        REQUIRE(result.blocks.size() == 3);
        CHECK(result.blocks[1].has_time);
        CHECK(result.blocks[1].time == base::timestamp{1'700'000'000, 4'000'000'003});
        CHECK(result.blocks[1].center_frequency_hz == 1.7e9);
        CHECK(result.info.start_time == base::timestamp{1'700'000'000, 3});
    }
}

TEST_CASE("wire/recording_source: SigMF captures change frequency and time where they begin") {
    const temporary_folder folder;
    folder.put("x.sigmf-data", encoded(numbered(3000), wire::sample_format::ci8));
    folder.put("x.sigmf-meta",
               R"({"global": {"core:datatype": "ci8", "core:sample_rate": 1000}, "captures": [
                   {"core:sample_start": 0, "core:frequency": 1e9,
                    "core:datetime": "2024-01-01T00:00:00Z"},
                   {"core:sample_start": 1200, "core:frequency": 2e9},
                   {"core:sample_start": 2000, "core:frequency": 2e9,
                    "core:datetime": "2024-01-01T00:01:00Z"}]})");
    wire::source_options options;
    options.block_samples = 1000;
    const outcome result = read_all(folder.file("x"), options);
    CHECK(result.samples == numbered(3000));
    REQUIRE(result.blocks.size() == 4);
    CHECK(result.blocks[1].samples.size() == 200);
    CHECK(result.blocks[2].samples.size() == 800);
    CHECK(result.blocks[2].context_changed);
    CHECK(!result.blocks[2].discontinuity);
    CHECK(result.blocks[2].center_frequency_hz == 2e9);
    CHECK(result.blocks[2].time == base::timestamp{1'704'067'201, 200'000'000'000});
    CHECK(result.blocks[3].discontinuity);
    CHECK(!result.blocks[3].context_changed);
    CHECK(result.blocks[3].time == base::timestamp{1'704'067'260, 0});
}

TEST_CASE("wire/recording_source: faults of SigMF recordings name the file") {
    const temporary_folder folder;
    const auto meta = [](std::string_view more) {
        return "{\"global\": {\"core:datatype\": \"ci16_le\"" + std::string(more) +
               "}, \"captures\": []}";
    };
    folder.put("x.sigmf-meta", meta(", \"core:sample_rate\": 1000"));
    CHECK(mentions(read_all(folder.file("x")), "x.sigmf-data: cannot be opened"));
    folder.put("x.sigmf-data", "");
    CHECK(mentions(read_all(folder.file("x")), "x.sigmf-data: is empty"));
    folder.put("x.sigmf-data", "abcdefg");
    const outcome cut = read_all(folder.file("x"));
    CHECK(cut.samples.size() == 1);
    CHECK(mentions(cut, "x.sigmf-data"));
    folder.put("x.sigmf-meta", meta(""));
    CHECK(mentions(read_all(folder.file("x")), "core:sample_rate"));
    CHECK(mentions(read_all(folder.file("x.sigmf-data")), "x.sigmf-meta"));
    folder.put("x.sigmf-meta", "{");
    CHECK(mentions(read_all(folder.file("x")), "JSON"));
    CHECK(mentions(read_all(folder.file("y.sigmf-data")), "y.sigmf-meta: cannot be opened"));
}

TEST_CASE("wire/recording_source: header and trailing octets of SigMF are left out") {
    const temporary_folder folder;
    bytes octets(10, 0xEE);
    const bytes samples = encoded(numbered(100), wire::sample_format::ci8);
    octets.insert(octets.end(), samples.begin(), samples.end());
    octets.resize(octets.size() + 7, 0xEE);
    folder.put("x.dat", octets);
    folder.put("x.sigmf-meta",
               R"({"global": {"core:datatype": "ci8", "core:sample_rate": 1000,
                   "core:dataset": "x.dat", "core:trailing_bytes": 7},
                   "captures": [{"core:sample_start": 0, "core:header_bytes": 10}]})");
    const outcome result = read_all(folder.file("x"));
    CHECK(!result.failure);
    CHECK(result.samples == numbered(100));
}

TEST_CASE("wire/recording_source: audio of two channels is I and Q") {
    const temporary_folder folder;
    const std::string path =
        folder.put("x.wav", wav({16384, -8192, 0, 32767, -32768, 1}, 2, 48000));
    const outcome result = read_all(path);
    CHECK(!result.failure);
    CHECK(result.info.sample_rate_hz == 48000);
    REQUIRE(result.samples.size() == 3);
    CHECK(result.samples[0] == base::cf32{0.5F, -0.25F});
    CHECK(result.samples[1] == base::cf32{0, 32767 / 32768.0F});
    CHECK(result.samples[2] == base::cf32{-1, 1 / 32768.0F});
}

TEST_CASE(
    "wire/recording_source: audio of one channel is a real signal around a quarter of its rate") {
    const temporary_folder folder;
    std::vector<std::int16_t> values;
    for (int n = 0; n < 9601; ++n) { // 13 kHz
        values.push_back(static_cast<std::int16_t>(
            std::lround(16384 * std::cos(2 * 3.14159265358979 * 13.0 / 48.0 * n))));
    }
    const std::string path = folder.put("x.wav", wav(values, 1, 48000));
    wire::source_options options;
    options.block_samples = 1000;
    const outcome result = read_all(path, options);
    CHECK(!result.failure);
    CHECK(result.info.sample_rate_hz == 24000);
    CHECK(result.info.center_frequency_hz == 12000);
    REQUIRE(result.samples.size() == 4801);
    for (std::size_t m = 100; m < 4700; ++m) { // 1 kHz at 24 kHz
        const auto expected = std::polar(0.5, 2 * 3.14159265358979 / 24 * static_cast<double>(m));
        CHECK(std::abs(std::complex<double>(result.samples[m]) - expected) < 1e-3);
    }
    std::size_t before = 0;
    for (const wire::iq_block& block : result.blocks) {
        CHECK(block.time.seconds_since({}) == doctest::Approx(static_cast<double>(before) / 24000));
        before += block.samples.size();
    }
}

TEST_CASE("wire/recording_source: a cut audio file yields what is there, then says so") {
    const temporary_folder folder;
    std::vector<std::int16_t> values(4000, 100);
    auto octets = wav(values, 2, 48000);
    octets.resize(octets.size() - 1001);
    const std::string path = folder.put("cut.wav", octets);
    const outcome result = read_all(path);
    CHECK(result.samples.size() == 1749);
    CHECK(mentions(result, "cut.wav"));
    CHECK(mentions(result, "1001 octets"));
}

TEST_CASE("wire/recording_source: audio of more channels, or of none, is refused") {
    const temporary_folder folder;
    CHECK(mentions(read_all(folder.put("x.wav", wav({1, 2, 3, 4}, 4, 48000))), "4 channels"));
    CHECK(mentions(read_all(folder.put("y.wav", wav({}, 1, 48000))), "no samples"));
}

TEST_CASE("wire/recording_source: times stay exact over a day") {
    const temporary_folder folder;
    folder.put("x.sigmf-data", bytes(20'000, 0));
    folder.put("x.sigmf-meta",
               R"({"global": {"core:datatype": "ci8", "core:sample_rate": 0.0625}, "captures": [
                   {"core:sample_start": 0, "core:datetime": "2024-01-01T00:00:00Z"}]})");
    wire::source_options options;
    options.block_samples = 8641;
    const outcome result = read_all(folder.file("x"), options);
    REQUIRE(result.blocks.size() == 2);
    CHECK(result.blocks[1].time == base::timestamp{1'704'067'200 + 138'256, 0});
}

TEST_CASE("wire/recording_source: a recording from the air opens as complex baseband") {
    const std::string path = tests::shared_file("recordings/by701.wav");
    if (path.empty()) {
        return;
    }
    const outcome result = read_all(path);
    CHECK(!result.failure);
    CHECK(result.info.sample_rate_hz == 24000);
    CHECK(result.info.center_frequency_hz == 12000);
    CHECK(result.samples.size() > 24000);
}
