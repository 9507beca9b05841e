// SPDX-License-Identifier: MIT
// How fast frames are sealed and made durable, beside writing alone on the same disk.
#pragma once

#include "base/error.h"

namespace landfall::app {

struct spool_rates {
    double sealed = 0.0; ///< octets/s of frames, sealed, durable and announced
    double plain = 0.0;  ///< octets/s, appended to one file, fdatasync after each 768 KiB
};

/// In a folder of the system's for temporary files (TMPDIR), by turns.
[[nodiscard]] base::result<spool_rates> measure_spool(double seconds);

} // namespace landfall::app
