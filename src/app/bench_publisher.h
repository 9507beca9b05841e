// SPDX-License-Identifier: MIT
// The stage `publish` of `landfall bench`: segments to JetStream, on a nats-server of its own that
// stores them on the disk of the folder for temporary files.
#pragma once

#include "base/error.h"

namespace landfall::app {

/// Octets a second, acknowledged.
struct publish_rates {
    double publisher = 0.0;
    double client_alone = 0.0;
};

/// Is the program `nats-server` there?
[[nodiscard]] bool has_nats_server();
/// Both in turn, as often as there is time for; the best of each.
[[nodiscard]] base::result<publish_rates> measure_publisher(double seconds);

} // namespace landfall::app
