// SPDX-License-Identifier: MIT
// What is asked of a kernel's network interface.
#pragma once

#include "base/ip.h"

#include <cstdint>
#include <optional>
#include <string>

namespace landfall::dataplane {

/// Its number, 0 when there is none of that name. Another one when it was made anew.
[[nodiscard]] unsigned interface_index(const std::string& name) noexcept;
/// Up and with a carrier.
[[nodiscard]] bool interface_running(const std::string& name) noexcept;
[[nodiscard]] std::optional<unsigned> interface_mtu(const std::string& name) noexcept;
/// False, and `errno` says why, when that is not allowed, or too large.
[[nodiscard]] bool set_interface_mtu(const std::string& name, std::uint16_t mtu) noexcept;
/// The interface that has this address, if any has.
[[nodiscard]] std::optional<std::string> interface_with(const base::ip_address& address);
/// False, and `errno` says why, when that is not allowed.
[[nodiscard]] bool set_interface_up(const std::string& name) noexcept;
/// Whether the kernel gives no IPv6 address to the interface.
[[nodiscard]] bool ipv6_disabled(const std::string& name);

} // namespace landfall::dataplane
