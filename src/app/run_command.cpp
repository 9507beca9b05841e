// SPDX-License-Identifier: MIT
#include "app/run_command.h"

#include "app/durable_lane.h"
#include "app/gateway.h"
#include "app/interrupt.h"
#include "app/preflight.h"
#include "app/style.h"
#include "app/timestamp_file.h"
#include "app/version.h"
#include "control/local_socket.h"
#include "control/log.h"
#include "control/metrics.h"
#include "control/service.h"
#include "control/status.h"
#include "crypto/sha256.h"
#include "dataplane/eal.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

namespace landfall::app {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds turn_interval{10};
constexpr std::chrono::seconds status_interval{1};
constexpr double drain_patience_s = 4.0;
constexpr double spool_patience_s = 3.0;

/// The first folder of a variable that systemd sets, or `otherwise`.
std::filesystem::path folder_of(const char* variable, const char* otherwise) {
    const char* const set = std::getenv(variable);
    const std::string_view folders = set != nullptr && *set != '\0' ? set : otherwise;
    return folders.substr(0, folders.find(':'));
}

/// Of all files that make up the configuration.
std::string identity_of(const config::gateway& settings) {
    std::string all;
    for (const auto& source : settings.sources) {
        all += source->text;
    }
    return crypto::sha256_text(all);
}

void no_core_dumps() {
    const rlimit none{0, 0};
    static_cast<void>(setrlimit(RLIMIT_CORE, &none));
}

class service {
  public:
    service(config::gateway settings, gateway_keys keys, control::log_level least)
        : settings_(std::move(settings)), keys_(std::move(keys)),
          log_(stderr, control::log_form_of(stderr), least) {}

    int run();

  private:
    base::result<void> start();
    base::result<void> make_host_interface();
    base::result<void> start_metrics();
    base::result<void> open_sockets();
    base::result<void> open_durable_lane();
    base::result<void> start_gateway();
    void serve();
    void drain();
    void feed_watchdog(steady_clock::time_point now);
    std::string answer_uapi(std::string_view request);
    control::snapshot snapshot() const;

