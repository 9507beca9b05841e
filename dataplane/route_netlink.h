// SPDX-License-Identifier: MIT
// Addresses and routes of the kernel's interfaces, by its routing socket (rtnetlink(7)).
#pragma once

#include "base/ip.h"

namespace landfall::dataplane {

/// Each call is answered by the kernel's error number, 0: done.
class route_netlink {
  public:
    route_netlink() noexcept;
    ~route_netlink();
    route_netlink(const route_netlink&) = delete;
    route_netlink& operator=(const route_netlink&) = delete;

    /// No route to the address' network comes with it. EEXIST when the interface has it already.
    [[nodiscard]] int add_address(unsigned interface, const base::ip_prefix& address) noexcept;
    /// Nor does the interface get IPv6 addresses of the kernel's choice.
    [[nodiscard]] int no_link_local(unsigned interface) noexcept;
    /// Host's bits of `to` are 0; connections come from `source`, of the same family. EEXIST when
    /// there is a route to just that network, wherever it leads.
    [[nodiscard]] int add_route(unsigned interface, const base::ip_prefix& to,
                                const base::ip_address& source) noexcept;
    /// The interface by which packets to the address leave; 0: none.
    [[nodiscard]] unsigned interface_to(const base::ip_address& address) noexcept;

  private:
    class message;
    /// Sends it and waits for the acknowledgement.
    [[nodiscard]] int ask(message& request) noexcept;

    int handle_;
};

} // namespace landfall::dataplane
