// SPDX-License-Identifier: MIT
// `landfall demo`: a simulated pass, received live, and checked frame by frame.
#pragma once

#include <string>

namespace landfall::app {

struct demo_options {
    double seconds = 20.0; ///< that it takes, if the mission needs no more
    std::string mission = "goes-hrit";
    bool json = false;
};

/// Fails (1) if a frame that was sent did not arrive, or one arrived that was not sent; 130 if it
/// was interrupted.
[[nodiscard]] int demo_command(const demo_options& options);

} // namespace landfall::app
