// SPDX-License-Identifier: MIT
#include "app/bench_command.h"

#include "app/bench_cores.h"
#include "app/bench_gateway.h"
#include "app/bench_ingest.h"
#include "app/bench_publisher.h"
#include "app/bench_spool.h"
#include "app/bench_tunnel.h"
#include "app/difi_packetiser.h"
#include "app/downlink.h"
#include "app/receive_chain.h"
#include "base/random.h"
#include "config/mission_loader.h"
#include "dsp/fec/inner_decoder.h"
#include "dsp/fec/inner_kernels.h"
#include "dsp/fec/libfec_reference.h"
#include "dsp/fec/reed_solomon.h"
#include "dsp/fec/stream_encoder.h"
#include "dsp/fec/viterbi.h"
#include "dsp/instruction_set.h"
#include "dsp/modulator.h"
#include "wire/iq_demux.h"
#include "wire/samples.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <functional>
#include <optional>

namespace landfall::app {
namespace {

struct measured {
    std::string stage;
    double value = 0.0;
    std::string unit;
    std::string reference_name;
    double reference = 0.0;
    std::string second_name{}; ///< another reference, where there is one
    double second = 0.0;
};

/// What this thread has used of its processor: other programs' shares do not count.
double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Units per second of `run`, which returns how many units it worked off: in the best fifth of the
/// time, since other programs also take turns in the caches.
double rate_of(double seconds, const std::function<double()>& run) {
    run(); // caches and tables are warm
    double best = 0.0;
    for (unsigned part = 0; part < 5; ++part) {
        const double begun = processor_seconds();
        double units = 0.0;
        double elapsed = 0.0;
        do {
            units += run();
            elapsed = processor_seconds() - begun;
        } while (elapsed < 0.2 * seconds);
        best = std::max(best, units / elapsed);
    }
    return best;
}

struct recorded {
    std::vector<base::cf32> samples; ///< if they are kept
    std::size_t count = 0;           ///< of samples
    std::vector<std::vector<std::uint8_t>> packets;
    double sample_rate_hz = 0.0;
};

/// A downlink of about `symbols` symbols, kept in memory.
recorded record(const config::mission& mission, double symbols, double es_n0_db,
                double samples_per_symbol = 2.5, bool keep_samples = true) {
    downlink_config config;
    config.mission = mission;
    config.seconds = symbols / mission.wave.symbol_rate_hz;
    config.sample_rate_hz = samples_per_symbol * mission.wave.symbol_rate_hz;
    config.clock_offset_ppm = 20.0;
    config.channel.es_n0_db = es_n0_db;
    config.channel.frequency_offset_hz = 0.01 * mission.wave.symbol_rate_hz;
    recorded made;
    auto signal = downlink::create(config);
    if (!signal) {
        return made;
    }
    made.sample_rate_hz = (*signal)->sample_rate_hz();
    difi_packetiser packets({.stream_id = 1,
                             .bits = 8,
                             .sample_rate_hz = made.sample_rate_hz,
                             .frequency_hz = mission.frequency_hz,
                             .start = config.start});
    auto on_packet = [&](const base::timestamp&, base::octets packet) -> base::result<void> {
        made.packets.emplace_back(packet.begin(), packet.end());
        return {};
    };
    auto on_frame = [](const framing::delivered_frame&) {};
    bool more = true;
    while (more) {
        const auto samples = (*signal)->next(on_frame);
        more = !samples.empty();
        made.count += samples.size();
        if (keep_samples) {
            made.samples.insert(made.samples.end(), samples.begin(), samples.end());
        }
        static_cast<void>(packets.push(samples, !more, on_packet));
    }
    return made;
}

measured bench_unpack(double seconds) {
    const recorded signal = record(config::mission{}, 100'000, 10.0);
    const auto ingest = [&] {
        wire::iq_demux demux(wire::iq_demux_config{});
        double samples = 0.0;
        wire::iq_block block;
        for (const auto& packet : signal.packets) {
            static_cast<void>(demux.push(packet));
            while (demux.next(block)) {
                samples += static_cast<double>(block.samples.size());
            }
        }
        return samples;
    };
    std::vector<base::cf32> out(65536);
    const auto unpack = [&] {
        double samples = 0.0;
        for (const auto& packet : signal.packets) {
            const std::size_t count = (packet.size() - wire::difi_prologue_octets) / 2;
            static_cast<void>(
                wire::unpack_iq(base::octets(packet).subspan(wire::difi_prologue_octets), 8,
                                std::span(out).first(count)));
            samples += static_cast<double>(count);
        }
        return samples;
    };
    return {"difi-unpack", rate_of(seconds, ingest), "sample/s", "unpacking alone",
            rate_of(seconds, unpack)};
}

std::optional<measured> bench_ingest(double seconds, const std::string& stage) {
    const auto rates = measure_ingest(seconds);
    if (!rates) {
        fmt::print(stderr, "{}: {}\n", stage, rates.error().message);
        return std::nullopt;
    }
    return measured{stage, rates->ingest, "packet/s", "dpdk rx+free", rates->receive_and_free};
}

constexpr double demodulated_samples_per_symbol = 2.0;

/// 16-bit samples of a signal at 2 samples per symbol, whose end is continued by its beginning:
/// both carrier and clock turn a whole number of times, but for hundredths.
std::vector<std::uint8_t> endless(dsp::modulation kind) {
    config::mission mission;
    mission.wave.kind = kind;
    const recorded signal = record(mission, 210'000, 10.0, demodulated_samples_per_symbol);
    constexpr std::size_t whole = 400'008; // 200,000 symbols, 20 ppm off
    std::vector<std::uint8_t> packed;
    wire::pack_iq(std::span(signal.samples).subspan(8'000, whole), 16, packed);
    return packed;
}

/// Symbols per second from packed samples to soft bits.
double demodulation_rate(double seconds, dsp::modulation kind, dsp::engine engine) {
    dsp::receiver_config config;
    config.wave.kind = kind;
    config.sample_rate_hz = demodulated_samples_per_symbol * config.wave.symbol_rate_hz;
    const std::vector<std::uint8_t> packed = endless(kind);
    constexpr std::size_t piece = 1024;
    std::vector<base::cf32> samples(piece);
    std::size_t bits = 0;
    auto count = [&](const dsp::soft_block& soft) { bits += soft.soft.size(); };
    auto receiver = dsp::make_receiver(config, engine);
    return rate_of(seconds, [&] { // the first turn, with the acquisition, is not measured
        bits = 0;
        base::octets left = packed;
        while (!left.empty()) {
            const auto some = left.first(std::min(left.size(), 4 * piece));
            left = left.subspan(some.size());
            const auto unpacked = std::span(samples).first(some.size() / 4);
            wire::unpack_iq(some, 16, unpacked);
            receiver->push(unpacked, count);
        }
        return static_cast<double>(bits / dsp::bits_per_symbol(kind));
    });
}

measured bench_demodulator(double seconds, const std::string& stage, dsp::modulation kind) {
    const bool staggered = kind == dsp::modulation::oqpsk;
    const double value = demodulation_rate(seconds, kind, dsp::engine::block);
    const double reference =
        staggered ? demodulation_rate(seconds, dsp::modulation::qpsk, dsp::engine::block)
                  : demodulation_rate(seconds, kind, dsp::engine::liquid);
    return {stage, value, "symbol/s", staggered ? "demod-qpsk" : "liquid-dsp objects", reference};
}

/// Symbols of noise that are searched for a carrier, beside those of a signal that are received.
measured bench_search(double seconds, const std::string& stage, dsp::modulation kind) {
    dsp::receiver_config config;
    config.wave.kind = kind;
    config.sample_rate_hz = 2.5 * config.wave.symbol_rate_hz;
    base::random_source random(1);
    std::vector<base::cf32> noise(500'000);
    for (base::cf32& sample : noise) {
        sample = {static_cast<float>(random.gaussian()), static_cast<float>(random.gaussian())};
    }
    auto ignore = [](const dsp::soft_block&) {};
    const auto receiver = dsp::make_receiver(config, dsp::engine::block);
    receiver->push(noise, ignore);
    const double value = rate_of(seconds, [&] {
        receiver->push(noise, ignore);
        return static_cast<double>(noise.size()) * config.wave.symbol_rate_hz /
               config.sample_rate_hz;
    });
    return {stage, value, "symbol/s", "receiving",
            demodulation_rate(seconds, kind, dsp::engine::block)};
}

/// Depuncturing and decoding of one stretch, of which the ends are not decoded.
double bare_viterbi_rate(double seconds, const fec::coding& code,
                         std::span<const std::int8_t> soft) {
    constexpr std::size_t segment_bits = 1008;
    const fec::puncture_pattern pattern = fec::pattern_of(code.convolutional);
    const fec::depuncturer depuncturer(code);
    fec::viterbi viterbi(code.convolutional, segment_bits);
    const std::size_t periods = soft.size() / pattern.sent - fec::kernel_slack_octets;
    std::vector<std::int8_t> pairs(2 * pattern.bits * periods + fec::kernel_slack_octets);
    std::vector<std::uint8_t> bits(pattern.bits * periods);
    std::vector<fec::viterbi::segment> segments;
    for (std::size_t at = viterbi.before_bits();
         at + segment_bits + viterbi.after_bits() <= bits.size(); at += segment_bits) {
        segments.push_back({pairs.data() + 2 * at, bits.data() + at - viterbi.before_bits()});
    }
    return rate_of(seconds, [&] {
        depuncturer.run(soft.data(), periods, pairs.data());
        viterbi.decode(segments);
        return static_cast<double>(segments.size() * segment_bits);
    });
}

measured bench_viterbi(double seconds, const std::string& stage, fec::code_rate rate) {
    fec::coding code;
    code.convolutional = rate;
    fec::stream_encoder encoder(code, 1);
    std::vector<std::uint8_t> bits;
    encoder.idle(201'600, bits); // whole puncture periods, since they are pushed again and again
    std::vector<std::int8_t> soft(bits.size());
    base::random_source random(1);
    for (std::size_t i = 0; i < bits.size(); ++i) {
        const double value = (bits[i] == 0 ? 36.0 : -36.0) + 20.0 * random.gaussian();
        soft[i] = static_cast<std::int8_t>(std::clamp(value, -127.0, 127.0));
    }
    const std::array maps{fec::rail_map{}};
    constexpr std::size_t delay_bits = 50'000; // a fast carrier's
    fec::inner_decoder decoder(code, maps, delay_bits);
    double decoded = 0.0;
    auto sink = [&](std::span<const std::uint8_t> out, std::int64_t) {
        decoded += static_cast<double>(out.size());
    };
    const double whole = rate_of(seconds, [&] {
        decoded = 0.0;
        decoder.push(soft, sink);
        decoder.confirm();
        return decoded;
    });
    const double value = bare_viterbi_rate(seconds, code, soft);
    constexpr std::size_t reference_bits = 65'536;
    std::vector<std::uint8_t> symbols(2 * (reference_bits + 6));
    for (std::uint8_t& symbol : symbols) {
        symbol = static_cast<std::uint8_t>(random.bits() >> 56U);
    }
    fec::libfec_viterbi libfec(reference_bits);
    const double reference = rate_of(seconds, [&] {
        libfec.decode(symbols);
        return static_cast<double>(reference_bits);
    });
    return {stage, value, "bit/s", "libfec", reference, "with search and comparison", whole};
}

measured bench_reed_solomon(double seconds, const std::string& stage, unsigned errors) {
    constexpr std::size_t data_octets = 223;
    constexpr unsigned interleave = 4;
    constexpr unsigned blocks = 64;
    fec::coding code;
    fec::reed_solomon codec(code);
    base::random_source random(1);
    std::vector<std::uint8_t> received(blocks * codec.block_octets());
    std::vector<std::uint8_t> words(std::size_t{blocks} * interleave * 255);
    for (unsigned b = 0; b < blocks; ++b) {
        const auto block =
            std::span(received).subspan(b * codec.block_octets(), codec.block_octets());
        for (std::uint8_t& octet : block.first(codec.data_octets())) {
            octet = static_cast<std::uint8_t>(random.bits() >> 56U);
        }
        codec.encode(block);
        for (unsigned w = 0; w < interleave; ++w) {
            const auto word = std::span(words).subspan((b * interleave + w) * 255, 255);
            for (unsigned e = 0; e < errors; ++e) {
                block[(7 + 29 * e) * interleave + w] ^=
                    static_cast<std::uint8_t>(1 + random.below(255));
            }
            for (std::size_t i = 0; i < 255; ++i) {
                word[i] = block[i * interleave + w];
            }
        }
    }
    constexpr double bits = 8.0 * data_octets * interleave * blocks;
    std::vector<std::uint8_t> work;
    const double value = rate_of(seconds, [&] {
        work = received;
        for (unsigned b = 0; b < blocks; ++b) {
            codec.decode(std::span(work).subspan(b * codec.block_octets(), codec.block_octets()));
        }
        return bits;
    });
    const double reference = rate_of(seconds, [&] {
        work = words;
        for (unsigned w = 0; w < blocks * interleave; ++w) {
            fec::libfec_rs_decode(std::span(work).subspan(w * 255, 255));
        }
        return bits;
    });
    return {stage, value, "bit/s", "libfec", reference};
}

std::optional<measured> bench_chain(double seconds, const std::string& stage) {
    const auto mission = config::load_mission(stage.substr(std::string("chain-").size()));
    if (!mission) {
        fmt::print(stderr, "{}", mission.error().text());
        return std::nullopt;
    }
    const bool coded = mission->coding.convolutional != fec::code_rate::none;
    // Long enough that what is done once a pass, acquisition above all, does not count for much.
    const recorded signal = record(*mission, 6'000'000, coded ? 8.0 : 12.0, 2.5, false);
    std::uint64_t frames = 0;
    auto on_frame = [&](const framing::delivered_frame&) { ++frames; };
    auto on_packet = [](const framing::delivered_packet&) {};
    const framing::deframer_sinks sinks{.frame = on_frame, .packet = on_packet};
    receive_chain chain({.mission = *mission});
    wire::iq_block block;
    const double value = rate_of(seconds, [&] { // each time another pass
        wire::iq_demux demux(wire::iq_demux_config{});
        for (std::size_t at = 0; at < signal.packets.size(); ++at) {
            if (at + 1 < signal.packets.size()) { // as a modem lcore does
                base::prefetch(signal.packets[at + 1]);
            }
            static_cast<void>(demux.push(signal.packets[at]));
            while (demux.next(block)) {
                chain.push(block, sinks);
            }
        }
        chain.finish(sinks);
        return static_cast<double>(signal.count);
    });
    if (frames == 0) {
        fmt::print(stderr, "{}: no frame was decoded\n", stage);
        return std::nullopt;
    }
    return measured{stage, value, "sample/s", "real time", signal.sample_rate_hz};
}

std::optional<measured> bench_cores(double seconds, const std::string& stage) {
    const auto mission = config::load_mission(stage.substr(std::string_view("cores-").size()));
    if (!mission) {
        fmt::print(stderr, "{}", mission.error().text());
        return std::nullopt;
    }
    const bool coded = mission->coding.convolutional != fec::code_rate::none;
    // Long enough, as for a chain.
    const recorded signal = record(*mission, 6'000'000, coded ? 8.0 : 12.0, 2.5, false);
    const cores_rates rates = measure_cores(*mission, signal.packets, signal.count, seconds);
    if (rates.one == 0.0) {
        fmt::print(stderr, "{}: no frame was decoded\n", stage);
        return std::nullopt;
    }
    return measured{stage, rates.two, "sample/s", "on one lcore", rates.one};
}

std::optional<measured> bench_tunnel(double seconds, const std::string& stage) {
    const tunnel_rates rates = measure_tunnel(seconds);
    if (rates.transmit == 0.0) {
        fmt::print(stderr, "{}: the tunnel has no session\n", stage);
        return std::nullopt;
    }
    if (stage == "tunnel-encrypt") {
        return measured{stage, rates.one_call, "bit/s", "plain AEAD", rates.plain};
    }
    return measured{stage,          rates.transmit, "bit/s",    "bare one-call cipher",
                    rates.one_call, "plain AEAD",   rates.plain};
}

std::optional<measured> bench_spool(double seconds, const std::string& stage) {
    const auto rates = measure_spool(seconds);
    if (!rates) {
        fmt::print(stderr, "landfall bench: {}: {}\n", stage, rates.error().message);
        return std::nullopt;
    }
    return measured{stage, rates->sealed, "octets/s", "fdatasync alone", rates->plain};
}

std::string cpu_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.starts_with("model name")) {
            return line.substr(line.find(':') + 2);
        }
    }
    return "unknown";
}

const std::array<const char*, 22> all_stages{
    "difi-ingest",       "difi-unpack",      "demod-bpsk",          "demod-qpsk",
    "demod-oqpsk",       "search-qpsk",      "search-oqpsk",        "viterbi-1/2",
    "viterbi-3/4",       "rs-255-223-clean", "rs-255-223-8-errors", "chain-goes-hrit",
    "chain-metop-ahrpt", "chain-jpss-hrd",   "chain-noaa21-hrd",    "cores-jpss-hrd",
    "cores-noaa21-hrd",  "tunnel-encrypt",   "tunnel-transmit",     "spool-write",
    "publish",           "gateway-gk2a-hrit"};

std::optional<measured> bench_publish(double seconds, const std::string& stage) {
    const auto rates = measure_publisher(seconds);
    if (!rates) {
        fmt::print(stderr, "landfall bench: {}: {}\n", stage, rates.error().message);
        return std::nullopt;
    }
    return measured{stage, rates->publisher, "octets/s", "C client alone", rates->client_alone};
}

std::optional<measured> bench_gateway(double seconds, const std::string& stage) {
    const auto mission = config::load_mission(stage.substr(std::string_view("gateway-").size()));
    if (!mission) {
        fmt::print(stderr, "{}", mission.error().text());
        return std::nullopt;
    }
    const auto rates = measure_gateway(*mission, seconds);
    if (!rates) {
        fmt::print(stderr, "landfall bench: {}: {}\n", stage, rates.error().message);
        return std::nullopt;
    }
    return measured{stage, rates->samples_per_s, "samples/s", "real time", rates->real_time};
}

std::optional<measured> run_stage(const std::string& stage, double seconds) {
    if (stage == "difi-ingest") {
        return bench_ingest(seconds, stage);
    }
    if (stage == "difi-unpack") {
        return bench_unpack(seconds);
    }
    if (stage == "demod-bpsk") {
        return bench_demodulator(seconds, stage, dsp::modulation::bpsk);
    }
    if (stage == "demod-qpsk") {
        return bench_demodulator(seconds, stage, dsp::modulation::qpsk);
    }
    if (stage == "demod-oqpsk") {
        return bench_demodulator(seconds, stage, dsp::modulation::oqpsk);
    }
    if (stage == "search-qpsk") {
        return bench_search(seconds, stage, dsp::modulation::qpsk);
    }
    if (stage == "search-oqpsk") {
        return bench_search(seconds, stage, dsp::modulation::oqpsk);
    }
    if (stage == "viterbi-1/2") {
        return bench_viterbi(seconds, stage, fec::code_rate::r1_2);
    }
    if (stage == "viterbi-3/4") {
        return bench_viterbi(seconds, stage, fec::code_rate::r3_4);
    }
    if (stage == "rs-255-223-clean") {
        return bench_reed_solomon(seconds, stage, 0);
    }
    if (stage == "rs-255-223-8-errors") {
        return bench_reed_solomon(seconds, stage, 8);
    }
    if (stage.starts_with("chain-")) {
        return bench_chain(seconds, stage);
    }
    if (stage.starts_with("cores-")) {
        return bench_cores(seconds, stage);
    }
    if (stage == "publish") {
        return bench_publish(seconds, stage);
    }
    if (stage.starts_with("gateway-")) {
        return bench_gateway(seconds, stage);
    }
    if (stage == "spool-write") {
        return bench_spool(seconds, stage);
    }
    if (stage.starts_with("tunnel-")) {
        return bench_tunnel(seconds, stage);
    }
    return std::nullopt;
}

/// Tells what is wrong, before anything is measured.
bool is_stage(const std::string& stage) {
    const std::string chain = "chain-";
    if (stage.starts_with(chain)) {
        const auto mission = config::load_mission(stage.substr(chain.size()));
        if (!mission) {
            fmt::print(stderr, "{}", mission.error().text());
        }
        return mission.has_value();
    }
    if (std::find(all_stages.begin(), all_stages.end(), stage) != all_stages.end()) {
        return true;
    }
    std::string known;
    for (const std::string one : all_stages) {
        known += one.starts_with(chain) ? "" : one + ", ";
    }
    fmt::print(stderr, "landfall bench: '{}' is none of {}chain-MISSION\n", stage, known);
    return false;
}

} // namespace

int bench_command(const bench_options& options) {
    std::vector<std::string> stages = options.stages;
    if (stages.empty()) {
        stages.assign(all_stages.begin(), all_stages.end());
        if (!has_nats_server()) {
            fmt::print(stderr, "landfall bench: publish: left out, nats-server is not installed\n");
            std::erase(stages, "publish");
        }
    }
    if (std::count_if(stages.begin(), stages.end(), std::not_fn(is_stage)) > 0) {
        return base::exit_code::usage;
    }
    int code = base::exit_code::done;
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    if (!options.json) {
        fmt::print("{}\n{:<22} {:>12} {:>12} {:>8}  {}\n", cpu_name(), "stage", "value",
                   "reference", "ratio", "unit and reference");
    }
    for (const std::string& stage : stages) {
        const auto result = run_stage(stage, options.seconds);
        if (!result) {
            code = base::exit_code::failed;
            continue;
        }
        const double ratio = result->value / result->reference;
        list.push_back(
            {{"stage", result->stage},
             {"value", result->value},
             {"unit", result->unit},
             {"reference", {{"name", result->reference_name}, {"value", result->reference}}},
             {"ratio", ratio}});
        if (result->second > 0.0) {
            list.back()["second_reference"] = {{"name", result->second_name},
                                               {"value", result->second}};
            list.back()["second_ratio"] = result->value / result->second;
        }
        if (!options.json) {
            fmt::print("{:<22} {:>12.3e} {:>12.3e} {:>8.2f}  {}, {}\n", result->stage,
                       result->value, result->reference, ratio, result->unit,
                       result->reference_name);
            if (result->second > 0.0) {
                fmt::print("{:<22} {:>12} {:>12.3e} {:>8.2f}  {}, {}\n", "", "", result->second,
                           result->value / result->second, result->unit, result->second_name);
            }
            static_cast<void>(std::fflush(stdout));
        }
    }
    if (options.json) {
        const nlohmann::ordered_json whole = {
            {"schema", 1}, {"cpu", cpu_name()}, {"simd", dsp::instruction_set()}, {"stages", list}};
        fmt::print("{}\n", whole.dump(2));
    }
    return code;
}

} // namespace landfall::app
