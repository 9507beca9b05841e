// SPDX-License-Identifier: MIT
#include "app/demo_command.h"

#include "app/difi_packetiser.h"
#include "app/downlink.h"
#include "app/interrupt.h"
#include "app/live_page.h"
#include "app/receive_chain.h"
#include "config/mission_loader.h"
#include "wire/iq_demux.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <thread>

namespace landfall::app {
namespace {

constexpr unsigned digitiser_bits = 8;
constexpr double redraw_s = 0.25;
constexpr double patience_s = 5.0; // behind real time, before the pass is cut short
constexpr double light_speed_m_s = 299'792'458.0;
constexpr double pass_speed_m_s = 6500.0; // along the line of sight of a low orbit

/// Compares what arrives with what was sent, in order.
class frame_check {
  public:
    void sent(base::octets frame) {
        expected_.emplace_back(frame.begin(), frame.end());
        ++sent_;
    }
    void arrived(base::octets frame) {
        const auto match = std::find_if(expected_.begin(), expected_.end(), [&](const auto& one) {
            return std::equal(one.begin(), one.end(), frame.begin(), frame.end());
        });
        if (match == expected_.end()) {
            ++false_;
            return;
        }
        missing_ += static_cast<std::uint64_t>(match - expected_.begin());
        expected_.erase(expected_.begin(), match + 1);
        ++right_;
    }
    void end() {
        missing_ += expected_.size();
        expected_.clear();
    }

    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t right() const { return right_; }
    [[nodiscard]] std::uint64_t missing() const { return missing_; }
    [[nodiscard]] std::uint64_t wrong() const { return false_; }

  private:
    std::deque<std::vector<std::uint8_t>> expected_;
    std::uint64_t sent_ = 0;
    std::uint64_t right_ = 0;
    std::uint64_t missing_ = 0;
    std::uint64_t false_ = 0;
};

downlink_config pass_of(const config::mission& mission, double seconds) {
    downlink_config config;
    config.mission = mission;
    config.seconds = seconds;
    config.bits = digitiser_bits;
    config.clock_offset_ppm = 20.0;
    config.channel.es_n0_db = mission.coding.convolutional == fec::code_rate::none ? 12.0 : 8.0;
    // Doppler from rise to set, as far as the recording's band carries it.
    const double frequency_hz = mission.has_frequency ? mission.frequency_hz : 1.7e9;
    const double most = 0.2 * mission.wave.symbol_rate_hz;
    const double offset = std::min(frequency_hz * pass_speed_m_s / light_speed_m_s, most);
    config.channel.frequency_offset_hz = offset;
    config.channel.doppler_rate_hz_s = -std::min(2.0 * offset / seconds, 4000.0);
    return config;
}

class demo {
  public:
    demo(const demo_options& options, const config::mission& mission,
         std::unique_ptr<downlink> signal)
        : options_(options), signal_(std::move(signal)), chain_({.mission = mission}),
          packets_({.stream_id = 1,
                    .bits = digitiser_bits,
                    .sample_rate_hz = signal_->sample_rate_hz(),
                    .frequency_hz = mission.frequency_hz,
                    .start = downlink_config{}.start}),
          demux_(wire::iq_demux_config{}) {}

    int run();

  private:
    void step(bool& more);
    void receive(base::octets packet);
    void take_blocks();
    void show(double elapsed_s);
    int report(double elapsed_s);

