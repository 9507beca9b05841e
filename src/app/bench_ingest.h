// SPDX-License-Identifier: MIT
// How many DIFI packets a second one core takes in from a port.
#pragma once

#include "base/error.h"

namespace landfall::app {

/// Packets of 1,400 octets per second of a core's time, from a capture that is received again and
/// again.
struct ingest_rates {
    double ingest = 0.0;           ///< received, sorted, handed over by a ring, parsed, freed
    double receive_and_free = 0.0; ///< by DPDK alone
};

/// Each is measured for so many seconds of the calling thread. Starts DPDK, once per process.
[[nodiscard]] base::result<ingest_rates> measure_ingest(double seconds);

} // namespace landfall::app
