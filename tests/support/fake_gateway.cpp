// SPDX-License-Identifier: MIT
// Serves metrics and a control socket of a gateway that is not there, until its input ends.
// Prints the metrics' port. With "fail", every snapshot fails.
#include "control/local_socket.h"
#include "control/metrics.h"
#include "control/status.h"
#include "full_snapshot.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

using namespace landfall;

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "usage: fake-gateway SOCKET [fail]\n");
        return base::exit_code::usage;
    }
    const bool fails = argc > 2;
    const control::snapshot_source source = [fails] {
        if (fails) {
            throw std::runtime_error("no snapshot");
        }
        control::snapshot now = test_support::full_snapshot();
        now.ports.push_back(now.ports[0]);
        now.ports[1].name = "a \"b\" \\ {c}\nd é";
        now.taken_unix_s =
            std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
                .count();
        return now;
    };
    base::udp_endpoint any{base::parse_ip("127.0.0.1").value(), 0};
    const auto metrics = control::metrics_server::start(any, source);
    control::local_server server;
    const auto listens =
        server.listen({argv[1], 0660, control::framing::line, [&source](std::string_view request) {
                           return control::answer(request, source);
                       }});
    if (!metrics || !listens) {
        fmt::print(stderr, "{}\n", metrics ? listens.error().message : metrics.error().message);
        return base::exit_code::failed;
    }
    fmt::print("{}\n", (*metrics)->port());
    std::fflush(stdout);
    const std::jthread serving([&server](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            server.serve(std::chrono::steady_clock::now(), std::chrono::milliseconds(20));
        }
    });
    for (std::string line; std::getline(std::cin, line);) {
    }
    std::_Exit(base::exit_code::done); // civetweb takes 2 s to end
}
