// SPDX-License-Identifier: MIT
// Sends datagrams to one address.
#pragma once

#include "base/bytes.h"
#include "base/error.h"

#include <cstdint>
#include <string>
#include <utility>

namespace landfall::app {

class udp_sender {
  public:
    /// `target`: HOST:PORT, an IPv6 address in brackets.
    static base::result<udp_sender> open(const std::string& target);
    ~udp_sender();
    udp_sender(udp_sender&& other) noexcept
        : target_(std::move(other.target_)), socket_(std::exchange(other.socket_, -1)),
          unsent_(other.unsent_), stuck_(other.stuck_), reason_(other.reason_) {}
    udp_sender& operator=(udp_sender&& other) noexcept {
        std::swap(target_, other.target_);
        std::swap(socket_, other.socket_);
        std::swap(unsent_, other.unsent_);
        std::swap(stuck_, other.stuck_);
        std::swap(reason_, other.reason_);
        return *this;
    }

    /// Nobody listening is no failure: the receiver may start later. Where the system cannot send
    /// for long, as to a host that does not answer ARP, the datagram is dropped and counted; only
    /// the first one is waited for.
    base::result<void> send(base::octets datagram);

    [[nodiscard]] std::uint64_t unsent() const noexcept { return unsent_; }
    /// Why, of the newest; for a person.
    [[nodiscard]] std::string why_unsent() const;

  private:
    udp_sender(std::string target, int socket) : target_(std::move(target)), socket_(socket) {}

    std::string target_;
    int socket_;
    std::uint64_t unsent_ = 0;
    bool stuck_ = false; ///< the newest was not sent
    int reason_ = 0;     ///< the errno of the newest that was not
};

} // namespace landfall::app
