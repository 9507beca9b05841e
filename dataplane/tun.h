// SPDX-License-Identifier: MIT
// A network interface of the kernel whose packets this process reads and writes: IP packets, no
// link layer.
#pragma once

#include "base/error.h"
#include "base/ip.h"

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace landfall::dataplane {

inline constexpr const char* tun_device = "/dev/net/tun";

struct tun_config {
    std::string name; ///< 1 to 15 octets
    std::uint16_t mtu = 1420;
    std::vector<base::ip_prefix> address;
    std::vector<base::ip_prefix> routes; ///< networks that are reached by it
};

class tun {
  public:
    /// Makes the interface, or takes one that is there and is nobody's at the moment, and gives it
    /// what it has not got already: MTU, addresses, up, routes. One that was made for this user and
    /// has all of that needs no capability. An interface that was made goes with this object.
    [[nodiscard]] static base::result<std::unique_ptr<tun>> open(const tun_config& config);
    ~tun();
    tun(const tun&) = delete;
    tun& operator=(const tun&) = delete;

    /// The next packet that the kernel sends, at most `room`; its length, 0 when there is none.
    [[nodiscard]] std::size_t read(std::span<std::uint8_t> room) noexcept;
    /// A packet for the kernel; false when it does not take it.
    [[nodiscard]] bool write(base::octets packet) noexcept;
    /// Until there may be something to read, or so many nanoseconds (less than a second) passed.
    void wait(long most_ns) noexcept;

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// What an operator should know of how it was made.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

  private:
    tun(int handle, std::string name) noexcept : handle_(handle), name_(std::move(name)) {}

    int handle_;
    std::string name_;
    std::vector<std::string> warnings_;
};

} // namespace landfall::dataplane
