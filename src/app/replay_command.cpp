// SPDX-License-Identifier: MIT
#include "app/replay_command.h"

#include "app/carrier_run.h"
#include "app/interrupt.h"
#include "app/style.h"
#include "config/carriers.h"
#include "config/mission_loader.h"
#include "wire/input_file.h"
#include "wire/iq_source.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <list>
#include <map>
#include <memory>
#include <span>

namespace landfall::app {
namespace {

constexpr std::size_t most_streams = 16; // of one capture, with --mission

double steady_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// What is to be run: a carrier, the files, and which of their packets.
struct job {
    std::string name;
    config::mission mission;
    std::vector<std::string> files;
    std::optional<std::uint32_t> stream_id;
    std::optional<std::uint16_t> udp_port;
};

class replay {
  public:
    explicit replay(const replay_options& options)
        : options_(options), started_seconds_(steady_seconds()) {}

    int run();

  private:
    base::result<std::vector<job>> jobs() const;
    base::result<void> run_iq(const job& wanted);
    base::result<void> run_soft(const job& wanted);
    base::result<void> run_frames(const job& wanted);
    base::result<carrier_run*> add_carrier(const job& wanted, std::string name);
    base::result<carrier_run*> carrier_of(const job& wanted, std::uint32_t stream_id);
    void show(const carrier_run& carrier, double fraction);
    void note(const base::failure& failure);
    void print() const;

