// SPDX-License-Identifier: MIT
// What the service manager is told (sd_notify(3)), and when its watchdog is fed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace landfall::control {

/// Where there is no service manager (`NOTIFY_SOCKET` unset), each does nothing. A status is one
/// line for a person; a line break in it becomes a blank.
void notify_ready(std::string_view status);
void notify_status(std::string_view status);
void notify_stopping(std::string_view status);
void notify_watchdog();

/// How long the service manager waits for a ping; none: it does not watch this process.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_timeout();

/// Says when to ping: when a third of the timeout has gone by and every heartbeat has advanced
/// since the last ping. One worker that hangs is thus enough to be restarted.
class watchdog {
  public:
    using time = std::chrono::steady_clock::time_point;

    explicit watchdog(std::chrono::microseconds timeout) noexcept : interval_(timeout / 3) {}

    /// `heartbeats`: one for each worker, always in the same order. To be asked a few times within
    /// a third of the timeout. True: ping.
    [[nodiscard]] bool due(time now, std::span<const std::uint64_t> heartbeats);

  private:
    std::chrono::microseconds interval_;
    std::optional<time> last_;
    std::vector<std::uint64_t> seen_; ///< heartbeats at the last ping
};

} // namespace landfall::control
