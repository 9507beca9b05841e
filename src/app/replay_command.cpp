// SPDX-License-Identifier: MIT
#include "app/replay_command.h"

#include "app/carrier_run.h"
#include "app/interrupt.h"
#include "app/style.h"
#include "config/gateway.h"
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
#include <cstring>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <set>
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

/// What a run reads: the files, and what belongs to them if they are SigMF recordings.
input_paths inputs_of(const std::vector<std::string>& files) {
    input_paths paths;
    for (const std::filesystem::path path : files) {
        std::filesystem::path base = path;
        const auto ending = path.extension();
        if (ending == ".sigmf-meta" || ending == ".sigmf-data") {
            base.replace_extension();
        }
        paths.insert(paths.end(),
                     {path, base.string() + ".sigmf-data", base.string() + ".sigmf-meta"});
    }
    return paths;
}

class replay {
  public:
    explicit replay(const replay_options& options)
        : options_(options), inputs_(inputs_of(options.files)), started_seconds_(steady_seconds()) {
    }

    int run();

  private:
    base::result<std::vector<job>> jobs() const;
    /// The carrier's jobs: one for all captures, or one for each file.
    void add_jobs(const job& carrier, std::vector<job>& list) const;
    base::result<void> run_iq(const job& wanted);
    base::result<void> run_soft(const job& wanted);
    base::result<void> run_frames(const job& wanted);
    base::result<carrier_run*> add_carrier(const job& wanted, std::string name,
                                           bool fm_audio = false);
    base::result<std::unique_ptr<wire::iq_source>> open(const job& wanted) const;
    base::result<void> take(const job& wanted, const wire::iq_source& source,
                            const wire::iq_block& block);
    base::result<void> end_streams(const wire::iq_source& source);
    void tell_left_out(const job& wanted, const wire::iq_source& source);
    [[nodiscard]] std::size_t fitting_streams() const;
    base::result<carrier_run*> carrier_of(const job& wanted, std::uint32_t stream_id,
                                          bool fm_audio = false);
    void show(const carrier_run& carrier, double fraction);
    void warn(const std::string& message);
    void note(const base::failure& failure);
    void print() const;
    void print_iq_total() const;

    const replay_options& options_;
    input_paths inputs_;
    std::list<carrier_run> carriers_;
    std::map<std::uint32_t, carrier_run*> streams_; ///< of the running job
    std::set<std::uint32_t> left_out_;              ///< streams of it beyond `most_streams`
    std::size_t streams_left_out_ = 0;              ///< of all jobs
    wire::iq_counters total_;                       ///< of all jobs
    progress_bar bar_;
    double started_seconds_;
    int exit_ = base::exit_code::done;
};

/// Captures given together are parts of one recording; other files are carriers of their own.
bool is_capture(const std::string& file) {
    return file.ends_with(".pcap") || file.ends_with(".pcapng") || file.ends_with(".cap");
}

void replay::add_jobs(const job& carrier, std::vector<job>& list) const {
    const bool together = options_.input == replay_input::iq &&
                          std::all_of(options_.files.begin(), options_.files.end(), is_capture);
    if (together) {
        list.push_back(carrier);
        list.back().files = options_.files;
        return;
    }
    for (std::size_t i = 0; i < options_.files.size(); ++i) {
        list.push_back(carrier);
        list.back().files = {options_.files[i]};
        if (i > 0) {
            list.back().name = fmt::format("{}.{}", carrier.name, i + 1);
        }
    }
}

base::result<std::vector<job>> replay::jobs() const {
    std::vector<job> list;
    if (!options_.config_file.empty()) {
        const auto gateway = config::load_gateway(options_.config_file, config::mission_folders(),
                                                  config::use::replay);
        if (!gateway) {
            return std::unexpected(gateway.error().failure());
        }
        for (const config::carrier_settings& one : gateway->carriers) {
            // A default is for the live gateway: a recording may have come in by any port.
            const bool has_port = config::find_origin(one.given, "udp_port") != nullptr;
            add_jobs({one.name,
                      one.mission,
                      {},
                      one.stream_id ? one.stream_id : options_.stream_id,
                      has_port ? std::optional(one.udp_port) : options_.udp_port},
                     list);
        }
        return list;
    }
    const auto mission = config::load_mission(options_.mission, options_.sets);
    if (!mission) {
        return std::unexpected(mission.error().failure());
    }
    add_jobs({mission->name, *mission, {}, options_.stream_id, options_.udp_port}, list);
    return list;
}

