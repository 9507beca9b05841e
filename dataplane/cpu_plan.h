// SPDX-License-Identifier: MIT
// Which processors poll ports and which run modems.
#pragma once

#include "base/error.h"

#include <span>
#include <vector>

namespace landfall::dataplane {

/// CPU numbers as the kernel counts them.
struct cpu_plan {
    std::vector<unsigned> io;    ///< poll ports, encrypt, transmit
    std::vector<unsigned> modem; ///< demodulate and decode
};

/// The CPUs that this process may run on, ascending.
[[nodiscard]] std::vector<unsigned> allowed_cpus();

/// Fills in a list that is empty. From both empty: one CPU is shared by both kinds; of two each
/// gets one; of three or more one is io and the rest modem, except that of four or more the first
/// is left to the control threads. A CPU that is not allowed, or twice in one list, is an error;
/// one that is in both lists is shared.
[[nodiscard]] base::result<cpu_plan> plan_cpus(const cpu_plan& wanted,
                                               std::span<const unsigned> allowed);

} // namespace landfall::dataplane