    const replay_options& options_;
    std::list<carrier_run> carriers_;
    std::map<std::uint32_t, carrier_run*> streams_; ///< of the running job
    progress_bar bar_;
    double started_seconds_;
    int exit_ = base::exit_code::done;
};

/// Captures given together are parts of one recording; other files are carriers of their own.
bool is_capture(const std::string& file) {
    return file.ends_with(".pcap") || file.ends_with(".pcapng") || file.ends_with(".cap");
}

base::result<std::vector<job>> replay::jobs() const {
    std::vector<job> list;
    if (!options_.config_file.empty()) {
        const auto carriers = config::load_carriers(options_.config_file);
        if (!carriers) {
            return std::unexpected(carriers.error().failure());
        }
        for (const config::carrier& one : *carriers) {
            list.push_back({one.name, one.mission, options_.files, one.stream_id, one.udp_port});
        }
        return list;
    }
    const auto mission = config::load_mission(options_.mission, options_.sets);
    if (!mission) {
        return std::unexpected(mission.error().failure());
    }
    const bool together = options_.input == replay_input::iq &&
                          std::all_of(options_.files.begin(), options_.files.end(), is_capture);
    if (together) {
        list.push_back(
            {mission->name, *mission, options_.files, options_.stream_id, options_.udp_port});
        return list;
    }
    for (std::size_t i = 0; i < options_.files.size(); ++i) {
        const std::string name =
            i == 0 ? mission->name : fmt::format("{}.{}", mission->name, i + 1);
        list.push_back(
            {name, *mission, {options_.files[i]}, options_.stream_id, options_.udp_port});
    }
    return list;
}

base::result<carrier_run*> replay::add_carrier(const job& wanted, std::string name) {
    carriers_.emplace_back(std::move(name),
                           chain_config{.mission = wanted.mission,
                                        .engine = options_.engine,
                                        .frequency_hint_hz = options_.frequency_offset_hz});
    carrier_run& made = carriers_.back();
    if (const auto opened = made.open_files(options_.frames_directory, options_.packets_directory);
        !opened) {
        return std::unexpected(opened.error());
    }
    return &made;
}

base::result<carrier_run*> replay::carrier_of(const job& wanted, std::uint32_t stream_id) {
    const auto known = streams_.find(stream_id);
    if (known != streams_.end()) {
        return known->second;
    }
    if (streams_.size() == most_streams) {
        return nullptr; // told at the end by the source's counters
    }
    auto made = add_carrier(
        wanted, streams_.empty() ? wanted.name : fmt::format("{}.{:#06x}", wanted.name, stream_id));
    if (made) {
        streams_.emplace(stream_id, *made);
    }
    return made;
}

base::result<void> replay::run_iq(const job& wanted) {
    wire::source_options source_options;
    if (!options_.format.empty()) {
        source_options.format = wire::sample_format_of(options_.format);
        if (!source_options.format) {
            return std::unexpected(base::failure{
                fmt::format("--format: '{}' is none of cf32, ci16, ci8, cu8", options_.format),
                base::exit_code::usage});
        }
    }
    source_options.sample_rate_hz = options_.rate_hz;
    source_options.stream_id = wanted.stream_id;
    source_options.udp_port = wanted.udp_port;
    auto source = wire::open_source(wanted.files, source_options);
    if (!source) {
        return std::unexpected(source.error());
    }
    streams_.clear();
    base::result<void> outcome;
    wire::iq_block block;
    while (outcome && !interrupted()) {
        const auto more = (*source)->next(block);
        if (!more) {
            outcome = std::unexpected(more.error());
            break;
        }
        if (!*more) {
            break;
        }
        const auto carrier = carrier_of(wanted, block.stream_id);
        if (!carrier) {
            return std::unexpected(carrier.error());
        }
        if (*carrier != nullptr) {
            outcome = (*carrier)->push(block);
            if (!outcome && outcome.error().code == base::exit_code::bad_configuration) {
                outcome = std::unexpected(base::failure{
                    fmt::format("{}: {}", (*source)->info().name, outcome.error().message),
                    outcome.error().code});
            }
            show(**carrier, (*source)->progress());
        }
    }
    if (streams_.empty()) {
        if (const auto none = carrier_of(wanted, 0); !none) {
            return std::unexpected(none.error());
        }
    }
    const bool single = streams_.size() == 1;
    for (auto& [stream_id, carrier] : streams_) {
        const auto finished = carrier->finish();
        outcome = outcome ? finished : outcome;
        carrier->set_counters(single ? (*source)->counters() : (*source)->counters(stream_id));
    }
    return outcome;
}

base::result<void> replay::run_soft(const job& wanted) {
    const std::string& path = wanted.files.front();
    std::string format = options_.format;
    if (format.empty()) {
        format = path.ends_with(".f32") ? "f32" : path.ends_with(".i8") ? "i8" : "";
    }
    if (format != "f32" && format != "i8") {
        return std::unexpected(
            base::failure{fmt::format("{}: soft bits need --format f32 or --format i8", path),
                          base::exit_code::usage});
    }
    auto file = wire::open_input(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    const auto carrier = add_carrier(wanted, wanted.name);
    if (!carrier) {
        return std::unexpected(carrier.error());
    }
    const std::size_t width = format == "f32" ? sizeof(float) : 1;
    std::array<char, std::size_t{65536} * sizeof(float)> raw{};
    std::vector<std::int8_t> soft;
    double scale = 0.0;
    std::size_t got = 0;
    base::result<void> outcome;
    while (outcome && !interrupted() &&
           (got = std::fread(raw.data(), 1, 65536 * width, file->handle.get())) >= width) {
        soft.resize(got / width);
        if (width == 1) {
            std::transform(
                raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(got), soft.begin(),
                [](char value) { return static_cast<std::int8_t>(std::max<int>(value, -127)); });
        } else {
            std::vector<float> values(soft.size());
            std::memcpy(values.data(), raw.data(), values.size() * sizeof(float));
            double sum = 0.0;
            for (float& value : values) {
                value = std::isfinite(value) ? value : 0.0F;
                sum += std::abs(static_cast<double>(value));
            }
            const double mean = sum / static_cast<double>(values.size());
            if (scale == 0.0 && mean > 0.0) {
                scale = static_cast<double>(dsp::soft_amplitude) / mean;
            }
            for (std::size_t i = 0; i < soft.size(); ++i) {
                soft[i] = static_cast<std::int8_t>(
                    std::lrint(std::clamp(scale * static_cast<double>(values[i]), -127.0, 127.0)));
            }
        }
        outcome = (*carrier)->push_soft(soft);
        show(**carrier, 0.0);
        if (got % width != 0) {
            break;
        }
    }
    const auto finished = (*carrier)->finish();
    outcome = outcome ? finished : outcome;
    if (outcome && got % width != 0) {
        outcome = std::unexpected(base::failure{fmt::format("{}: ends within a value", path)});
    }
    return outcome;
}

base::result<void> replay::run_frames(const job& wanted) {
    const std::string& path = wanted.files.front();
    auto file = wire::open_input(path);
    if (!file) {
        return std::unexpected(file.error());
    }
    const auto carrier = add_carrier(wanted, wanted.name);
    if (!carrier) {
        return std::unexpected(carrier.error());
    }
    std::vector<std::uint8_t> frame(wanted.mission.coding.frame_octets);
    std::size_t got = 0;
    base::result<void> outcome;
    while (outcome && !interrupted() &&
           (got = std::fread(frame.data(), 1, frame.size(), file->handle.get())) == frame.size()) {
        outcome = (*carrier)->push_frame(frame);
    }
    const auto finished = (*carrier)->finish();
    outcome = outcome ? finished : outcome;
    if (outcome && got != 0 && got != frame.size()) {
        outcome = std::unexpected(base::failure{
            fmt::format("{}: ends {} octets into a frame of {}", path, got, frame.size())});
    }
    return outcome;
}

void replay::show(const carrier_run& carrier, double fraction) {
    const double now = steady_seconds();
    if (!bar_.due(now)) {
        return;
    }
    const chain_status status = carrier.chain().status();
    const double rate = static_cast<double>(status.samples) / (now - started_seconds_);
    bar_.show(now, fraction,
              fmt::format("{} Es/N0 {:.1f} dB {:.1f} Msamples/s {} frames {}",
                          status.receiver.locked ? status.frames_locked ? "locked" : "carrier"
                                                 : "searching",
                          status.receiver.es_n0_db, rate / 1e6, status.frames.good,
                          carrier.name()));
}

void replay::note(const base::failure& failure) {
    bar_.clear();
    const style tint(stderr);
    const bool located = failure.message.find(": error: ") != std::string::npos;
    fmt::print(stderr, "{}{}{}", located ? "" : tint.paint(colour::red, "landfall: "),
               failure.message, failure.message.ends_with('\n') ? "" : "\n");
    exit_ = exit_ == base::exit_code::done ? failure.code : exit_;
}

void replay::print() const {
    const double elapsed = steady_seconds() - started_seconds_;
    double samples = 0.0;
    for (const carrier_run& one : carriers_) {
        samples += static_cast<double>(one.chain().status().samples);
    }
    if (!options_.json) {
        for (const carrier_run& one : carriers_) {
            fmt::print("{}", one.summary());
        }
        fmt::print("{:.1f} s, {:.2f} Msamples/s\n", elapsed, samples / elapsed / 1e6);
        return;
    }
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const carrier_run& one : carriers_) {
        list.push_back(one.report());
    }
    const nlohmann::ordered_json whole = {{"schema", 1},
                                          {"carriers", list},
                                          {"elapsed_seconds", elapsed},
                                          {"samples_per_second", samples / elapsed}};
    fmt::print("{}\n", whole.dump(2));
}

int replay::run() {
    const auto list = jobs();
    if (!list) {
        note(list.error());
        return exit_;
    }
    for (const job& one : *list) {
        const auto outcome = options_.input == replay_input::iq     ? run_iq(one)
                             : options_.input == replay_input::soft ? run_soft(one)
                                                                    : run_frames(one);
        if (!outcome) {
            note(outcome.error());
        }
    }
    bar_.clear();
    if (interrupted()) {
        note({"interrupted: what follows is of the part that was read"});
    }
    if (!carriers_.empty()) {
        print();
    }
    return exit_;
}

} // namespace

int replay_command(const replay_options& options) {
    return replay(options).run();
}

} // namespace landfall::app