base::result<carrier_run*> replay::add_carrier(const job& wanted, std::string name, bool fm_audio) {
    chain_config config{.mission = wanted.mission, .fm_audio = fm_audio};
    config::reception& receiving = config.mission.receiving;
    receiving.engine = options_.engine.value_or(receiving.engine);
    if (options_.frequency_offset_hz != 0.0) {
        receiving.expected_offset_hz = options_.frequency_offset_hz;
        receiving.has_expected_offset = true;
    }
    carriers_.emplace_back(std::move(name), config);
    carrier_run& made = carriers_.back();
    if (const auto opened =
            made.open_files(options_.frames_directory, options_.packets_directory, inputs_);
        !opened) {
        return std::unexpected(opened.error());
    }
    for (const std::string& path : made.removed()) {
        warn(fmt::format("{}: removed, as it was of an earlier run", path));
    }
    return &made;
}

base::result<carrier_run*> replay::carrier_of(const job& wanted, std::uint32_t stream_id,
                                              bool fm_audio) {
    const auto known = streams_.find(stream_id);
    if (known != streams_.end()) {
        return known->second;
    }
    if (fitting_streams() == most_streams) {
        left_out_.insert(stream_id);
        return nullptr; // told at the end
    }
    auto made = add_carrier(
        wanted, streams_.empty() ? wanted.name : fmt::format("{}.{:#06x}", wanted.name, stream_id),
        fm_audio);
    if (made) {
        streams_.emplace(stream_id, *made);
    }
    return made;
}

base::result<std::unique_ptr<wire::iq_source>> replay::open(const job& wanted) const {
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
    source_options.fm_audio = dsp::is_frequency_modulated(wanted.mission.wave.kind);
    source_options.stream_id = wanted.stream_id;
    source_options.udp_port = wanted.udp_port;
    return wire::open_source(wanted.files, source_options);
}

std::size_t replay::fitting_streams() const {
    return static_cast<std::size_t>(std::count_if(
        streams_.begin(), streams_.end(), [](const auto& one) { return one.second->fits(); }));
}

base::result<void> replay::take(const job& wanted, const wire::iq_source& source,
                                const wire::iq_block& block) {
    const auto carrier = carrier_of(wanted, block.stream_id, block.fm_audio);
    if (!carrier) {
        return std::unexpected(carrier.error());
    }
    if (*carrier == nullptr) {
        return {};
    }
    auto outcome = (*carrier)->push(block);
    show(**carrier, source.progress());
    return outcome;
}

base::result<void> replay::run_iq(const job& wanted) {
    auto source = open(wanted);
    if (!source) {
        return std::unexpected(source.error());
    }
    streams_.clear();
    left_out_.clear();
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
        outcome = take(wanted, **source, block);
        const bool one_rate = (*source)->seconds_total() > 0.0; // a recording, not a capture
        if (one_rate && outcome && fitting_streams() == 0) {
            break;
        }
    }
    if (streams_.empty()) {
        if (const auto none = carrier_of(wanted, 0); !none) {
            return std::unexpected(none.error());
        }
    }
    const auto ended = end_streams(**source);
    tell_left_out(wanted, **source);
    return outcome ? ended : outcome;
}

/// A failure too where no stream was of a rate that fits.
base::result<void> replay::end_streams(const wire::iq_source& source) {
    const bool single = streams_.size() == 1 && left_out_.empty();
    const bool none_fits = fitting_streams() == 0;
    base::result<void> outcome;
    for (auto& [stream_id, carrier] : streams_) {
        const auto finished = carrier->finish();
        outcome = outcome ? finished : outcome;
        carrier->set_counters(single ? source.counters() : source.counters(stream_id));
        if (!carrier->unfit()) {
            continue;
        }
        const base::failure told{
            fmt::format("{}: {}", source.info().name, carrier->unfit()->message),
            carrier->unfit()->code};
        if (none_fits && outcome) {
            outcome = std::unexpected(told);
        } else {
            warn(fmt::format("{}; {} samples passed over", told.message, carrier->unfit_samples()));
        }
    }
    total_.add(source.counters());
    return outcome;
}

void replay::tell_left_out(const job& wanted, const wire::iq_source& source) {
    if (left_out_.empty()) {
        return;
    }
    streams_left_out_ += left_out_.size();
    // The source has a limit too: what is beyond it is not selected.
    const bool more = !wanted.stream_id && !wanted.udp_port && source.counters().not_selected > 0;
    warn(fmt::format("{}: {}{} more streams were not received ({} at most; --stream-id picks one)",
                     source.info().name, more ? "at least " : "", left_out_.size(), most_streams));
}

/// Soft bits of a file as the decoder takes them. Floats are scaled by the mean size of each block,
/// so that they may have any unit and may change it.
class soft_reader {
  public:
    static constexpr std::size_t block_values = 65536;

    soft_reader(wire::input_file file, bool is_float)
        : file_(std::move(file)), width_(is_float ? sizeof(float) : 1) {}

