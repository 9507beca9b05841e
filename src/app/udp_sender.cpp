// SPDX-License-Identifier: MIT
#include "app/udp_sender.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace landfall::app {

base::result<udp_sender> udp_sender::open(const std::string& target) {
    const auto colon = target.rfind(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == target.size()) {
        return std::unexpected(base::failure{fmt::format("--udp: '{}' is not HOST:PORT", target),
                                             base::exit_code::usage});
    }
    std::string host = target.substr(0, colon);
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int error = getaddrinfo(host.c_str(), target.c_str() + colon + 1, &wanted, &found);
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
    if (error != 0) {
        return std::unexpected(base::failure{fmt::format("{}: {}", target, gai_strerror(error))});
    }
    const int handle = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    if (handle < 0 || connect(handle, found->ai_addr, found->ai_addrlen) != 0) {
        const int reason = errno;
        if (handle >= 0) {
            close(handle);
        }
        return std::unexpected(
            base::failure{fmt::format("{}: {}", target, std::generic_category().message(reason))});
    }
    return udp_sender(target, handle);
}

udp_sender::~udp_sender() {
    if (socket_ >= 0) {
        close(socket_);
    }
}

base::result<void> udp_sender::send(base::octets datagram) {
    if (::send(socket_, datagram.data(), datagram.size(), 0) < 0 && errno != ECONNREFUSED) {
        return std::unexpected(
            base::failure{fmt::format("{}: {}", target_, std::generic_category().message(errno))});
    }
    return {};
}

} // namespace landfall::app
