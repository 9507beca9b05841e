// SPDX-License-Identifier: MIT
#include "app/bench_publisher.h"

#include "crypto/sha256.h"
#include "delivery/publisher/plain_publisher.h"
#include "delivery/publisher/publisher.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace landfall::app {
namespace {

namespace pub = delivery::publisher;
using clock = std::chrono::steady_clock;

constexpr std::size_t segment_octets = std::size_t{768} << 10U;
constexpr std::size_t segments_of_a_round = 64;
constexpr std::size_t in_flight = 16;
constexpr int most_rounds = 8; // 800 MB on the disk
constexpr auto patience = std::chrono::seconds(10);

std::string server_program() {
    const char* path = std::getenv("PATH");
    for (std::string_view rest = path != nullptr ? path : ""; !rest.empty();) {
        const std::size_t colon = std::min(rest.find(':'), rest.size());
        std::string program(rest.substr(0, colon));
        program += "/nats-server";
        if (::access(program.c_str(), X_OK) == 0) {
            return program;
        }
        rest.remove_prefix(std::min(colon + 1, rest.size()));
    }
    const char* debian = "/usr/sbin/nats-server"; // not in everyone's path
    return ::access(debian, X_OK) == 0 ? debian : "";
}

/// A nats-server with a folder of its own; both go with it.
class server {
  public:
    server() {
        std::string name = (std::filesystem::temp_directory_path() / "landfall-bench-XXXXXX");
        folder_ = ::mkdtemp(name.data()) != nullptr ? name : "";
        const std::string program = server_program();
        if (folder_.empty() || program.empty()) {
            return;
        }
        process_ = ::fork();
        if (process_ == 0) {
            ::execl(program.c_str(), "nats-server", "-a", "127.0.0.1", "-p", "-1", "-js", "-sd",
                    folder_.c_str(), "--ports_file_dir", folder_.c_str(), "-l",
                    (folder_ + "/log").c_str(), nullptr);
            ::_exit(1);
        }
    }
    server(const server&) = delete;
    server& operator=(const server&) = delete;
    ~server() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
        std::error_code ignored;
        if (!folder_.empty()) {
            std::filesystem::remove_all(folder_, ignored);
        }
    }

    /// Empty where it does not begin to listen.
    [[nodiscard]] std::string url() const {
        const std::string ports = fmt::format("{}/nats-server_{}.ports", folder_, process_);
        for (const auto until = clock::now() + patience; process_ > 0 && clock::now() < until;) {
            const auto told = nlohmann::json::parse(std::ifstream(ports), nullptr, false);
            if (told.is_object() && told.contains("nats") && !told["nats"].empty()) {
                return told["nats"][0].get<std::string>();
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        return {};
    }

  private:
    std::string folder_;
    pid_t process_ = -1;
};

double rate_since(clock::time_point begun) {
    return static_cast<double>(segments_of_a_round * segment_octets) /
           std::chrono::duration<double>(clock::now() - begun).count();
}

std::string identity(std::uint64_t number) {
    return crypto::sha256_text(std::to_string(number));
}

std::optional<double> client_round(pub::plain_publisher& client, std::uint64_t first,
                                   const std::vector<std::uint8_t>& content) {
    const auto begun = clock::now();
    for (std::uint64_t i = 0; i < segments_of_a_round; ++i) {
        if (!client.publish("bench.alone", identity(first + i), content)) {
            return std::nullopt;
        }
    }
    return client.complete() ? std::optional(rate_since(begun)) : std::nullopt;
}

std::optional<double> publisher_round(pub::publisher& publisher, std::uint64_t first,
                                      const std::uint64_t& acknowledged) {
    const std::uint64_t wanted = acknowledged + segments_of_a_round;
    const auto begun = clock::now();
    for (std::uint64_t i = 0; i < segments_of_a_round; ++i) {
        pub::segment what;
        what.id = first + i;
        what.octets = segment_octets;
        what.subject = "bench.landfall";
        what.digest = identity(first + i);
        what.gateway = what.tenant = what.carrier = "bench";
        if (!publisher.offer(what)) {
            return std::nullopt;
        }
    }
    while (acknowledged < wanted) {
        const auto now = clock::now();
        if (now > begun + patience) {
            return std::nullopt;
        }
        publisher.poll(
            std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count());
        std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    return rate_since(begun);
}

} // namespace

bool has_nats_server() {
    return !server_program().empty();
}

base::result<publish_rates> measure_publisher(double seconds) {
    const server own;
    const std::string url = own.url();
    if (url.empty()) {
        return std::unexpected(base::failure{"nats-server is not installed, or does not start"});
    }
    std::vector<std::uint8_t> content(segment_octets, 0x5A);
    std::uint64_t acknowledged = 0;
    pub::publisher_config config;
    config.urls = {url};
    config.stream = "bench";
    config.subjects = {"bench.>"};
    config.create_stream = true;
    config.most_in_flight = in_flight;
    pub::publisher publisher(
        config,
        [&](const pub::segment&, std::vector<std::uint8_t>& to) {
            to.assign(content.begin(), content.end());
            return true;
        },
        [&](const pub::segment&, pub::outcome) { ++acknowledged; });
    pub::plain_publisher client(url, in_flight);
    publish_rates best;
    bool good = publisher.start().has_value() && client.connected();
    const auto begun = clock::now();
    std::uint64_t number = 0;
    for (int round = 0; good && round < most_rounds; ++round) {
        const auto one = publisher_round(publisher, number, acknowledged);
        const auto other = client_round(client, number + segments_of_a_round, content);
        number += 2 * segments_of_a_round;
        good = one && other;
        if (good && round > 0) { // the first one makes the stream and warms up
            best.publisher = std::max(best.publisher, *one);
            best.client_alone = std::max(best.client_alone, *other);
            if (std::chrono::duration<double>(clock::now() - begun).count() > 2 * seconds) {
                break;
            }
        }
    }
    if (!good) {
        return std::unexpected(base::failure{"nats-server does not acknowledge"});
    }
    return best;
}

} // namespace landfall::app