    /// Empty: the end, or `cut()`.
    std::span<const std::int8_t> next() {
        const std::size_t got =
            std::fread(raw_.data(), 1, block_values * width_, file_.handle.get());
        octets_ += got;
        soft_.resize(got / width_);
        if (width_ == 1) {
            std::transform(
                raw_.begin(), raw_.begin() + static_cast<std::ptrdiff_t>(got), soft_.begin(),
                [](char value) { return static_cast<std::int8_t>(std::max<int>(value, -127)); });
        } else {
            scale();
        }
        return soft_;
    }

    [[nodiscard]] bool cut() const { return octets_ % width_ != 0; }
    [[nodiscard]] double progress() const {
        return file_.octets == 0 ? 0.0
                                 : static_cast<double>(octets_) / static_cast<double>(file_.octets);
    }

  private:
    static constexpr std::size_t least_measured = 4096; // fewer take the scale before

    void scale() {
        values_.resize(soft_.size());
        std::memcpy(values_.data(), raw_.data(), values_.size() * sizeof(float));
        double sum = 0.0;
        for (float& value : values_) {
            value = std::isfinite(value) ? value : 0.0F;
            sum += std::abs(static_cast<double>(value));
        }
        if (sum > 0.0 && (scale_ == 0.0 || values_.size() >= least_measured)) {
            scale_ = static_cast<double>(dsp::soft_amplitude) *
                     static_cast<double>(values_.size()) / sum;
        }
        std::transform(values_.begin(), values_.end(), soft_.begin(), [this](float value) {
            return static_cast<std::int8_t>(
                std::lrint(std::clamp(scale_ * static_cast<double>(value), -127.0, 127.0)));
        });
    }

    wire::input_file file_;
    std::size_t width_;
    std::vector<char> raw_ = std::vector<char>(block_values * sizeof(float));
    std::vector<float> values_;
    std::vector<std::int8_t> soft_;
    std::uint64_t octets_ = 0;
    double scale_ = 0.0;
};

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
    soft_reader reader(std::move(*file), format == "f32");
    base::result<void> outcome;
    while (outcome && !interrupted()) {
        const auto soft = reader.next();
        if (soft.empty()) {
            break;
        }
        outcome = (*carrier)->push_soft(soft);
        show(**carrier, reader.progress());
    }
    const auto finished = (*carrier)->finish();
    outcome = outcome ? finished : outcome;
    if (outcome && reader.cut()) {
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
    std::uint64_t octets = 0;
    const double all = static_cast<double>(std::max<std::uint64_t>(file->octets, 1));
    base::result<void> outcome;
    while (outcome && !interrupted() &&
           (got = std::fread(frame.data(), 1, frame.size(), file->handle.get())) == frame.size()) {
        outcome = (*carrier)->push_frame(frame);
        octets += got;
        show(**carrier, static_cast<double>(octets) / all);
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

void replay::warn(const std::string& message) {
    bar_.clear();
    fmt::print(stderr, "{}{}\n", style(stderr).paint(colour::yellow, "landfall: "), message);
}

void replay::note(const base::failure& failure) {
    bar_.clear();
    const style tint(stderr);
    const bool located = failure.message.find(": error: ") != std::string::npos;
    fmt::print(stderr, "{}{}{}", located ? "" : tint.paint(colour::red, "landfall: "),
               failure.message, failure.message.ends_with('\n') ? "" : "\n");
    exit_ = exit_ == base::exit_code::done ? failure.code : exit_;
}

/// What no carrier's own line tells.
void replay::print_iq_total() const {
    if (carriers_.size() > 1 && total_.invalid_total() > 0) {
        fmt::print("IQ of all streams: {} packets, {} lost ({} samples), {} invalid\n",
                   total_.packets, total_.lost_packets, total_.lost_samples,
                   total_.invalid_total());
    }
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
        print_iq_total();
        fmt::print("{:.1f} s, {:.2f} Msamples/s\n", elapsed, samples / elapsed / 1e6);
        return;
    }
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const carrier_run& one : carriers_) {
        list.push_back(one.report());
    }
    const nlohmann::ordered_json whole = {{"schema", 1},
                                          {"carriers", list},
                                          {"iq",
                                           {{"packets", total_.packets},
                                            {"lost_packets", total_.lost_packets},
                                            {"invalid_packets", total_.invalid_total()},
                                            {"lost_samples", total_.lost_samples},
                                            {"not_difi", total_.not_difi},
                                            {"not_selected", total_.not_selected},
                                            {"streams_left_out", streams_left_out_}}},
                                          {"elapsed_seconds", elapsed},
                                          {"samples_per_second", samples / elapsed}};
    fmt::print("{}\n", whole.dump(2));
}

int replay::run() {
    if (!std::isfinite(options_.frequency_offset_hz)) {
        note({"--frequency-offset: is not a finite number", base::exit_code::usage});
        return exit_;
    }
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
        note({"interrupted: what follows is of the part that was read",
              base::exit_code::interrupted});
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