    const demo_options& options_;
    std::unique_ptr<downlink> signal_;
    receive_chain chain_;
    difi_packetiser packets_;
    wire::iq_demux demux_;
    frame_check check_;
    live_page page_;
    bool cut_short_ = false;
    double progress_ = 0.0; ///< of the pass, where it was cut short
};

void demo::receive(base::octets packet) {
    static_cast<void>(demux_.push(packet)); // refused ones are counted
    take_blocks();
}

void demo::take_blocks() {
    auto on_frame = [&](const framing::delivered_frame& frame) { check_.arrived(frame.octets); };
    auto on_packet = [](const framing::delivered_packet&) {};
    wire::iq_block block;
    while (demux_.next(block)) {
        chain_.push(block, {.frame = on_frame, .packet = on_packet});
    }
}

void demo::step(bool& more) {
    auto on_sent = [&](const framing::delivered_frame& frame) { check_.sent(frame.octets); };
    const auto samples = signal_->next(on_sent);
    more = !samples.empty();
    auto on_packet = [&](const base::timestamp&, base::octets packet) -> base::result<void> {
        receive(packet);
        return {};
    };
    static_cast<void>(packets_.push(samples, !more, on_packet));
}

void demo::show(double elapsed_s) {
    const double signal_s = static_cast<double>(signal_->samples()) / signal_->sample_rate_hz();
    page_.draw({.title = fmt::format("{}: {}", chain_.mission().name, chain_.mission().title),
                .progress = signal_->progress(),
                .elapsed_s = elapsed_s,
                .signal_s = signal_s,
                .sent_frames = check_.sent(),
                .status = chain_.status(),
                .channels = chain_.channels(),
                .points = chain_.constellation()});
}

int demo::report(double elapsed_s) {
    const chain_status now = chain_.status();
    const bool right = check_.missing() == 0 && check_.wrong() == 0 && check_.right() > 0;
    if (options_.json) {
        const nlohmann::ordered_json text = {{"schema", 1},
                                             {"mission", chain_.mission().name},
                                             {"sent", check_.sent()},
                                             {"received", check_.right()},
                                             {"missing", check_.missing()},
                                             {"false", check_.wrong()},
                                             {"es_n0_db", now.receiver.mean_es_n0_db},
                                             {"elapsed_seconds", elapsed_s},
                                             {"passed", right}};
        fmt::print("{}\n", text.dump(2));
    } else {
        fmt::print("{} frames sent, {} received byte for byte, {} missing, {} false; "
                   "Es/N0 {:.1f} dB, {:.1f} s of signal in {:.1f} s: {}\n",
                   check_.sent(), check_.right(), check_.missing(), check_.wrong(),
                   now.receiver.mean_es_n0_db, now.signal_seconds, elapsed_s,
                   right ? "all arrived" : "NOT all arrived");
    }
    if (cut_short_) {
        fmt::print(stderr,
                   "The pass was cut short at {:.0f} %: this machine receives {} at {:.2g} times "
                   "real time.\n",
                   100.0 * progress_, chain_.mission().name, now.signal_seconds / elapsed_s);
    }
    return right ? base::exit_code::done : base::exit_code::failed;
}

int demo::run() {
    const auto begun = std::chrono::steady_clock::now();
    const auto elapsed = [&] {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    };
    double next_draw = 0.0;
    bool more = true;
    while (more) {
        if (!cut_short_ && (interrupted() || elapsed() > options_.seconds + patience_s)) {
            progress_ = signal_->progress();
            cut_short_ = progress_ < 1.0; // what was sent so far still has to arrive
            signal_->end();
        }
        step(more);
        const double ahead =
            static_cast<double>(signal_->samples()) / signal_->sample_rate_hz() - elapsed();
        if (ahead > 0.0) { // live: as fast as the satellite sends
            std::this_thread::sleep_for(std::chrono::duration<double>(ahead));
        }
        if (elapsed() >= next_draw) {
            show(elapsed());
            next_draw = elapsed() + redraw_s;
        }
    }
    demux_.flush();
    take_blocks();
    auto on_frame = [&](const framing::delivered_frame& frame) { check_.arrived(frame.octets); };
    auto on_packet = [](const framing::delivered_packet&) {};
    show(elapsed());
    chain_.finish({.frame = on_frame, .packet = on_packet});
    check_.end();
    return report(elapsed());
}

} // namespace

int demo_command(const demo_options& options) {
    const auto mission = config::load_mission(options.mission);
    if (!mission) {
        const base::failure failure = mission.error().failure();
        fmt::print(stderr, "{}", failure.message);
        return failure.code;
    }
    auto signal = downlink::create(pass_of(*mission, options.seconds));
    if (!signal) {
        fmt::print(stderr, "landfall demo: {}\n", signal.error().message);
        return signal.error().code;
    }
    return demo(options, *mission, std::move(*signal)).run();
}

} // namespace landfall::app
