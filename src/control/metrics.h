// SPDX-License-Identifier: MIT
// Prometheus text of a running gateway. README.md lists every metric.
#pragma once

#include "base/error.h"
#include "base/ip.h"
#include "control/snapshot.h"

#include <cstdint>
#include <memory>
#include <string>

namespace landfall::control {

/// What a snapshot comes to as Prometheus text (version 0.0.4). Estimates of a carrier that is not
/// locked have no series. Label values that are not UTF-8 are repaired: a scraper would refuse all.
[[nodiscard]] std::string metrics_text(const snapshot& now);

/// Serves `GET /metrics` over plain HTTP, on threads of its own: the snapshot's metrics,
/// `process_*` and `exposer_*` (of the server itself). Where a snapshot fails, the scrape still
/// succeeds, with `landfall_collect_errors_total` counted up and the snapshot's metrics absent.
class metrics_server {
  public:
    /// Port 0: any free one. Fails with a message that names the address: no IPv6 (Debian's
    /// civetweb is built without it; exit code 78), or what the system says to binding it.
    [[nodiscard]] static base::result<std::unique_ptr<metrics_server>>
    start(const base::udp_endpoint& listen, snapshot_source source);

    ~metrics_server(); ///< takes 2 s: civetweb looks that often whether to end
    metrics_server(const metrics_server&) = delete;
    metrics_server& operator=(const metrics_server&) = delete;

    [[nodiscard]] std::uint16_t port() const;

  private:
    struct parts;
    explicit metrics_server(std::unique_ptr<parts> held) noexcept;

    std::unique_ptr<parts> parts_;
};

} // namespace landfall::control