    config::gateway settings_;
    gateway_keys keys_; ///< until the gateway has them
    control::logger log_;
    std::unique_ptr<dataplane::tun> host_interface_; ///< until the gateway has it
    std::unique_ptr<timestamp_file> timestamps_;
    std::unique_ptr<dataplane::eal> eal_;
    std::unique_ptr<durable_lane> durable_; ///< outlives the gateway
    std::unique_ptr<gateway> gateway_;
    std::atomic<const gateway*> running_{nullptr}; ///< for the threads of the metrics
    std::unique_ptr<control::metrics_server> metrics_;
    std::optional<control::local_server> sockets_;
    std::optional<control::watchdog> watchdog_;
    base::counter pings_;
    steady_clock::time_point next_status_;
};

// What another process may hold comes first: nothing has then been done to an interface.
base::result<void> service::start() {
    auto done = make_host_interface(); // the metrics may be served there
    if (done) {
        done = start_metrics();
    }
    if (done) {
        done = open_sockets();
    }
    if (done) {
        done = open_durable_lane(); // its threads run on any CPU, unlike those that come later
    }
    if (done) {
        done = start_gateway();
    }
    return done;
}

base::result<void> service::make_host_interface() {
    if (!settings_.host) {
        return {};
    }
    auto made = dataplane::tun::open(host_interface_of(settings_));
    if (!made) {
        return std::unexpected(made.error());
    }
    for (const std::string& warning : (*made)->warnings()) {
        log_.warning(warning);
    }
    host_interface_ = std::move(*made);
    log_.info(
        fmt::format("host: its connections go through the tunnel by {}", host_interface_->name()));
    return {};
}

base::result<void> service::start_metrics() {
    if (!settings_.metrics.enabled) {
        return {};
    }
    auto served =
        control::metrics_server::start(settings_.metrics.endpoint, [this] { return snapshot(); });
    if (!served) {
        base::failure failure = served.error();
        failure.message += "; a second gateway on this machine needs a listen of its own";
        return std::unexpected(std::move(failure));
    }
    metrics_ = std::move(*served);
    log_.info(fmt::format("metrics: http://{}/metrics", base::to_text(settings_.metrics.endpoint)));
    return {};
}

base::result<void> service::open_durable_lane() {
    if (!config::has_durable_routes(settings_)) {
        return {};
    }
    const auto state = folder_of("STATE_DIRECTORY", "/var/lib/landfall");
    auto opened = durable_lane::open({.settings = settings_,
                                      .recipients = std::move(keys_.recipients),
                                      .ledger_key = std::move(keys_.ledger),
                                      .folders = folders_of(settings_, state)},
                                     log_);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    durable_ = std::move(*opened);
    return {};
}

base::result<void> service::start_gateway() {
    const auto to_log = [this](dataplane::log_level level, std::string_view text) {
        log_.write(level == dataplane::log_level::error     ? control::log_level::warning
                   : level == dataplane::log_level::warning ? control::log_level::info
                                                            : control::log_level::debug,
                   fmt::format("DPDK: {}", text));
    };
    auto eal =
        dataplane::eal::start({.cpus = {.io = settings_.lcores.io, .modem = settings_.lcores.modem},
                               .memory_octets = gateway::memory_octets(settings_),
                               .log = to_log});
    if (!eal) {
        return std::unexpected(eal.error());
    }
    eal_ = std::move(*eal);
    for (const std::string& warning : eal_->warnings()) {
        log_.warning(warning);
    }
    gateway_config config{.settings = settings_,
                          .keys = std::move(keys_),
                          .sha256 = identity_of(settings_),
                          .host_interface = std::move(host_interface_),
                          .durable = durable_.get()};
    if (settings_.tunnel) {
        timestamps_ =
            std::make_unique<timestamp_file>(folder_of("STATE_DIRECTORY", "/var/lib/landfall") /
                                             (settings_.tunnel->interface_name + "-timestamp"));
        config.last_timestamp = timestamps_->read();
        config.keep_timestamp = [this](const crypto::tai64n& newest) {
            const auto kept = timestamps_->write(newest);
            if (!kept) {
                log_.limited(steady_clock::now(), control::log_level::warning,
                             kept.error().message);
            }
            return kept.has_value();
        };
    }
    auto running = gateway::start(std::move(config), *eal_, log_);
    if (!running) {
        return std::unexpected(running.error());
    }
    gateway_ = std::move(*running);
    running_ = gateway_.get();
    return {};
}

base::result<void> service::open_sockets() {
    sockets_.emplace();
    const auto listen = [&](control::local_listener listener,
                            const char* key) -> base::result<void> {
        std::error_code error;
        std::filesystem::create_directories(listener.path.parent_path(), error);
        auto done = sockets_->listen(std::move(listener));
        if (done) {
            return done;
        }
        if (done.error().code == base::exit_code::no_permission) {
            log_.warning(fmt::format("{}; going on without", done.error().message));
            return {};
        }
        return std::unexpected(
            base::failure{fmt::format("{}; a second gateway on this machine needs {} of its own",
                                      done.error().message, key),
                          done.error().code});
    };
    const std::filesystem::path control =
        settings_.control_socket.empty()
            ? folder_of("RUNTIME_DIRECTORY", "/run/landfall") / "control.sock"
            : settings_.control_socket;
    auto done = listen({.path = control,
                        .mode = 0660,
                        .ends = control::framing::line,
                        .handler =
                            [this](std::string_view request) {
                                return control::answer(request, [this] { return snapshot(); });
                            }},
                       "a control_socket in [gateway]");
    if (done && settings_.tunnel) {
        done =
            listen({.path = std::filesystem::path("/run/wireguard") /
                            (settings_.tunnel->interface_name + ".sock"),
                    .mode = 0600,
                    .ends = control::framing::empty_line,
                    .handler = [this](std::string_view request) { return answer_uapi(request); }},
                   "an interface in [tunnel]");
    }
    return done;
}

/// The request may hold keys.
std::string service::answer_uapi(std::string_view request) {
    constexpr std::string_view ending = "\n\n";
    std::string whole;
    whole.reserve(request.size() + ending.size());
    whole.append(request).append(ending);
    std::string reply = gateway_->answer_uapi(whole);
    crypto::wipe(whole.data(), whole.size());
    return reply;
}

control::snapshot service::snapshot() const {
    const gateway* const running = running_;
    if (running == nullptr) { // the ports are being opened
        control::snapshot starting;
        starting.gateway = settings_.name;
        starting.build = build_versions();
        return starting;
    }
    control::snapshot now = running->snapshot();
    now.watchdog_pings = pings_.value();
    if (durable_) {
        durable_->add_to(now);
    }
    return now;
}

void service::feed_watchdog(steady_clock::time_point now) {
    if (watchdog_ && watchdog_->due(now, gateway_->heartbeats())) {
        control::notify_watchdog();
        pings_.add();
    }
    if (now >= next_status_) {
        control::notify_status(gateway_->status_line());
        next_status_ = now + status_interval;
    }
}

void service::serve() {
    if (const auto timeout = control::watchdog_timeout()) {
        watchdog_.emplace(*timeout);
    }
    control::notify_ready(gateway_->status_line());
    log_.info(fmt::format(
        "landfall {}: {} is running: {}, {}, {}, {}", build_versions().version, settings_.name,
        counted(settings_.ports.size(), "port"), counted(settings_.carriers.size(), "carrier"),
        counted(settings_.peers.size(), "peer"), counted(settings_.routes.size(), "route")));
    while (!interrupted()) {
        gateway_->turn();
        const auto now = steady_clock::now();
        sockets_->serve(now, gateway_->busy() ? std::chrono::milliseconds(0) : turn_interval);
        feed_watchdog(now);
    }
}

/// Whoever asks is answered meanwhile, and the watchdog is fed.
void service::drain() {
    control::notify_stopping("delivering what was received");
    log_.info("stopping: delivering what was received");
    next_status_ = steady_clock::time_point::max(); // that stays its status
    const auto answer = [this] {
        const auto now = steady_clock::now();
        sockets_->serve(now, std::chrono::milliseconds(0));
        feed_watchdog(now);
    };
    if (!gateway_->drain(drain_patience_s, answer)) {
        log_.warning("not everything could be delivered in time");
    }
    if (durable_ && !durable_->finish(spool_patience_s, answer)) {
        log_.warning("not everything that was to be kept could be written in time");
    }
    for (const control::carrier_state& carrier : snapshot().carriers) {
        log_.info(fmt::format("carrier {}: {}, {} corrected, {} bad, {} missing", carrier.name,
                              counted(carrier.frames.good, "frame"), carrier.frames.corrected,
                              carrier.frames.bad, carrier.frames.missing));
    }
}

int service::run() {
    if (auto started = start(); !started) {
        log_.error(started.error().message);
        return started.error().code;
    }
    serve();
    drain();
    sockets_.reset();
    metrics_.reset();
    running_ = nullptr;
    gateway_.reset();
    durable_.reset();
    eal_.reset();
    log_.info("stopped");
    return base::exit_code::done;
}

} // namespace

int run_command(const run_options& options) {
    auto settings = config::load_gateway(options.file);
    if (!settings) {
        const base::failure failure = settings.error().failure();
        fmt::print(stderr, "{}", failure.message);
        return failure.code;
    }
    preflight machine = inspect(*settings);
    fmt::print(stderr, "{}{}", machine.found.warnings.text("warning"), machine.found.errors.text());
    if (const int code = machine.found.code(); code != base::exit_code::done) {
        return code;
    }
    no_core_dumps();
    const auto least = control::log_level_named(options.log_level);
    return service(std::move(*settings), std::move(machine.keys),
                   least.value_or(control::log_level::info))
        .run();
}

} // namespace landfall::app
