// SPDX-License-Identifier: MIT
#include "app/simulate_command.h"

#include "app/delivery_files.h"
#include "app/difi_packetiser.h"
#include "app/downlink.h"
#include "app/interrupt.h"
#include "app/style.h"
#include "app/udp_sender.h"
#include "config/mission_loader.h"
#include "wire/difi.h"
#include "wire/ethernet.h"
#include "wire/pcap_writer.h"
#include "wire/sigmf_writer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>

namespace landfall::app {
namespace {

constexpr wire::udp_flow simulated_flow{};
constexpr double most_gain_db = 200.0;

/// `a:b:c`, two or three numbers.
std::optional<std::vector<double>> numbers(const std::string& text) {
    std::vector<double> values;
    const char* at = text.data();
    const char* end = text.data() + text.size();
    while (true) {
        double value = 0.0;
        const auto [next, error] = std::from_chars(at, end, value);
        if (error != std::errc{} || (next != end && *next != ':')) {
            return std::nullopt;
        }
        values.push_back(value);
        if (next == end) {
            return values;
        }
        at = next + 1;
    }
}

bool is_time(double seconds) {
    return seconds >= 0.0 && seconds <= most_downlink_seconds;
}

bool is_gain(double gain_db) {
    return std::abs(gain_db) <= most_gain_db;
}

base::failure usage(std::string message) {
    return {std::move(message), base::exit_code::usage};
}

base::result<downlink_config> config_of(const simulate_options& options) {
    const auto mission = config::load_mission(options.mission, options.sets);
    if (!mission) {
        return std::unexpected(mission.error().failure());
    }
    downlink_config config{.mission = *mission,
                           .seconds = options.seconds,
                           .sample_rate_hz = options.sample_rate_hz,
                           .clock_offset_ppm = options.clock_offset_ppm,
                           .bits = options.bits,
                           .payload = options.payload,
                           .channel = {}};
    config.channel.es_n0_db = options.es_n0_db;
    config.channel.frequency_offset_hz = options.frequency_offset_hz;
    config.channel.doppler_rate_hz_s = options.doppler_rate_hz_s;
    config.channel.seed = options.seed;
    if (!options.udp.empty()) {
        const auto now = std::chrono::system_clock::now().time_since_epoch();
        config.start = base::timestamp{}.plus_picoseconds(
            std::chrono::duration_cast<std::chrono::seconds>(now).count(), 0);
    }
    for (const std::string& text : options.fades) {
        const auto values = numbers(text);
        if (!values || values->size() < 2 || values->size() > 3 || !is_time((*values)[0]) ||
            !is_time((*values)[1]) || (*values)[1] == 0.0 ||
            !(values->size() == 2 || is_gain((*values)[2]))) {
            return std::unexpected(usage(
                fmt::format("--fade: '{}' is not START:SECONDS[:DB], of up to {:g} s and ±{:g} dB",
                            text, most_downlink_seconds, most_gain_db)));
        }
        config.channel.fades.push_back({.start_s = (*values)[0],
                                        .end_s = (*values)[0] + (*values)[1],
                                        .gain_db = values->size() > 2 ? (*values)[2] : -100.0});
    }
    for (const std::string& text : options.gain_steps) {
        const auto values = numbers(text);
        if (!values || values->size() != 2 || !is_time((*values)[0]) || !is_gain((*values)[1])) {
            return std::unexpected(
                usage(fmt::format("--gain-step: '{}' is not SECONDS:DB, of up to {:g} s and ±{:g} "
                                  "dB",
                                  text, most_downlink_seconds, most_gain_db)));
        }
        config.channel.gain_steps.push_back({.time_s = (*values)[0], .gain_db = (*values)[1]});
    }
    return config;
}

/// Something is written, and it is not what is read.
base::result<void> check_outputs(const simulate_options& options) {
    if (options.sigmf.empty() && options.pcap.empty() && options.udp.empty()) {
        return std::unexpected(usage("one of --sigmf, --pcap and --udp is needed"));
    }
    const std::pair<const char*, std::string> outputs[] = {
        {"--sigmf", options.sigmf.empty() ? "" : options.sigmf + ".sigmf-data"},
        {"--sigmf", options.sigmf.empty() ? "" : options.sigmf + ".sigmf-meta"},
        {"--pcap", options.pcap}};
    for (const auto& [option, path] : outputs) {
        std::error_code error; // no such file: not the same
        if (!path.empty() && std::filesystem::equivalent(path, options.payload, error)) {
            return std::unexpected(
                usage(fmt::format("{}: '{}' is the file of --payload", option, path)));
        }
    }
    return {};
}

/// Where the samples go.
class destination {
  public:
    static base::result<std::unique_ptr<destination>>
    open(const simulate_options& options, const downlink_config& config, const downlink& signal);
    base::result<void> push(std::span<const base::cf32> samples, bool last);
    base::result<void> close();
    /// Packets that the network did not take.
    [[nodiscard]] std::uint64_t unsent() const { return network_ ? network_->unsent() : 0; }
    void warn(const std::string& target) const;

