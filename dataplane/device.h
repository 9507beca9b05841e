// SPDX-License-Identifier: MIT
// What a port's `device` means: a PCI address, a virtual device with arguments, or the name of a
// device that is there already.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace landfall::dataplane {

struct device_spec {
    std::string driver;    ///< "net_af_packet"; empty for a PCI address
    std::string name;      ///< what DPDK calls the device: "net_af_packet0", "0000:3b:00.0"
    std::string arguments; ///< "iface=rf0,…"
    std::string interface; ///< the kernel's, where the device stands on one
};

/// A virtual device gets `number` after its driver's name, unless it has one. `net_af_packet` gets
/// the sizes of its rings from the MTU, unless they are given. Does not look whether anything
/// exists.
[[nodiscard]] base::result<device_spec> parse_device(std::string_view device, std::uint16_t mtu,
                                                     unsigned number);

/// Octets of a frame that a receive buffer of a port with this MTU must hold, headroom not counted:
/// what DPDK drivers demand, `net_af_packet` most of all.
[[nodiscard]] std::size_t rx_data_octets(std::uint16_t mtu) noexcept;

/// Receive queues that a virtual device has by its arguments; none where only the opened device
/// tells.
[[nodiscard]] std::optional<unsigned> rx_queues_of(const device_spec& spec);

/// A word of a device that DPDK's drivers do not know, and those that could have been meant.
struct unknown_word {
    std::string_view what; ///< "driver", "argument"
    std::string word;
    std::span<const std::string_view> known;
};

/// A virtual device's driver, or else the first of its arguments, that DPDK 22.11 does not know.
[[nodiscard]] std::optional<unknown_word> find_unknown(const device_spec& spec);

/// Capabilities that a driver needs and that are missing in `effective` (a bit for each, as the
/// kernel numbers them): "CAP_NET_RAW and CAP_NET_ADMIN"; empty when none is.
[[nodiscard]] std::string missing_capabilities(std::string_view driver, std::string_view arguments,
                                               std::uint64_t effective);
/// Those of this process.
[[nodiscard]] std::uint64_t effective_capabilities();

} // namespace landfall::dataplane
