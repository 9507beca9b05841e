// SPDX-License-Identifier: MIT
#include "app/demo_command.h"

#include "app/cabled_gateway.h"
#include "app/demo_plan.h"
#include "app/ground_link.h"
#include "app/interrupt.h"
#include "app/live_page.h"
#include "config/mission_loader.h"
#include "control/metrics.h"
#include "crypto/start.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>

namespace landfall::app {
namespace {

using std::chrono::steady_clock;

constexpr double redraw_s = 0.25;
constexpr double patience_s = 5.0;          // behind the plan, before the pass is cut short
constexpr double backlog_patience_s = 20.0; // with the last samples, on a slow machine
constexpr double drain_patience_s = 10.0;
constexpr auto turn_interval = std::chrono::milliseconds(5);
constexpr auto last_packets_patience = std::chrono::seconds(5); // of a busy machine
constexpr std::uint16_t metrics_port = 9464;

/// The tunnel, what arrived behind it, and what was dropped on the way.
std::vector<std::string> delivery_notes(const control::snapshot& now,
                                        const frame_check::counts& checked) {
    const control::peer_state& peer = now.tunnel.peers.front();
    std::uint64_t dropped = 0;
    const auto add = [&](const control::named_counts& counts) {
        for (const control::named_count& one : counts) {
            dropped += one.count;
        }
    };
    for (const control::ring_state& ring : now.rings) {
        dropped += ring.full;
    }
    for (const control::route_state& route : now.routes) {
        add(route.drops);
    }
    add(now.tunnel.drops);
    const std::string tunnel =
        peer.last_handshake_unix_s == 0
            ? std::string("handshake under way")
            : fmt::format("{} packets, {:.1f} MB, handshake {:.0f} s ago", peer.transmitted.packets,
                          1e-6 * static_cast<double>(peer.transmitted.bytes),
                          now.taken_unix_s - static_cast<double>(peer.last_handshake_unix_s));
    return {"", fmt::format("tunnel    {}", tunnel),
            fmt::format("arrived   {} byte for byte, {} missing, {} false", checked.right,
                        checked.missing, checked.wrong),
            fmt::format("drops     {} at rings, routes and tunnel", dropped)};
}

class demo {
  public:
    explicit demo(const demo_options& options)
        : options_(options),
          log_(stderr, control::log_form_of(stderr), control::log_level::warning) {}

    ~demo() { stop(); }
    demo(const demo&) = delete;
    demo& operator=(const demo&) = delete;

    int run();

  private:
    base::result<void> start();
    base::result<void> make_plan(const config::mission& mission);
    base::result<void> start_gateway(satellite sender);
    void stop();
    base::result<void> start_metrics();
    void fly();
    void deliver_rest();
    void show();
    void print_summary(const frame_check::counts& frames);
    void print_json(const frame_check::counts& frames);
    int report();
    [[nodiscard]] double elapsed_s() const {
        return std::chrono::duration<double>(steady_clock::now() - begun_).count();
    }