  private:
    destination(const simulate_options& options, const downlink_config& config,
                const downlink& signal)
        : pace_(options.pace), packets_({.stream_id = options.stream_id,
                                         .bits = options.bits,
                                         .sample_rate_hz = signal.sample_rate_hz(),
                                         .frequency_hz = config.mission.frequency_hz,
                                         .start = config.start}) {}

    base::result<void> send(const base::timestamp& time, base::octets packet);

    bool pace_;
    difi_packetiser packets_;
    std::optional<wire::sigmf_writer> recording_;
    std::optional<wire::pcap_writer> capture_;
    std::optional<udp_sender> network_;
    std::vector<std::uint8_t> frame_;
    std::optional<std::pair<base::timestamp, std::chrono::steady_clock::time_point>> first_;
};

base::result<std::unique_ptr<destination>> destination::open(const simulate_options& options,
                                                             const downlink_config& config,
                                                             const downlink& signal) {
    std::unique_ptr<destination> made(new destination(options, config, signal));
    if (!options.sigmf.empty()) {
        wire::sigmf_metadata metadata;
        metadata.datatype =
            options.bits > 8 ? wire::sample_format::ci16_le : wire::sample_format::ci8;
        metadata.sample_rate_hz = signal.sample_rate_hz();
        metadata.description = config.mission.title;
        wire::sigmf_capture capture;
        capture.datetime = config.start;
        if (config.mission.has_frequency) {
            capture.frequency_hz = config.mission.frequency_hz;
        }
        metadata.captures.push_back(capture);
        auto writer = wire::sigmf_writer::create(options.sigmf, metadata);
        if (!writer) {
            return std::unexpected(writer.error());
        }
        made->recording_ = std::move(*writer);
    } else if (!options.pcap.empty()) {
        auto writer = wire::pcap_writer::create(options.pcap);
        if (!writer) {
            return std::unexpected(writer.error());
        }
        made->capture_ = std::move(*writer);
    } else {
        auto sender = udp_sender::open(options.udp);
        if (!sender) {
            return std::unexpected(sender.error());
        }
        made->network_ = std::move(*sender);
    }
    return made;
}

base::result<void> destination::send(const base::timestamp& time, base::octets packet) {
    if (capture_) {
        frame_.clear();
        wire::write_udp_frame(frame_, simulated_flow, packet);
        return capture_->write(time, frame_);
    }
    if (pace_) {
        const auto now = std::chrono::steady_clock::now();
        if (!first_) {
            first_ = {time, now};
        }
        const auto due =
            first_->second + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                 std::chrono::duration<double>(time.seconds_since(first_->first)));
        if (due > now + std::chrono::microseconds(500)) {
            std::this_thread::sleep_until(due);
        }
    }
    return network_->send(packet);
}

base::result<void> destination::push(std::span<const base::cf32> samples, bool last) {
    if (recording_) {
        return recording_->write(samples);
    }
    auto sink = [&](const base::timestamp& time, base::octets packet) {
        return send(time, packet);
    };
    return packets_.push(samples, last, sink);
}

base::result<void> destination::close() {
    return recording_ ? recording_->close() : capture_ ? capture_->close() : base::result<void>{};
}

void destination::warn(const std::string& target) const {
    fmt::print(stderr,
               "landfall simulate: warning: {} is not reached, {} packets were not sent: {}\n",
               target, unsent(), network_->why_unsent());
}

void print_report(const downlink& signal, const std::string& mission, bool json) {
    const double seconds = static_cast<double>(signal.samples()) / signal.sample_rate_hz();
    if (json) {
        const nlohmann::ordered_json report = {{"schema", 1},
                                               {"mission", mission},
                                               {"frames", signal.frames()},
                                               {"fill_frames", signal.fill_frames()},
                                               {"samples", signal.samples()},
                                               {"sample_rate_hz", signal.sample_rate_hz()},
                                               {"seconds", seconds}};
        fmt::print("{}\n", report.dump(2));
    } else {
        fmt::print("{}: {} frames ({} with data, {} fill) in {} samples, {:g} s at {:g} "
                   "samples/s\n",
                   mission, signal.frames(), signal.frames() - signal.fill_frames(),
                   signal.fill_frames(), signal.samples(), seconds, signal.sample_rate_hz());
    }
}

base::failure cut_short() {
    return {"interrupted: what was made ends before its time", base::exit_code::interrupted};
}

base::result<void> simulate(const simulate_options& options) {
    if (auto outcome = check_outputs(options); !outcome) {
        return outcome;
    }
    auto config = config_of(options);
    if (!config) {
        return std::unexpected(config.error());
    }
    auto signal = downlink::create(*config);
    if (!signal) {
        return std::unexpected(signal.error());
    }
    auto target = destination::open(options, *config, **signal);
    if (!target) {
        return std::unexpected(target.error());
    }
    std::optional<frame_files> files;
    if (!options.frames_directory.empty()) {
        auto made = frame_files::create(options.frames_directory, config->mission.name);
        if (!made) {
            return std::unexpected(made.error());
        }
        files = std::move(*made);
    }
    base::result<void> outcome;
    auto on_frame = [&](const framing::delivered_frame& frame) {
        if (files && outcome) {
            outcome = files->write(frame);
        }
    };
    progress_bar bar;
    bool warned = false;
    const auto begun = std::chrono::steady_clock::now();
    bool whole = false;
    while (outcome && !whole && !interrupted()) {
        const auto samples = (*signal)->next(on_frame);
        if (outcome) {
            outcome = (*target)->push(samples, samples.empty());
        }
        if (!warned && (*target)->unsent() > 0) {
            warned = true;
            bar.clear();
            (*target)->warn(options.udp);
        }
        whole = samples.empty();
        const double elapsed =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
        if (bar.due(elapsed)) {
            bar.show(elapsed, (*signal)->progress(), fmt::format("{} frames", (*signal)->frames()));
        }
    }
    bar.clear();
    const auto closed = (*target)->close();
    outcome = outcome ? closed : outcome;
    if (files) {
        const auto files_closed = files->close();
        outcome = outcome ? files_closed : outcome;
    }
    if (!outcome) {
        return outcome;
    }
    print_report(**signal, config->mission.name, options.json);
    if (warned) {
        (*target)->warn(options.udp);
    }
    return whole ? outcome : std::unexpected(cut_short());
}

} // namespace

int simulate_command(const simulate_options& options) {
    const auto outcome = simulate(options);
    if (!outcome) {
        const bool located = outcome.error().message.find(": error: ") != std::string::npos;
        fmt::print(stderr, "{}{}{}", located ? "" : "landfall simulate: ", outcome.error().message,
                   outcome.error().message.ends_with('\n') ? "" : "\n");
        return outcome.error().code;
    }
    return base::exit_code::done;
}

} // namespace landfall::app
