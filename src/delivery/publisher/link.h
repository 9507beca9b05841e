// SPDX-License-Identifier: MIT
// The connection to the server, as the C client keeps it with threads of its own.
#pragma once

#include "delivery/publisher/publisher.h"

#include <nats/nats.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace landfall::delivery::publisher {

/// What the server, or the library for it, said to one attempt.
struct answer {
    std::uint64_t attempt = 0;
    bool good = false;
    bool duplicate = false;
    trouble why = trouble::refused;
};

struct publisher::link {
    natsOptions* options = nullptr;
    natsConnection* connection = nullptr;
    jsCtx* stream = nullptr;
    std::int64_t least_backoff_ms = 0;
    std::int64_t most_backoff_ms = 0;
    std::atomic<std::uint64_t> connects{0};
    std::uint64_t checked = 0; ///< for which of the connections the stream was looked up

    std::mutex mutex;
    std::condition_variable ended;
    bool closed = false;
    std::vector<answer> answers;

    link() = default;
    link(const link&) = delete;
    link& operator=(const link&) = delete;
    ~link();

    /// The library's last callback has come when this returns, but for a library that hangs.
    [[nodiscard]] bool close();
    [[nodiscard]] std::expected<void, std::string> open(const publisher_config& config);
    [[nodiscard]] natsStatus set_options(const publisher_config& config);
    [[nodiscard]] bool connected() const;
    /// True where the stream is there, or was made.
    [[nodiscard]] bool look_up(const publisher_config& config) const;
};

} // namespace landfall::delivery::publisher
