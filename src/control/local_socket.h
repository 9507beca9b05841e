// SPDX-License-Identifier: MIT
// Questions and answers in text over unix stream sockets: the control socket, and the socket of
// WireGuard's user-space protocol.
#pragma once

#include "base/error.h"
#include "control/file_descriptor.h"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::control {

/// What ends a request, and the reply to it.
enum class framing : std::uint8_t {
    line,       ///< a line break: one line is asked, one answered
    empty_line, ///< an empty line, as https://www.wireguard.com/xplatform/ says
};

/// The request without what ends it; the reply likewise (line breaks at its end are of no matter).
/// A connection whose request throws is closed.
using request_handler = std::function<std::string(std::string_view request)>;

struct local_listener {
    std::filesystem::path path; ///< at most 107 octets; its folder exists
    mode_t mode = 0600;         ///< who may ask: 0600, or 0660 for the group, too
    framing ends = framing::line;
    request_handler handler;
};

/// Serves any number of sockets on the one thread that calls `serve`. No client can hold it up:
/// nothing waits for one, a client that is slow is closed after `patience`, and when there are too
/// many, the one that has been waited for longest. Requests and replies may hold keys: what was
/// read or sent is wiped.
class local_server {
  public:
    using time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t clients_max = 16;
    static constexpr std::size_t request_max = 65'536; ///< octets; a longer one closes
    static constexpr std::chrono::seconds patience{10};

    local_server();
    ~local_server(); ///< removes the sockets' files
    local_server(const local_server&) = delete;
    local_server& operator=(const local_server&) = delete;

    /// A socket file that nothing listens on any more is replaced. Fails where something does, or
    /// where the path is no socket.
    base::result<void> listen(local_listener listener);

    /// Waits for something to do, `wait` at most, and does it.
    void serve(time now, std::chrono::milliseconds wait);

    [[nodiscard]] std::size_t clients() const noexcept { return clients_.size(); }

  private:
    struct listening;
    struct client;

    void accept(listening& from, time now);
    void drop_slow(time now);
    void make_room();
    static bool advance(client& of, time now);

    std::vector<std::unique_ptr<listening>> listeners_;
    std::vector<std::unique_ptr<client>> clients_;
    time no_accept_before_{}; ///< file descriptors had run out
};

/// Asks a server of the same kind once. Exit codes of failures: 75 where nothing listens or no
/// reply comes in time, 77 where the caller may not ask.
[[nodiscard]] base::result<std::string> ask(const std::filesystem::path& path,
                                            std::string_view request, framing ends,
                                            std::chrono::milliseconds timeout);

} // namespace landfall::control
