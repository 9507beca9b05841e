// SPDX-License-Identifier: MIT
#include "app/udp_sender.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>

namespace landfall::app {
namespace {

constexpr int patience_ms = 300;

bool is_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port > 0;
}

/// The host may be there later.
bool is_passing(int error) {
    return error == EAGAIN || error == EHOSTUNREACH || error == ENETUNREACH || error == ENOBUFS ||
           error == ENETDOWN;
}

} // namespace

base::result<udp_sender> udp_sender::open(const std::string& target) {
    const auto colon = target.rfind(':');
    if (colon == std::string::npos || colon == 0 ||
        !is_port(std::string_view(target).substr(colon + 1))) {
        return std::unexpected(base::failure{
            fmt::format("--udp: '{}' is not HOST:PORT, with a port of 1 to 65535", target),
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
    // What a call tells may be of an earlier datagram, then without sending this one.
    constexpr int tries = 3;
    int reason = 0;
    for (int i = 0; i < tries; ++i) {
        if (::send(socket_, datagram.data(), datagram.size(), MSG_DONTWAIT) >= 0) {
            stuck_ = false;
            return {};
        }
        reason = errno;
        if (reason == EAGAIN && !stuck_) {
            pollfd room{.fd = socket_, .events = POLLOUT, .revents = 0};
            static_cast<void>(poll(&room, 1, patience_ms));
        } else if (reason != ECONNREFUSED && !is_passing(reason)) {
            return std::unexpected(base::failure{
                fmt::format("{}: {}", target_, std::generic_category().message(reason))});
        }
    }
    if (reason != ECONNREFUSED) {
        ++unsent_;
        stuck_ = true;
        reason_ = reason;
    }
    return {};
}

std::string udp_sender::why_unsent() const {
    return reason_ == EAGAIN ? "it does not answer ARP or neighbour discovery, or the link is down"
                             : std::generic_category().message(reason_);
}

} // namespace landfall::app