    const demo_options& options_;
    control::logger log_;
    frame_check check_;
    demo_plan plan_;
    std::string title_;
    std::unique_ptr<dataplane::eal> eal_;
    std::unique_ptr<cabled_gateway> cabled_;
    std::unique_ptr<control::metrics_server> metrics_;
    std::unique_ptr<ground_link> link_;
    live_page page_;
    steady_clock::time_point begun_;
    double elapsed_s_ = 0.0; ///< of the pass
    bool interrupted_ = false;
    bool cut_short_ = false; ///< because it took too long
    double progress_ = 0.0;  ///< when it ended early
};

/// The sender first: what it has put into its cable comes from its own packets.
void demo::stop() {
    metrics_.reset();
    if (link_) {
        link_->stop();
    }
    if (cabled_) {
        cabled_->stop();
    }
}

base::result<void> demo::start() {
    const auto mission = config::load_mission(options_.mission);
    if (!mission) {
        return std::unexpected(mission.error().failure());
    }
    title_ = fmt::format("{}: {}", mission->name, mission->title);
    if (const auto planned = make_plan(*mission); !planned) {
        return planned;
    }
    auto sender =
        satellite::create(*mission, plan_.signal_seconds, cabled_gateway::stream_id, check_);
    if (!sender) {
        return std::unexpected(sender.error());
    }
    if (!crypto::start()) {
        return std::unexpected(base::failure{"libsodium cannot be used on this machine"});
    }
    return start_gateway(std::move(*sender));
}

/// Says before the start what will not be as asked for.
base::result<void> demo::make_plan(const config::mission& mission) {
    const auto factor = real_time_factor(mission);
    if (!factor) {
        return std::unexpected(factor.error());
    }
    plan_ = plan_pass(mission, options_.seconds, *factor);
    if (plan_.real_time < 1.0) {
        fmt::print(
            stderr,
            "This machine cannot follow {} in real time now: it makes and receives its signal at "
            "about {:.2g} times that. The pass is slowed down, {:.2g} s of signal in some "
            "{:.0f} s.\n",
            mission.name, plan_.real_time, plan_.signal_seconds, plan_.wall_seconds());
    } else if (plan_.signal_seconds > options_.seconds) {
        fmt::print(stderr, "{} needs {:.1f} s for lock and some frames: the pass takes that.\n",
                   mission.name, plan_.signal_seconds);
    }
    return {};
}

base::result<void> demo::start_gateway(satellite sender) {
    const auto memory = cabled_gateway::memory_octets(options_.mission);
    if (!memory) {
        return std::unexpected(memory.error());
    }
    auto eal = dataplane::eal::start({.memory_octets = *memory});
    if (!eal) {
        return std::unexpected(eal.error());
    }
    eal_ = std::move(*eal);
    auto cabled = cabled_gateway::start(options_.mission, check_, *eal_, log_);
    if (!cabled) {
        return std::unexpected(cabled.error());
    }
    cabled_ = std::move(*cabled);
    const cabled_gateway& running = *cabled_;
    auto link = ground_link::start({.device = cabled_->device(),
                                    .mtu = cabled_gateway::mtu,
                                    .address = cabled_gateway::digitiser_address(),
                                    .gateway = cabled_gateway::gateway_address(),
                                    .behind = [&running] { return running.backlog() > 0.5; }},
                                   cabled_->digitiser_pool(), std::move(sender));
    if (!link) {
        return std::unexpected(link.error());
    }
    link_ = std::move(*link);
    return start_metrics();
}

base::result<void> demo::start_metrics() {
    const auto snapshot = [this] { return cabled_->of().snapshot(); };
    base::udp_endpoint listen{.address = *base::parse_ip("127.0.0.1"), .port = metrics_port};
    auto served = control::metrics_server::start(listen, snapshot);
    if (!served) { // the port is taken, by a gateway perhaps
        listen.port = 0;
        served = control::metrics_server::start(listen, snapshot);
    }
    if (!served) {
        return std::unexpected(served.error());
    }
    metrics_ = std::move(*served);
    if (!options_.json) {
        fmt::print("Metrics while the pass lasts: http://127.0.0.1:{}/metrics\n", metrics_->port());
        static_cast<void>(std::fflush(stdout));
    }
    return {};
}

void demo::fly() {
    begun_ = steady_clock::now();
    const double give_up_s = plan_.wall_seconds() + patience_s;
    double next_draw = 0.0;
    while (!link_->ended()) {
        cabled_->of().turn();
        if (!interrupted_ && !cut_short_ && (interrupted() || elapsed_s() > give_up_s)) {
            progress_ = link_->progress();
            interrupted_ = interrupted();
            cut_short_ = !interrupted_ && progress_ < 1.0;
            link_->end(); // what was sent so far still has to arrive
        }
        if (elapsed_s() >= next_draw) {
            show();
            next_draw = elapsed_s() + redraw_s;
        }
        std::this_thread::sleep_for(turn_interval);
    }
    elapsed_s_ = elapsed_s();
    if (link_->why() != link_end::sent) {
        fmt::print(stderr, "landfall demo: the pass broke off: {}\n", name(link_->why()));
    }
    deliver_rest();
    show();
}

/// What was sent last is still on its way; bounded, whatever the gateway does.
void demo::deliver_rest() {
    const double give_up_s = elapsed_s() + backlog_patience_s;
    while (cabled_->backlog() > 0.0 && elapsed_s() < give_up_s) {
        cabled_->of().turn();
        std::this_thread::sleep_for(turn_interval);
    }
    if (!cabled_->of().drain(drain_patience_s)) {
        fmt::print(stderr, "landfall demo: the gateway could not deliver everything in time\n");
    }
    const auto give_up = steady_clock::now() + last_packets_patience;
    while (!check_.complete() && steady_clock::now() < give_up) {
        std::this_thread::sleep_for(turn_interval);
    }
    check_.end();
}

void demo::show() {
    const carrier_view view = cabled_->of().view(0);
    const control::snapshot now = cabled_->of().snapshot();
    const frame_check::counts checked = check_.now();
    page_.draw({.title = title_,
                .progress = link_->progress(),
                .elapsed_s = elapsed_s_ > 0.0 ? elapsed_s_ : elapsed_s(),
                .signal_s = link_->signal_s(),
                .sent_frames = checked.sent,
                .status = view.status,
                .channels = std::span(view.channels).first(view.channel_count),
                .points = std::span(view.points).first(view.point_count),
                .notes = delivery_notes(now, checked)});
}

void demo::print_json(const frame_check::counts& frames) {
    const control::snapshot end = cabled_->of().snapshot();
    const nlohmann::ordered_json text = {
        {"schema", 1},
        {"mission", end.carriers[0].mission},
        {"sent", frames.sent},
        {"received", frames.right},
        {"missing", frames.missing},
        {"false", frames.wrong},
        {"es_n0_db", cabled_->of().view(0).status.receiver.mean_es_n0_db},
        {"tunnel_packets", end.tunnel.peers[0].transmitted.packets},
        {"signal_seconds", link_->signal_s()},
        {"elapsed_seconds", elapsed_s_},
        {"real_time_factor", plan_.real_time},
        {"interrupted", interrupted_},
        {"cut_short", cut_short_},
        {"passed", frames.perfect()}};
    fmt::print("{}\n", text.dump(2));
}

void demo::print_summary(const frame_check::counts& frames) {
    const chain_status now = cabled_->of().view(0).status;
    fmt::print("{} frames sent by the satellite, {} received in the datacenter byte for byte, "
               "{} missing, {} false\n"
               "Es/N0 {:.1f} dB, {:.1f} s of signal in {:.1f} s, {} packets through the tunnel: ",
               frames.sent, frames.right, frames.missing, frames.wrong, now.receiver.mean_es_n0_db,
               now.signal_seconds, elapsed_s_,
               cabled_->of().snapshot().tunnel.peers[0].transmitted.packets);
    if (interrupted_) {
        fmt::print("stopped by you after {:.1f} s; {}\n", elapsed_s_,
                   frames.perfect() ? fmt::format("all {} frames so far whole", frames.sent)
                   : frames.sent == 0
                       ? std::string("no frame was sent so far")
                       : fmt::format("{} of {} frames so far whole", frames.right, frames.sent));
    } else {
        fmt::print("{}\n", frames.perfect() ? "all arrived" : "NOT all arrived");
    }
}

int demo::report() {
    const frame_check::counts frames = check_.now();
    options_.json ? print_json(frames) : print_summary(frames);
    if (cut_short_) {
        fmt::print(stderr,
                   "The pass was cut short at {:.0f} %: this machine was too busy to receive {} at "
                   "{:.2g} times real time.\n",
                   100.0 * progress_, options_.mission, plan_.real_time);
    }
    if (interrupted_) {
        return base::exit_code::interrupted;
    }
    const bool whole = frames.perfect() && link_->why() == link_end::sent;
    return whole ? base::exit_code::done : base::exit_code::failed;
}

int demo::run() {
    if (const auto started = start(); !started) {
        const std::string& text = started.error().message;
        fmt::print(stderr, "{}{}", text, text.ends_with('\n') ? "" : "\n");
        return started.error().code;
    }
    fly();
    return report();
}

} // namespace

int demo_command(const demo_options& options) {
    return demo(options).run();
}

} // namespace landfall::app
