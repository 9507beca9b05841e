// SPDX-License-Identifier: MIT
// Sends datagrams to one address.
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <string>
#include <utility>

namespace landfall::app {

class udp_sender {
  public:
    /// `target`: HOST:PORT, an IPv6 address in brackets.
    static base::result<udp_sender> open(const std::string& target);
    ~udp_sender();
    udp_sender(udp_sender&& other) noexcept
        : target_(std::move(other.target_)), socket_(std::exchange(other.socket_, -1)) {}
    udp_sender& operator=(udp_sender&& other) noexcept {
        std::swap(target_, other.target_);
        std::swap(socket_, other.socket_);
        return *this;
    }

    /// Nobody listening is no failure: the receiver may start later.
    base::result<void> send(base::octets datagram);

  private:
    udp_sender(std::string target, int socket) : target_(std::move(target)), socket_(socket) {}

    std::string target_;
    int socket_;
};

} // namespace landfall::app
