// SPDX-License-Identifier: MIT
#include "control/file_descriptor.h"
#include "control/service.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

using namespace landfall;
using namespace std::chrono_literals;

namespace {

/// What systemd is to a service: a datagram socket that NOTIFY_SOCKET names.
class service_manager {
  public:
    service_manager() {
        std::string name = std::filesystem::temp_directory_path() / "landfall-notify-XXXXXX";
        REQUIRE(mkdtemp(name.data()) != nullptr);
        folder_ = name;
        const std::string path = folder_ / "socket";
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        REQUIRE(path.size() < sizeof address.sun_path);
        std::memcpy(address.sun_path, path.data(), path.size());
        socket_ = control::file_descriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
        const void* generic = &address;
        REQUIRE(bind(socket_.get(), static_cast<const sockaddr*>(generic), sizeof address) == 0);
        setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    ~service_manager() {
        unsetenv("NOTIFY_SOCKET");
        std::filesystem::remove_all(folder_);
    }
    service_manager(const service_manager&) = delete;
    service_manager& operator=(const service_manager&) = delete;

    /// The next message; empty: there is none.
    std::string heard() const {
        std::array<char, 1024> text{};
        const ssize_t count = recv(socket_.get(), text.data(), text.size(), 0);
        return {text.data(), static_cast<std::size_t>(count < 0 ? 0 : count)};
    }

  private:
    std::filesystem::path folder_;
    control::file_descriptor socket_;
};

} // namespace

TEST_CASE("control/service: the service manager hears each notice") {
    const service_manager manager;
    control::notify_ready("tracking NOAA-20\nREADY=0");
    CHECK(manager.heard() == "READY=1\nSTATUS=tracking NOAA-20 READY=0");
    control::notify_status("2 carriers, 1 locked");
    CHECK(manager.heard() == "STATUS=2 carriers, 1 locked");
    control::notify_watchdog();
    CHECK(manager.heard() == "WATCHDOG=1");
    control::notify_stopping("draining");
    CHECK(manager.heard() == "STOPPING=1\nSTATUS=draining");
    CHECK(manager.heard().empty());
}

TEST_CASE("control/service: without a service manager nothing happens") {
    unsetenv("NOTIFY_SOCKET");
    control::notify_ready("ready");
    control::notify_watchdog();
    CHECK(!control::watchdog_timeout());
}

TEST_CASE("control/service: the watchdog's timeout is the one set for this process") {
    setenv("WATCHDOG_USEC", "10000000", 1);
    CHECK(control::watchdog_timeout() == 10s);
    setenv("WATCHDOG_PID", "1", 1);
    CHECK(!control::watchdog_timeout());
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
}

TEST_CASE("control/service: the watchdog is fed only when every worker has advanced") {
    control::watchdog dog(9s);
    control::watchdog::time now{std::chrono::seconds(100)};
    std::array<std::uint64_t, 2> beats{10, 20};
    CHECK(dog.due(now, beats)); // nothing to compare with
    beats = {11, 21};
    CHECK(!dog.due(now + 2s, beats)); // too early
    CHECK(dog.due(now + 3s, beats));
    beats = {12, 21};
    for (int s = 4; s < 60; ++s) {
        ++beats[0];
        CHECK(!dog.due(now + std::chrono::seconds(s), beats)); // the second one hangs
    }
    beats[1] = 22;
    CHECK(dog.due(now + 60s, beats));
    CHECK(!dog.due(now + 62s, beats));
    beats = {0, 0}; // counters that went round have changed, too
    CHECK(dog.due(now + 63s, beats));
    const std::array<std::uint64_t, 3> more{0, 0, 0};
    CHECK(dog.due(now + 66s, more));
    CHECK(!dog.due(now + 70s, more));
    CHECK(!dog.due(now + 70s, more));
}

TEST_CASE("control/service: without workers the watchdog is fed by time alone") {
    control::watchdog dog(9s);
    control::watchdog::time now{std::chrono::seconds(100)};
    CHECK(dog.due(now, {}));
    CHECK(!dog.due(now + 1s, {}));
    CHECK(dog.due(now + 3s, {}));
}
