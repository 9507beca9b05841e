// SPDX-License-Identifier: MIT
// `landfall bench`: throughput of each stage, beside its reference in the same run.
#pragma once

#include <string>
#include <vector>

namespace landfall::app {

struct bench_options {
    std::vector<std::string> stages; ///< empty: all
    double seconds = 1.0;            ///< for each measurement
    bool json = false;
};

[[nodiscard]] int bench_command(const bench_options& options);

} // namespace landfall::app
