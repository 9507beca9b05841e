// SPDX-License-Identifier: MIT
#include "control/service.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <string>

namespace landfall::control {
namespace {

/// Lines of assignments: a status with a line break would begin another.
std::string one_line(std::string_view text) {
    std::string line(text);
    std::ranges::replace(line, '\n', ' ');
    return line;
}

void notify(const std::string& state) {
    static_cast<void>(sd_notify(0, state.c_str())); // nothing to do about one that does not listen
}

} // namespace

void notify_ready(std::string_view status) {
    notify(fmt::format("READY=1\nSTATUS={}", one_line(status)));
}

void notify_status(std::string_view status) {
    notify(fmt::format("STATUS={}", one_line(status)));
}

void notify_stopping(std::string_view status) {
    notify(fmt::format("STOPPING=1\nSTATUS={}", one_line(status)));
}

void notify_watchdog() {
    notify("WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_timeout() {
    std::uint64_t timeout_us = 0;
    if (sd_watchdog_enabled(0, &timeout_us) <= 0) {
        return std::nullopt;
    }
    return std::chrono::microseconds(timeout_us);
}

bool watchdog::due(time now, std::span<const std::uint64_t> heartbeats) {
    if (last_ && now - *last_ < interval_) {
        return false;
    }
    // Another number of workers: there is nothing to compare with.
    const bool comparable = last_.has_value() && seen_.size() == heartbeats.size();
    for (std::size_t i = 0; comparable && i < heartbeats.size(); ++i) {
        if (heartbeats[i] == seen_[i]) {
            return false;
        }
    }
    last_ = now;
    seen_.assign(heartbeats.begin(), heartbeats.end());
    return true;
}

} // namespace landfall::control
