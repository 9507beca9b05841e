// SPDX-License-Identifier: MIT
#include "control/metrics.h"

#include "control/file_descriptor.h"
#include "control/metric_families.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <iterator>
#include <system_error>
#include <utility>

namespace landfall::control {
namespace {

/// Held by slow clients at worst this long, so that a scrape finds a free one.
constexpr const char* http_threads = "4";
constexpr const char* http_timeout_ms = "2000";

class collector final : public prometheus::Collectable {
  public:
    explicit collector(snapshot_source source) : source_(std::move(source)) {}

    /// What this throws ends the program: prometheus-cpp does not catch it.
    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        try {
            return collect();
        } catch (...) { // no memory even to say so
            return {};
        }
    }

  private:
    [[nodiscard]] std::vector<prometheus::MetricFamily> collect() const {
        std::vector<prometheus::MetricFamily> all;
        try {
            all = families_of(source_());
        } catch (...) {
            all.clear();
            errors_.fetch_add(1, std::memory_order_relaxed);
        }
        const auto process = families_of(read_process());
        all.insert(all.end(), process.begin(), process.end());
        all.push_back(collect_errors(errors_.load(std::memory_order_relaxed)));
        return all;
    }

    snapshot_source source_;
    mutable std::atomic<std::uint64_t> errors_{0};
};

/// What the system says to listening there. civetweb would only say that something failed.
base::result<void> try_to_listen(const base::udp_endpoint& listen) {
    const file_descriptor probe(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int on = 1;
    static_cast<void>(setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listen.port);
    std::memcpy(&address.sin_addr, listen.address.octet.data(), sizeof address.sin_addr);
    sockaddr generic{};
    std::memcpy(&generic, &address, sizeof generic);
    if (probe.get() >= 0 && bind(probe.get(), &generic, sizeof address) == 0 &&
        ::listen(probe.get(), 1) == 0) {
        return {};
    }
    const int error = errno;
    return std::unexpected(
        base::failure{fmt::format("[metrics] listen: cannot listen on {}: {}",
                                  base::to_text(listen), std::generic_category().message(error)),
                      error == EACCES ? base::exit_code::no_permission : base::exit_code::failed});
}

} // namespace

struct metrics_server::parts {
    std::shared_ptr<collector> source;
    std::unique_ptr<prometheus::Exposer> exposer;
};

std::string metrics_text(const snapshot& now) {
    return prometheus::TextSerializer().Serialize(families_of(now));
}

metrics_server::metrics_server(std::unique_ptr<parts> held) noexcept : parts_(std::move(held)) {}

metrics_server::~metrics_server() = default;

base::result<std::unique_ptr<metrics_server>>
metrics_server::start(const base::udp_endpoint& listen, snapshot_source source) {
    if (listen.address.v6) {
        return std::unexpected(base::failure{
            fmt::format(
                "[metrics] listen: cannot listen on {}: Debian's HTTP library is built without "
                "IPv6; use an IPv4 address, like 127.0.0.1:9464",
                base::to_text(listen)),
            base::exit_code::bad_configuration});
    }
    if (auto possible = try_to_listen(listen); !possible) {
        return std::unexpected(std::move(possible).error());
    }
    try {
        auto held = std::make_unique<parts>();
        held->source = std::make_shared<collector>(std::move(source));
        held->exposer = std::make_unique<prometheus::Exposer>(
            std::vector<std::string>{"listening_ports", base::to_text(listen), "num_threads",
                                     http_threads, "request_timeout_ms", http_timeout_ms});
        held->exposer->RegisterCollectable(held->source);
        return std::unique_ptr<metrics_server>(new metrics_server(std::move(held)));
    } catch (const std::exception& error) {
        return std::unexpected(base::failure{fmt::format(
            "[metrics] listen: cannot listen on {}: {}", base::to_text(listen), error.what())});
    }
}

std::uint16_t metrics_server::port() const {
    const auto ports = parts_->exposer->GetListeningPorts();
    return ports.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(ports.front());
}

} // namespace landfall::control
