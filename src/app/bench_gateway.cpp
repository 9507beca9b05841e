// SPDX-License-Identifier: MIT
#include "app/bench_gateway.h"

#include "app/bench_environment.h"
#include "app/cabled_gateway.h"
#include "app/satellite.h"
#include "crypto/start.h"
#include "wire/ethernet.h"
#include "wire/pcap_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace landfall::app {
namespace {

using std::chrono::steady_clock;

constexpr double full_ring = 0.5; // the sender waits, as a digitiser would not
constexpr double patience_s = 10.0;
constexpr auto a_moment = std::chrono::microseconds(200);
constexpr auto turn_interval = std::chrono::milliseconds(2);

/// Writes the pass as a capture; returns its seconds of signal.
base::result<double> write_capture(satellite& sender, const std::string& path) {
    auto writer = wire::pcap_writer::create(path);
    if (!writer) {
        return std::unexpected(writer.error());
    }
    wire::udp_flow flow;
    const auto to = cabled_gateway::gateway_address();
    std::copy_n(to.address.octet.begin(), flow.destination_address.size(),
                flow.destination_address.begin());
    flow.destination_port = to.port;
    base::result<void> written;
    std::vector<std::uint8_t> frame;
    auto out = [&](double, base::octets packet) {
        frame.clear();
        wire::write_udp_frame(frame, flow, packet);
        if (written) {
            written = writer->write({}, frame);
        }
    };
    while (sender.step(out)) {
    }
    if (written) {
        written = writer->close();
    }
    if (!written) {
        return std::unexpected(written.error());
    }
    return sender.seconds();
}

/// Plays a capture into the gateway as fast as it takes it; seconds until the last frame arrived.
class player {
  public:
    player(cabled_gateway& cabled, const frame_check& check) : cabled_(cabled), check_(check) {}

    base::result<double> play(const std::string& path);

  private:
    base::result<void> open(const std::string& path);
    void turn();
    void send();

    cabled_gateway& cabled_;
    const frame_check& check_;
    std::unique_ptr<dataplane::port> capture_;
    std::unique_ptr<dataplane::port> cable_;
    steady_clock::time_point next_turn_;
};

base::result<void> player::open(const std::string& path) {
    auto capture = dataplane::port::open(
        {.name = "capture", .device = "net_pcap,rx_pcap=" + path, .mtu = cabled_gateway::mtu},
        cabled_.digitiser_pool());
    auto cable = dataplane::port::open(
        {.name = "digitiser", .device = cabled_.device(), .mtu = cabled_gateway::mtu},
        cabled_.digitiser_pool());
    if (!capture || !cable) {
        return std::unexpected(capture ? cable.error() : capture.error());
    }
    capture_ = std::move(*capture);
    cable_ = std::move(*cable);
    return {};
}

void player::turn() {
    if (const auto now = steady_clock::now(); now >= next_turn_) {
        cabled_.of().turn();
        next_turn_ = now + turn_interval;
    }
}

void player::send() {
    dataplane::packet_burst burst;
    for (int empty = 0; empty < 100;) {
        turn();
        if (cabled_.backlog() > full_ring) {
            std::this_thread::sleep_for(a_moment);
        } else if (capture_->receive(burst) == 0) {
            ++empty;
        } else {
            empty = 0;
            cable_->transmit(burst);
        }
    }
}

base::result<double> player::play(const std::string& path) {
    if (const auto opened = open(path); !opened) {
        return std::unexpected(opened.error());
    }
    const auto begun = steady_clock::now();
    const auto elapsed_s = [&] {
        return std::chrono::duration<double>(steady_clock::now() - begun).count();
    };
    send();
    for (const double sent_s = elapsed_s();
         !check_.complete() && elapsed_s() < sent_s + patience_s;) {
        turn();
        std::this_thread::sleep_for(a_moment);
    }
    const double arrived_s = elapsed_s();
    cabled_.stop();
    const frame_check::counts frames = check_.now();
    if (!check_.complete()) {
        return std::unexpected(base::failure{fmt::format("{} of {} frames arrived, {} false",
                                                         frames.right, frames.sent, frames.wrong)});
    }
    return arrived_s;
}

} // namespace

base::result<gateway_rates> measure_gateway(const config::mission& mission, double seconds) {
    frame_check check;
    auto sender = satellite::create(mission, seconds, cabled_gateway::stream_id, check);
    if (!sender) {
        return std::unexpected(sender.error());
    }
    const temporary_file capture;
    const auto signal_s = write_capture(*sender, capture.path());
    if (!signal_s) {
        return std::unexpected(signal_s.error());
    }
    const auto eal = bench_environment();
    if (!eal || !crypto::start()) {
        return std::unexpected(eal ? base::failure{"libsodium cannot be used"} : eal.error());
    }
    control::logger log(stderr, control::log_form_of(stderr), control::log_level::warning);
    auto cabled = cabled_gateway::start(mission.name, check, **eal, log);
    if (!cabled) {
        return std::unexpected(cabled.error());
    }
    const auto taken_s = player(**cabled, check).play(capture.path());
    if (!taken_s) {
        return std::unexpected(taken_s.error());
    }
    return gateway_rates{.samples_per_s = sender->sample_rate_hz() * *signal_s / *taken_s,
                         .real_time = sender->sample_rate_hz()};
}

} // namespace landfall::app
